// The way to the kernels of simd/ for spline orders 0 and 1: which warps they take, and the memory
// they read from.
#pragma once

#include <cstddef>

#include "batchwarp/image.hpp"
#include "simd/kernels.hpp"
#include "warp/warp.hpp"

namespace batchwarp {

/// Whether the kernels can take this warp of packed images of this size; it is the source's.
bool kernels_take(const WarpGeometry& geometry, std::int64_t height, std::int64_t width,
                  std::int64_t channels) noexcept;

/// Rows [row_begin, row_end) of a target, interleaved and packed; `values` is where row `row_begin`
/// starts. `shift` and `scale`, one per channel, are both null or are applied on the way out.
struct WarpTarget {
    float* values;
    std::int64_t row_begin, row_end;
    const float *shift, *scale;
};

struct KernelImage {
    ImageView image;
    const std::byte* memory_end;  // of the array that the image is a part of
    const std::byte* next;        // the image that this thread will probably read next, or null
};

/// Tables for rows of so many columns, of this thread.
WarpScratch reserve_tables(std::int32_t width);

/// Sets what a job is told of the sizes of images, of where their pixels lie, and of their border.
void fill_warp_job(WarpJob& job, const ImageView& source, const WarpGeometry& geometry) noexcept;

/// Sets where pixels lie by an affine map, mirrored or not.
void place(WarpJob& job, const WarpGeometry& geometry) noexcept;

/// Sets where they are written to.
void write_to(WarpJob& job, const WarpTarget& target) noexcept;

/// Sets all of a job but where it reads from. Its tables are those of this thread.
void fill_warp_job(WarpJob& job, const ImageView& source, const WarpGeometry& geometry,
                   const WarpTarget& target);

void warp_samples(const KernelImage& source, const WarpGeometry& geometry,
                  const WarpTarget& target);

}  // namespace batchwarp
