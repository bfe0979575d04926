// Spline orders 2 to 5: the way to the kernels of simd/, in single precision, and the rest in
// double.
#pragma once

#include <functional>

#include "spline/spline_plane.hpp"
#include "warp/warp_kernels.hpp"

namespace batchwarp {

/// Whether the kernels can take this warp of images whose coefficients lie like this.
bool spline_takes(const SplinePlane& plane, const WarpGeometry& geometry, std::int64_t height,
                  std::int64_t width) noexcept;

/// Computes the coefficients of an image in this thread's scratch memory.
const float* filter_image(const SplinePlane& plane, const ImageView& source);

/// The same on several threads, in `coefficients`.
void filter_image(const SplinePlane& plane, const ImageView& source, float* coefficients,
                  int threads, const std::function<bool()>& interrupted);

void warp_spline(const SplinePlane& plane, const float* coefficients, const ImageView& source,
                 const WarpGeometry& geometry, const WarpTarget& target);

/// Makes rows [row_begin, row_end) in double, from coefficients of the whole image.
template <class T>
void warp_spline_exactly(const ImageView& source, const WarpGeometry& geometry,
                         std::int64_t row_begin, std::int64_t row_end, T* out);

}  // namespace batchwarp
