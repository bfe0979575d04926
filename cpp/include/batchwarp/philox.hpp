// Philox4x32-10 of Salmon et al., "Parallel Random Numbers: As Easy as 1, 2, 3" (2011): what a
// counter is under a key, as Random123 has it.
#pragma once

#include <array>
#include <cstdint>

namespace batchwarp {

struct PhiloxKey {
    std::uint32_t words[2];
};

inline constexpr int philox_rounds = 10;

/// A round's key, from that of the round before.
constexpr void next_philox_key(PhiloxKey& key) noexcept {
    key.words[0] += 0x9E3779B9;
    key.words[1] += 0xBB67AE85;
}

constexpr std::array<std::uint32_t, 4> philox(const std::array<std::uint32_t, 4>& counter,
                                              PhiloxKey key) noexcept {
    std::array<std::uint32_t, 4> x = counter;
    for (int round = 0; round < philox_rounds; ++round) {
        const std::uint64_t a = std::uint64_t{0xD2511F53} * x[0];
        const std::uint64_t b = std::uint64_t{0xCD9E8D57} * x[2];
        x = {static_cast<std::uint32_t>(b >> 32) ^ x[1] ^ key.words[0],
             static_cast<std::uint32_t>(b),
             static_cast<std::uint32_t>(a >> 32) ^ x[3] ^ key.words[1],
             static_cast<std::uint32_t>(a)};
        next_philox_key(key);
    }
    return x;
}

}  // namespace batchwarp
