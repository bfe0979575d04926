// What happens to one value between the warp and the store, step by step, in the type that Keras
// holds the image in: float64 for a float64 target, float32 for all others. The slow reference and
// the CUDA kernels run these functions; the kernels of simd/ are tested against the former.
#pragma once

#include <cmath>
#include <cstdint>

#include "batchwarp/host_device.hpp"

namespace batchwarp {

/// The smallest and the largest value of an image; NaN does not count.
template <class T>
struct Range {
    T low, high;

    BATCHWARP_HD static Range none() noexcept {
        return {static_cast<T>(INFINITY), -static_cast<T>(INFINITY)};
    }
    BATCHWARP_HD void include(T value) noexcept {
        low = value < low ? value : low;
        high = value > high ? value : high;
    }
    BATCHWARP_HD Range with(const Range& other) const noexcept {
        return {other.low < low ? other.low : low, other.high > high ? other.high : high};
    }
    BATCHWARP_HD T clip(T value) const noexcept {
        return value < low ? low : (value > high ? high : value);
    }
};

/// What SciPy does to an interpolated value when the image is uint8: halves up, saturated.
template <class T>
BATCHWARP_HD T rounded_to_byte(T value) noexcept {
    const T up = value > 0 ? value + T(0.5) : T(0);
    return std::floor(up > 255 ? T(255) : up);
}

/// Keras' `apply_channel_shift`: adds and clips to the image's own smallest and largest value.
template <class T>
struct ChannelShift {
    T amount;
    Range<T> range;

    BATCHWARP_HD T operator()(T value) const noexcept { return range.clip(value + amount); }

    /// The range of the shifted image: adding and clipping keep the order of values.
    BATCHWARP_HD Range<T> shifted_range() const noexcept {
        return {(*this)(range.low), (*this)(range.high)};
    }
};

/// Keras' `apply_brightness_shift(scale=False)`: to 8 bits, Pillow's `ImageEnhance.Brightness`, and
/// back. An image with values outside of [0, 255] is brought to that range by its extremes first
/// and back afterwards.
template <class T>
class Brightness {
  public:
    BATCHWARP_HD Brightness(float factor, const Range<T>& range) noexcept
        : factor_(factor),
          low_(range.low),
          extent_(range.high - range.low),
          stretch_(range.low < 0 || range.high > 255) {}

    /// Alpha, the fourth of four channels, keeps its 8-bit value.
    BATCHWARP_HD T operator()(T value, bool alpha) const noexcept {
        if (stretch_) {
            value -= low_;
            if (extent_ != 0) value /= extent_;
            value *= 255;
        }
        int byte = to_byte(value);
        // Pillow blends with black in single precision and truncates.
        if (!alpha) byte = to_byte(factor_ * static_cast<float>(byte));
        const T brighter = static_cast<T>(byte);
        return stretch_ ? brighter / 255 * extent_ + low_ : brighter;
    }

  private:
    template <class V>
    BATCHWARP_HD static int to_byte(V value) noexcept {
        return value > 0 ? static_cast<int>(value < 255 ? value : V(255)) : 0;
    }

    float factor_;
    T low_, extent_;
    bool stretch_;
};

/// Normalisation amounts to this, once or twice. A value that equals `shift` gives exactly zero.
template <class T>
BATCHWARP_HD T scaled(T value, T shift, T scale) noexcept {
    return (value - shift) * scale;
}

}  // namespace batchwarp
