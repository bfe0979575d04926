// What the launch layer hands to the kernels, and the stages that it calls.
#pragma once

#include <cstdint>

#include "batchwarp/coordinates.hpp"
#include "batchwarp/host_device.hpp"
#include "batchwarp/image.hpp"
#include "batchwarp/plan.hpp"
#include "cuda/block.hpp"
#include "cuda/fixed_point.hpp"
#include "cuda/runtime.hpp"
#include "ops/range.hpp"
#include "ops/scaling.hpp"
#include "warp/border.hpp"

namespace batchwarp::cuda {

/// What differs from image to image.
struct ImageTask {
    Affine affine;
    FixedAffine fixed;
    std::int64_t source;  // which image of the source batch
    std::uint32_t steps;  // a bit for each step that changes its pixels
    bool warps, flip_horizontal, flip_vertical;
};

/// A step that changes pixels.
struct PixelStep {
    std::int32_t operation;
    std::int32_t column;  // where its part of a row of `BatchJob::parameters` begins
    std::int32_t bit;     // of `ImageTask::steps`
};

/// Count, mean, and the sum of the squared distances from the mean.
struct TileMoments {
    double count, mean, squares;

    BATCHWARP_HD static TileMoments none() noexcept { return {0, 0, 0}; }
    /// Those of both sets together (Chan, Golub, LeVeque 1979), which loses no digits.
    BATCHWARP_HD TileMoments with(const TileMoments& other) const noexcept {
        if (other.count == 0) return *this;
        if (count == 0) return other;
        const double both = count + other.count, distance = other.mean - mean;
        return {both, mean + distance * (other.count / both),
                squares + other.squares + distance * distance * (count * (other.count / both))};
    }
};

/// One batch. Pointers are the device's.
struct BatchJob {
    BatchView source;
    MutableBatchView target;
    TileGrid tiles;
    FixedAxis y_axis, x_axis;  // of the samples or the coefficients that are warped
    const ImageTask* images;
    const Scaling<float>* channels;
    BorderRule border;
    float cval;

    // Orders 2 to 5: one packed image of coefficients for every target image, `padding` included.
    MutableBatchView coefficients;
    TileGrid coefficient_tiles;
    std::int64_t padding;
    float gain;  // of the prefilter

    // Steps that change pixels or look at the whole image: the images before these steps, packed,
    // and what is known of every tile; later, the first of an image's tiles has it all. Null if
    // there is no such step.
    float* work;
    Range<float>* ranges;
    TileMoments* moments;  // null if no samplewise statistics are wanted
    bool samplewise_center, samplewise_std;
    double rescale;  // with samplewise statistics; `channels` has it otherwise

    const double* parameters;  // of the steps that change pixels: `columns` for each image
    std::int32_t columns;

    BATCHWARP_HD float* work_pixel(std::int64_t image, std::int64_t row,
                                   std::int64_t column) const noexcept {
        const MutableImageView& t = target.first;
        return work + ((image * t.height + row) * t.width + column) * t.channels;
    }
};

/// Copies plain data to the device as arguments of kernels: unlike a copy of pageable memory, this
/// never waits, and unlike pinned memory, nothing has to outlive it, captured graphs included.
void upload(const void* from, std::int64_t bytes, void* to, cudaStream_t stream);

/// Samples into `job.coefficients`, and there into coefficients, for the images that are warped.
void queue_prefilter(const BatchJob& job, int order, cudaStream_t stream);

/// Warps into the target, or into `job.work` with a range for each tile.
void queue_warp(const BatchJob& job, int order, cudaStream_t stream);

/// Steps that change pixels, and samplewise statistics: from `job.work` into the target.
///
/// @param steps  those that change an image of the batch, or none
void queue_colors(const BatchJob& job, std::span<const PixelStep> steps, cudaStream_t stream);

}  // namespace batchwarp::cuda
