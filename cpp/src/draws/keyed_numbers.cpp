#include "draws/keyed_numbers.hpp"

#include "runtime/scratch.hpp"
#include "simd/kernels.hpp"

namespace batchwarp {

NumberTable::NumberTable(const DrawKey& key)
    : key_{{static_cast<std::uint32_t>(key.seed), static_cast<std::uint32_t>(key.seed >> 32)}},
      epoch_(key.epoch),
      values_(Scratch::of_this_thread().numbers.reserve(std::int64_t{most} * (number_of_p + 1))) {}

void NumberTable::take(const std::uint64_t* samples, std::int64_t count) noexcept {
    for (std::int64_t i = 0; i < count; ++i) {
        taken_.low[i] = static_cast<std::uint32_t>(samples[i]);
        taken_.high[i] = static_cast<std::uint32_t>(samples[i] >> 32);
    }
    all_ = static_cast<Images>((std::uint64_t{1} << count) - 1);
}

void NumberTable::turn_to(std::uint32_t place, Images images) noexcept {
    place_ = place;
    made_.reset();
    samples_ = images == all_ ? &taken_ : &picked_;
    count_ = std::popcount(images);
    if (images == all_) return;
    for (int i = 0; images != 0; ++i, images &= images - 1) {
        const int image = std::countr_zero(images);
        picked_.low[i] = taken_.low[image];
        picked_.high[i] = taken_.high[image];
    }
}

void NumberTable::make(int number) noexcept {
    kernels().uniforms(key_, samples_->low, samples_->high, epoch_,
                       place_ + static_cast<std::uint32_t>(number), count_,
                       values_ + std::int64_t{most} * number);
    made_.set(static_cast<std::size_t>(number));
}

}  // namespace batchwarp
