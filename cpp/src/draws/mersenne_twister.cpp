#include "batchwarp/mersenne_twister.hpp"

#include <numeric>
#include <utility>

#include "draws/below.hpp"

namespace batchwarp {
namespace {

std::uint32_t twisted(std::uint32_t high, std::uint32_t low, std::uint32_t far) noexcept {
    const std::uint32_t both = (high & 0x80000000u) | (low & 0x7fffffffu);
    // All bits or none, so that the loops have no branch.
    return far ^ (both >> 1) ^ ((0u - (low & 1u)) & 0x9908b0dfu);
}

std::uint32_t tempered(std::uint32_t y) noexcept {
    y ^= y >> 11;
    y ^= (y << 7) & 0x9d2c5680u;
    y ^= (y << 15) & 0xefc60000u;
    return y ^ (y >> 18);
}

// The number of a state behind number i, where it is made of a seed.
std::uint32_t following(std::uint32_t number, std::size_t i) noexcept {
    return 1812433253u * (number ^ (number >> 30)) + static_cast<std::uint32_t>(i) + 1;
}

MersenneTwister& of(void* state) noexcept { return *static_cast<MersenneTwister*>(state); }

}  // namespace

MersenneTwister::MersenneTwister(std::uint32_t seed) noexcept {
    for (std::size_t i = 0; i < size; ++i) {
        state_[i] = seed;
        seed = following(seed, i);
    }
}

void MersenneTwister::refill() noexcept {
    // Steps do not wait for each other: the second loop reads what was made 227 steps before.
    std::uint32_t* const s = state_.data();
    constexpr std::size_t first = size - shift;
    for (std::size_t i = 0; i < first; ++i) s[i] = twisted(s[i], s[i + 1], s[i + shift]);
    for (std::size_t i = first; i < size - 1; ++i) s[i] = twisted(s[i], s[i + 1], s[i - first]);
    s[size - 1] = twisted(s[size - 1], s[0], s[shift - 1]);
    for (std::size_t i = 0; i < size; ++i) made_[i] = tempered(s[i]);
    next_ = 0;
}

std::uint64_t MersenneTwister::below(std::uint64_t count) noexcept {
    return batchwarp::below(
        count, [this] { return next_uint32(); }, [this] { return next_uint64(); });
}

MersenneTwister SeededTwisters::of(std::uint32_t seed) noexcept {
    const std::unique_lock lock(mutex_, std::try_to_lock);
    if (!lock) return MersenneTwister(seed);
    const std::uint32_t step = seed - latest_;
    const bool goes_on = step != 0 && step == step_;
    latest_ = seed;
    step_ = step;
    for (std::uint32_t i = 0; between_ != 0 && i < count; ++i)
        if (seed == first_ + i * between_) return MersenneTwister(states_[i]);
    if (!goes_on) return MersenneTwister(seed);
    make(seed);
    return MersenneTwister(states_[0]);
}

// Makes the states of a seed and of those that will follow.
void SeededTwisters::make(std::uint32_t seed) noexcept {
    first_ = seed;
    between_ = step_;
    std::array<std::uint32_t, count> numbers;
    for (std::uint32_t k = 0; k < count; ++k) numbers[k] = first_ + k * between_;
    for (std::size_t i = 0; i < MersenneTwister::size; ++i)
        for (std::uint32_t k = 0; k < count; ++k) {
            states_[k][i] = numbers[k];
            numbers[k] = following(numbers[k], i);
        }
}

BitGenerator MersenneTwister::bits() noexcept {
    return {this, [](void* state) { return of(state).next_uint64(); },
            [](void* state) { return of(state).next_uint32(); },
            [](void* state) { return of(state).uniform(); },
            [](void* state) { return std::uint64_t{of(state).next_uint32()}; }};
}

std::uint64_t BitGenerator::below(std::uint64_t count) const {
    return batchwarp::below(
        count, [this] { return next_uint32(state); }, [this] { return next_uint64(state); });
}

void permute(const BitGenerator& bits, std::int64_t count, std::int64_t* order) {
    std::iota(order, order + count, std::int64_t{0});
    for (std::int64_t i = count - 1; i > 0; --i)
        std::swap(order[i], order[bits.below(static_cast<std::uint64_t>(i) + 1)]);
}

}  // namespace batchwarp
