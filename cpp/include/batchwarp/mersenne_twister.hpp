// NumPy's legacy generator, for a batch that has a seed of its own.
#pragma once

#include <array>
#include <cstdint>
#include <mutex>

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
    friend class SeededTwisters;

    static constexpr std::size_t size = 624, shift = 397;
    using State = std::array<std::uint32_t, size>;

    explicit MersenneTwister(const State& state) noexcept : state_(state) {}

    void refill() noexcept;

    State state_;
    State made_;  // numbers to come, from `next_` on
    std::size_t next_ = size;
};

/// Twisters of seeds that follow each other, as those of batches do. The steps in which one is
/// seeded wait for each other, so that some are seeded in the time of one.
class SeededTwisters {
  public:
    /// As `MersenneTwister(seed)`. Any number of threads may ask.
    MersenneTwister of(std::uint32_t seed) noexcept;

  private:
    static constexpr std::uint32_t count = 4;  // as many as processors multiply meanwhile

    void make(std::uint32_t seed) noexcept;

    std::mutex mutex_;                       // of all that follows
    std::uint32_t latest_ = 0, step_ = 0;    // of the seeds that were asked for
    std::uint32_t first_ = 0, between_ = 0;  // of those that are made; 0 between them: none are
    std::array<MersenneTwister::State, count> states_{};
};

/// `RandomState.permutation(count)`.
/// @param order  is filled with the numbers below `count`
void permute(const BitGenerator& bits, std::int64_t count, std::int64_t* order);

}  // namespace batchwarp
