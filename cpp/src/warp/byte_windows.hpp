// Small images of bytes of one channel whose taps kernels find without a copy, and without offsets.
#pragma once

#include <cstdint>

#include "batchwarp/image.hpp"
#include "simd/kernels.hpp"
#include "warp/warp.hpp"

namespace batchwarp {

/// `WarpJob::window` of a small image. 0: taps are too far apart, or there is no such kernel.
std::int32_t byte_window(const WarpGeometry& geometry, const ImageView& source) noexcept;

/// What reads windows with order 0 or 1, or null.
using ByteWindowKernel = void (*)(const WarpJob&);
ByteWindowKernel byte_window_kernel(int order) noexcept;

}  // namespace batchwarp
