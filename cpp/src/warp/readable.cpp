#include "warp/readable.hpp"

#include <cstdlib>

#include "pixels.hpp"
#include "runtime/scratch.hpp"

namespace batchwarp {

bool fits_offsets(std::int64_t height, std::int64_t row_stride) noexcept {
    // Not by division, which costs as much as twenty pixels.
    const std::int64_t stride = std::abs(row_stride);
    return stride <= warp_max_offset && stride * height <= warp_max_offset;
}

bool is_readable(const ImageView& source) noexcept {
    constexpr std::int64_t item = sizeof(float);
    return source.dtype == DType::f32 && source.has_packed_pixels() &&
           source.row_stride % item == 0 &&
           reinterpret_cast<std::uintptr_t>(source.data) % item == 0;
}

WarpKernel value_kernel(std::int64_t channels) noexcept {
    const KernelTable& table = kernels();
    switch (channels) {
        case 1:
            return table.linear_c1;
        case 3:
            return table.linear_c3;
        case 4:
            return table.linear_c4;
        default:
            return table.linear_any;
    }
}

WarpKernel byte_kernel(std::int64_t channels, int order) noexcept {
    const KernelTable& table = kernels();
    if (order == 0) return table.point;
    switch (channels) {
        case 1:
            return table.linear_c1_bytes;
        case 3:
            return table.linear_c3_bytes;
        case 4:
            return table.linear_c4_bytes;
        default:
            return nullptr;
    }
}

bool are_readable_bytes(const ImageView& source, int order) noexcept {
    return source.dtype == DType::u8 && byte_kernel(source.channels, order) != nullptr &&
           source.row_stride >= 0 && source.has_packed_pixels() &&
           fits_offsets(source.height, source.row_stride);
}

FloatRows rows_of(const ImageView& source) {
    if (is_readable(source))
        return {reinterpret_cast<const float*>(source.data),
                source.row_stride / std::int64_t{sizeof(float)}};
    const std::int64_t stride = source.width * source.channels;
    float* packed = Scratch::of_this_thread().source.reserve(source.height * stride);
    load_pixels(source, packed);
    return {packed, stride};
}

}  // namespace batchwarp
