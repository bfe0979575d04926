// Which pixels the kernels of orders 0 and 1 read where they lie.
#pragma once

#include <cstdint>

#include "batchwarp/image.hpp"
#include "simd/kernels.hpp"

namespace batchwarp {

using WarpKernel = void (*)(const WarpJob&);

/// Whether kernels can address an image of so many rows, so many elements apart.
bool fits_offsets(std::int64_t height, std::int64_t row_stride) noexcept;

/// Whether they can read float32 pixels where they lie.
bool is_readable(const ImageView& source) noexcept;

/// What makes values of float32 by order 1, of any number of channels.
WarpKernel value_kernel(std::int64_t channels) noexcept;

/// What makes values of bytes by itself, or null.
WarpKernel byte_kernel(std::int64_t channels, int order) noexcept;

/// Whether such a kernel can read bytes where they lie.
bool are_readable_bytes(const ImageView& source, int order) noexcept;

struct FloatRows {
    const float* first;
    std::int64_t stride;  // in elements
};

/// All rows of an image as float32 with packed pixels, where they lie if that is what they are.
FloatRows rows_of(const ImageView& source);

}  // namespace batchwarp
