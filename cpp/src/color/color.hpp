// Steps between the warp and the store: rounding of integer images, channel shift, brightness.
#pragma once

#include <cstdint>

namespace batchwarp {

/// One image as `planes` blocks of `pixels` pixels of `channels` interleaved values each: NHWC is
/// one plane of C channels, NCHW is C planes of one channel.
template <class T>
struct Planes {
    T* data;
    std::int64_t planes, pixels, channels;

    std::int64_t count() const noexcept { return planes * pixels * channels; }
    std::int64_t all_channels() const noexcept { return planes * channels; }
};

/// What SciPy does to an interpolated value when the image is uint8: halves up, saturated.
template <class T>
void round_to_bytes(const Planes<T>& image) noexcept;

/// Keras' `apply_channel_shift`: adds `amount`, clips to the image's own smallest and largest
/// value.
template <class T>
void channel_shift(const Planes<T>& image, double amount) noexcept;

/// Keras' `apply_brightness_shift(scale=False)`: to 8 bits, `ImageEnhance.Brightness`, and back. An
/// image with values outside of [0, 255] is brought to that range by its extremes first and back
/// afterwards. The fourth of four channels is alpha and keeps its (8-bit) value.
template <class T>
void brightness(const Planes<T>& image, double factor) noexcept;

}  // namespace batchwarp
