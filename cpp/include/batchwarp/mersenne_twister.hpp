// NumPy's legacy generator, for a batch that has a seed of its own.
#pragma once

#include <array>
#include <cstdint>

#include "batchwarp/bit_generator.hpp"

namespace batchwarp {

/// MT19937 as `numpy.random.RandomState(seed)` has it. A batch takes a few hundred numbers of one,
/// so that making it is the larger part: it is a local variable, and nothing is handed over.
class MersenneTwister {
  public:
    explicit MersenneTwister(std::uint32_t seed) noexcept;

    std::uint32_t next_uint32() noexcept {
        if (next_ == size) refill();
        return made_[next_++];
    }
    std::uint64_t next_uint64() noexcept {
        const std::uint64_t high = next_uint32();
        return high << 32 | next_uint32();
    }
    /// `RandomState.random_sample()`: 53 bits.
    double uniform() noexcept {
        const std::uint32_t high = next_uint32() >> 5, low = next_uint32() >> 6;
        return (high * 67108864.0 + low) / 9007199254740992.0;
    }
    /// As `BitGenerator::below`.
    std::uint64_t below(std::uint64_t count) noexcept;

    /// The same numbers for whom it does not matter where they come from. It refers to this object.
    BitGenerator bits() noexcept;

  private:
    static constexpr std::size_t size = 624, shift = 397;

    void refill() noexcept;

    std::array<std::uint32_t, size> state_;
    std::array<std::uint32_t, size> made_;  // numbers to come, from `next_` on
    std::size_t next_ = size;
};

/// `RandomState.permutation(count)`.
/// @param order  is filled with the numbers below `count`
void permute(const BitGenerator& bits, std::int64_t count, std::int64_t* order);

}  // namespace batchwarp
