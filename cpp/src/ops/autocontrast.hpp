// Stretches each channel so that its darkest value is black and its brightest white.
#pragma once

#include "ops/operation.hpp"

namespace batchwarp::ops {

struct AutoContrast {
    static constexpr Description description{.name = "autocontrast",
                                             .scope = Scope::pixel,
                                             .needs = {.channel_range = true},
                                             .columns = {{"autocontrast", 0, 0, 1}}};

    template <class T>
    class Function {
      public:
        BATCHWARP_HD_INLINE Function(const double* /*row*/, const Context<T>& context) noexcept
            : ranges_(context.channel_ranges), limits_(context.limits) {}

        BATCHWARP_HD_INLINE T operator()(T value, int channel) const noexcept {
            if (!changes(channel)) return limits_.clip(value);
            // Divided last, so that what is a whole number is one.
            const T above = (value - darkest(channel)) * extent();
            return limits_.clip(above / (brightest(channel) - darkest(channel)) + limits_.low);
        }

        /// Whether the values of a channel differ by more than what a warp makes of a single one:
        /// by a level of 16 bits.
        BATCHWARP_HD_INLINE bool changes(int channel) const noexcept {
            return brightest(channel) - darkest(channel) >= extent() / 65536;
        }
        BATCHWARP_HD_INLINE T darkest(int channel) const noexcept {
            // NOLINTNEXTLINE(clang-analyzer-core.NullDereference): the operation needs them
            return limits_.clip(ranges_[channel].low);
        }
        /// For who multiplies: rounded up. Rounded down, white would be a level less in bytes,
        /// which are truncated, and so would all that are whole numbers.
        BATCHWARP_HD_INLINE float factor(int channel) const noexcept {
            const float range = brightest(channel) - darkest(channel), factor = extent() / range;
            const bool less =
                static_cast<double>(factor) * range < extent();  // the product is exact
            return less ? __builtin_bit_cast(float, __builtin_bit_cast(int32_t, factor) + 1)
                        : factor;
        }
        BATCHWARP_HD_INLINE Range<T> limits() const noexcept { return limits_; }

      private:
        BATCHWARP_HD_INLINE T brightest(int channel) const noexcept {
            // NOLINTNEXTLINE(clang-analyzer-core.NullDereference): the operation needs them
            return limits_.clip(ranges_[channel].high);
        }
        BATCHWARP_HD_INLINE T extent() const noexcept { return limits_.high - limits_.low; }

        const Range<T>* ranges_;
        Range<T> limits_;
    };
};

}  // namespace batchwarp::ops
