// Keras' `apply_brightness_shift(scale=False)`: to 8 bits, Pillow's `ImageEnhance.Brightness`, and
// back. An image with values outside of [0, 255] is brought to that range by its extremes first and
// back afterwards.
#pragma once

#include "ops/operation.hpp"

namespace batchwarp::ops {

struct KerasBrightness {
    static constexpr Description description{.name = "keras_brightness",
                                             .scope = Scope::pixel,
                                             .needs = {.range = true},
                                             .columns = {{"brightness", not_applied, 0.3, 1.7}},
                                             .keras = true,
                                             .on_devices = true};

    template <class T>
    class Function {
      public:
        BATCHWARP_HD_INLINE Function(const double* row, const Context<T>& context) noexcept
            : factor_(static_cast<float>(row[0])),
              low_(context.range.low),
              extent_(context.range.high - context.range.low),
              stretch_(context.range.low < 0 || context.range.high > 255),
              has_alpha_(context.channels == 4) {}

        BATCHWARP_HD_INLINE T operator()(T value, int channel) const noexcept {
            return brighter(level(value), channel);
        }

        /// What a value is in 8 bits.
        BATCHWARP_HD_INLINE int level(T value) const noexcept {
            if (stretch_) {
                value -= low_;
                if (extent_ != 0) value /= extent_;
                value *= 255;
            }
            return to_byte(value);
        }

        /// What becomes of that.
        BATCHWARP_HD_INLINE T brighter(int level, int channel) const noexcept {
            // Pillow blends with black in single precision and truncates.
            const T value = static_cast<T>(to_byte(factor(channel) * static_cast<float>(level)));
            return stretch_ ? value / 255 * extent_ + low_ : value;
        }

        /// Alpha, the fourth of four channels, keeps its 8-bit value.
        BATCHWARP_HD_INLINE float factor(int channel) const noexcept {
            return is_alpha(channel) ? 1.0f : factor_;
        }
        BATCHWARP_HD_INLINE bool is_alpha(int channel) const noexcept {
            return has_alpha_ && channel == 3;
        }
        BATCHWARP_HD_INLINE bool stretches() const noexcept { return stretch_; }
        BATCHWARP_HD_INLINE T low() const noexcept { return low_; }
        BATCHWARP_HD_INLINE T extent() const noexcept { return extent_; }

      private:
        template <class V>
        BATCHWARP_HD_INLINE static int to_byte(V value) noexcept {
            value = value > 0 ? value : V(0);  // NaN, too
            return static_cast<int>(value < 255 ? value : V(255));
        }

        float factor_;
        T low_, extent_;
        bool stretch_, has_alpha_;
    };
};

}  // namespace batchwarp::ops
