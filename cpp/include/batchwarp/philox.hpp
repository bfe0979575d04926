// Philox4x32-10 of Salmon et al., "Parallel Random Numbers: As Easy as 1, 2, 3" (2011): what a
// counter is under a key, as Random123 has it. For vectors of counters: simd/philox.inl. Kernel
// files include it, so there is nothing of the standard library in it.
#pragma once

#include <stdint.h>

namespace batchwarp {

struct PhiloxKey {
    uint32_t words[2];
};

/// Or what becomes of it.
struct PhiloxCounter {
    uint32_t words[4];

    constexpr bool operator==(const PhiloxCounter&) const noexcept = default;
};

inline constexpr int philox_rounds = 10;
inline constexpr uint32_t philox_first_factor = 0xD2511F53, philox_second_factor = 0xCD9E8D57;
/// What is added to the key from one round to the next.
inline constexpr uint32_t philox_first_step = 0x9E3779B9, philox_second_step = 0xBB67AE85;

constexpr PhiloxCounter philox(PhiloxCounter counter, PhiloxKey key) noexcept {
    for (int round = 0; round < philox_rounds; ++round) {
        const auto& x = counter.words;
        const uint64_t a = uint64_t{philox_first_factor} * x[0];
        const uint64_t b = uint64_t{philox_second_factor} * x[2];
        counter = {{static_cast<uint32_t>(b >> 32) ^ x[1] ^ key.words[0], static_cast<uint32_t>(b),
                    static_cast<uint32_t>(a >> 32) ^ x[3] ^ key.words[1],
                    static_cast<uint32_t>(a)}};
        key.words[0] += philox_first_step;
        key.words[1] += philox_second_step;
    }
    return counter;
}

}  // namespace batchwarp
