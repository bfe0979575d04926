#include "warp/byte_windows.hpp"

#include <cmath>
#include <initializer_list>

#include "warp/border.hpp"

namespace batchwarp {
namespace {

// No less than how far apart the samples are that sixteen neighbours begin with, along an axis.
std::int64_t reach(double slope) noexcept {
    constexpr double rounding = 1e-6;  // more than the errors of fixed point
    return static_cast<std::int64_t>(std::abs(slope) * (warp_block - 1) + rounding) + 1;
}

}  // namespace

ByteWindowKernel byte_window_kernel(int order) noexcept {
    return order == 0 ? kernels().point_byte_windows : kernels().linear_byte_windows;
}

std::int32_t byte_window(const WarpGeometry& g, const ImageView& source) noexcept {
    if (byte_window_kernel(g.order) == nullptr || source.channels != 1 ||
        source.dtype != DType::u8 || source.pixel_stride != 1 ||
        source.row_stride != source.width || source.height > warp_window_rows ||
        g.width < warp_block)
        return 0;
    // Where coordinates jump, they do so from one end of a row to the other.
    const bool jumps = g.border.coordinates == Extension::overlapping;
    const std::int64_t across = jumps ? source.width - 1 : reach(g.affine.m11);
    // From the first tap of the first pixel to the last one of the last: a row and a sample more.
    const std::int64_t bytes = (reach(g.affine.m01) + 1) * source.width + across + 2;
    for (const std::int32_t window : {warp_window, warp_wide_window})
        if (bytes <= window && source.height * source.width >= window) return window;
    return 0;
}

}  // namespace batchwarp
