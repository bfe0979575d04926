// An image in work, between the warp and the store.
#pragma once

#include <cstdint>

namespace batchwarp {

/// One image as `planes` blocks of `pixels` pixels of `channels` interleaved values each: NHWC is
/// one plane of C channels, NCHW is C planes of one channel. If it is a band of an image,
/// `first_row` is where that begins.
template <class T>
struct Planes {
    T* data;
    std::int64_t planes, pixels, channels, width, first_row;

    std::int64_t count() const noexcept { return planes * pixels * channels; }
    std::int64_t all_channels() const noexcept { return planes * channels; }
    T* plane(std::int64_t p) const noexcept { return data + p * pixels * channels; }
};

}  // namespace batchwarp
