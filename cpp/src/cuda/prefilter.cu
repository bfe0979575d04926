// B-spline coefficients, orders 2 to 5: a packed image for every target image, with the margin that
// some fill modes get, filtered in place along one axis after the other.
#include <cmath>

#include "cuda/block.hpp"
#include "cuda/device_pixels.hpp"
#include "cuda/job.hpp"
#include "simd/kernels.hpp"
#include "spline/spline.hpp"
#include "spline/spline_plane.hpp"

namespace batchwarp::cuda {
namespace {

__device__ int clamped(int index, std::int64_t n) {
    const int last = static_cast<int>(n) - 1;
    return index < 0 ? 0 : (index < last ? index : last);
}

// Images that are not warped keep their samples: the warp kernel copies them from here.
template <class S>
__global__ void __launch_bounds__(block_threads, 4) load_kernel(const BatchJob job) {
    const Tile tile(job.coefficient_tiles, blockIdx.x);
    const ImageTask& task = job.images[tile.image];
    const ImageView source = job.source[task.source];
    const MutableImageView target = job.coefficients[tile.image];
    const int channels = static_cast<int>(source.channels);
    const float gain = task.warps ? job.gain : 1;
    each_thread([&](int thread) {
        tile.each_pixel(thread, [&](int row, int column) {
            const int padding = static_cast<int>(job.padding);
            const int r = row - padding, c = column - padding;
            // Beyond the image there is `cval`, or its edge goes on.
            const bool inside = r >= 0 && r < source.height && c >= 0 && c < source.width;
            const bool constant = !inside && job.border.taps == Extension::constant;
            const int from_row = clamped(r, source.height), from_column = clamped(c, source.width);
            const std::byte* from = source.at(from_row, from_column, 0);
            auto* to = reinterpret_cast<float*>(target.at(row, column, 0));
            for (int k = 0; k < channels; ++k, from += source.channel_stride)
                to[k] = (constant ? job.cval : read<S>(from)) * gain;
        });
    });
}

// The lines of an image along one axis, in floats: line i starts at
// i / inner * outer_step + i % inner.
struct Lines {
    std::int64_t count, inner, outer_step;
    std::int64_t length, step;  // of a line
};

// One pole along one axis of all images; a thread for every line.
struct FilterJob {
    float* coefficients;
    std::int64_t image_size;  // in floats
    std::int64_t blocks_per_image;
    const ImageTask* images;
    Lines lines;
    SplinePole pole;
};

__device__ float weighted_sum(const SplineStart& start, const float* line, std::int64_t step) {
    float sum = 0;
    for (std::int32_t i = 0; i < start.count; ++i)
        sum = std::fma(start.weight[i], line[start.at[i] * step], sum);
    return sum;
}

// Replaces `count` samples by what `update` makes of them and of the value before.
// Several are fetched before the first of them is replaced: one after the other, every sample would
// wait for memory.
template <class Update>
__device__ void recurse(float* at, std::int64_t count, std::int64_t step, float value,
                        Update&& update) {
    constexpr int fetched = 8;
    for (; count >= fetched; count -= fetched) {
        float samples[fetched];
        for (int i = 0; i < fetched; ++i) samples[i] = at[i * step];
        for (int i = 0; i < fetched; ++i, at += step) *at = value = update(samples[i], value);
    }
    for (; count > 0; --count, at += step) *at = value = update(*at, value);
}

__device__ void filter_line(float* line, const Lines& lines, const SplinePole& pole) {
    const float z = pole.z;
    const std::int64_t step = lines.step, rest = lines.length - 1;
    float* last = line + rest * step;
    *line = weighted_sum(pole.causal, line, step);
    recurse(line + step, rest, step, *line,
            [z](float here, float before) { return std::fma(z, before, here); });
    *last = weighted_sum(pole.anticausal, line, step);
    recurse(last - step, rest, -step, *last,
            [z](float here, float after) { return z * (after - here); });
}

__global__ void __launch_bounds__(block_threads, 4) filter_kernel(const FilterJob job) {
    const auto blocks = static_cast<unsigned>(job.blocks_per_image);
    const std::int64_t image = blockIdx.x / blocks;
    const std::int64_t block = blockIdx.x % blocks;
    if (!job.images[image].warps) return;
    each_thread([&](int thread) {
        const Lines& lines = job.lines;
        const std::int64_t i = block * block_threads + thread;
        if (i >= lines.count) return;
        float* line = job.coefficients + image * job.image_size +
                      i / lines.inner * lines.outer_step + i % lines.inner;
        filter_line(line, lines, job.pole);
    });
}

void queue_filter(const BatchJob& job, const Lines& lines, int order, cudaStream_t stream) {
    double gain = 1;
    const SplineFilter filter = make_spline_filter(order, job.border.filter, lines.length, gain);
    FilterJob pass{};
    pass.coefficients = reinterpret_cast<float*>(job.coefficients.first.data);
    pass.image_size = job.coefficients.image_stride / static_cast<std::int64_t>(sizeof(float));
    pass.blocks_per_image = (lines.count + block_threads - 1) / block_threads;
    pass.images = job.images;
    pass.lines = lines;
    for (std::int32_t i = 0; i < filter.poles; ++i) {
        pass.pole = filter.pole[i];
        launch("the spline prefilter", filter_kernel, job.target.count * pass.blocks_per_image,
               pass, stream);
    }
}

}  // namespace

void queue_prefilter(const BatchJob& job, int order, cudaStream_t stream) {
    with_element_type(job.source.first.dtype, [&](auto element) {
        launch("loading samples", load_kernel<decltype(element)>,
               job.target.count * job.coefficient_tiles.per_image, job, stream);
    });
    const MutableImageView& image = job.coefficients.first;
    const std::int64_t row = image.width * image.channels;
    // An axis of one sample is not filtered.
    if (image.height > 1) queue_filter(job, {row, row, 0, image.height, row}, order, stream);
    if (image.width > 1)
        queue_filter(
            job, {image.height * image.channels, image.channels, row, image.width, image.channels},
            order, stream);
}

}  // namespace batchwarp::cuda
