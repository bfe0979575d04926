// Spline order 0 of bytes, whose pixels are copied as they are: to bytes, or to what becomes
// values.
#pragma once

#include <cstdint>

#include "batchwarp/image.hpp"
#include "simd/kernels.hpp"
#include "warp/warp.hpp"
#include "warp/warp_kernels.hpp"

namespace batchwarp {

/// The fill value of images of bytes.
std::uint8_t byte_of(double cval) noexcept;

/// Whether `warp_bytes` can take this warp, of those that kernels take.
bool takes_bytes(const ImageView& source, const MutableImageView& target,
                 const WarpGeometry& geometry) noexcept;

/// What a kernel is told of rows [row_begin, row_end), with memory of this thread's.
PointBytesJob bytes_job(const KernelImage& source, const WarpGeometry& geometry,
                        const MutableImageView& target, std::int64_t row_begin,
                        std::int64_t row_end);

/// Makes rows [row_begin, row_end) of the target.
void warp_bytes(const KernelImage& source, const WarpGeometry& geometry,
                const MutableImageView& target, std::int64_t row_begin, std::int64_t row_end);

/// Makes values of them. False if it cannot take this warp, of those that kernels take.
bool warp_bytes_to_values(const KernelImage& source, const WarpGeometry& geometry,
                          const WarpTarget& target);

}  // namespace batchwarp
