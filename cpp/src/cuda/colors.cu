// The steps that change pixels, and samplewise statistics. What the blocks before found out about
// their tiles is put together, in the same order on every run.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <span>
#include <utility>
#include <vector>

#include "cuda/block.hpp"
#include "cuda/device_pixels.hpp"
#include "cuda/job.hpp"
#include "ops/list.hpp"

namespace batchwarp::cuda {
namespace {

// What is known of tiles, those of an image in a row. T is Range<float> or TileMoments.
template <class T>
struct Findings {
    T* tiles;
    std::int64_t per_image;
};

// A block for each image.
template <class T>
__global__ void __launch_bounds__(block_threads, 4) merge_kernel(const Findings<T> findings) {
    T* tiles = findings.tiles + blockIdx.x * findings.per_image;
    __shared__ T shared[block_threads];
    each_thread([&](int thread) {
        T own = T::none();
        for (std::int64_t i = thread; i < findings.per_image; i += block_threads)
            own = own.with(tiles[i]);
        shared[thread] = own;
    });
    const T all = reduced(shared, [](const T& a, const T& b) { return a.with(b); });
    each_thread([&](int thread) {
        if (thread == 0) tiles[0] = all;
    });
}

// Every image's findings, in the place of its first tile's.
template <class T>
void queue_merge(const BatchJob& job, T* tiles, cudaStream_t stream) {
    if (job.tiles.per_image == 1) return;
    launch("merging what is known of tiles", merge_kernel<T>, job.target.count,
           Findings<T>{tiles, job.tiles.per_image}, stream);
}

// How many steps one kernel does.
constexpr int most_steps = 8;

// Some steps that follow each other, and need to know no range but that of the image before them.
struct ColorJob {
    BatchJob batch;
    PixelStep steps[most_steps];
    std::int32_t count;
    const Range<float>* known;  // of every image, in the place of its first tile
    Range<float>* found;        // of every tile, after these steps; null: they are the last
};

// Operations of which a card does the function.
template <class Op>
concept OnDevices = ops::ChangesPixels<Op> && Op::description.on_devices;

template <class... Ops>
constexpr std::size_t most_function_bytes(ops::List<Ops...>) {
    std::size_t most = 1;
    const auto include = [&most](auto op) {
        if constexpr (OnDevices<decltype(op)>)
            most = std::max(most, sizeof(ops::FunctionOf<decltype(op), float>));
    };
    (include(Ops{}), ...);
    return most;
}

// What the steps of a kernel do to the pixels of one image. All threads share it: what it takes to
// make it, such as a sine, is done once.
struct Functions {
    struct alignas(16) Slot {
        unsigned char bytes[most_function_bytes(ops::All())];
    };

    int count;  // of those that change this image
    int operation[most_steps];
    Slot slots[most_steps];

    __device__ void make(const ColorJob& job, int image) {
        const BatchJob& batch = job.batch;
        ops::Context<float> context{static_cast<int>(batch.target.first.channels),
                                    job.known[image * batch.tiles.per_image]};
        count = 0;
        for (int i = 0; i < job.count; ++i) {
            const PixelStep& step = job.steps[i];
            if ((batch.images[image].steps >> step.bit & 1) == 0) continue;
            const double* row =
                batch.parameters + std::int64_t{image} * batch.columns + step.column;
            ops::All::visit(step.operation, [&](auto op) {
                using Op = decltype(op);
                if constexpr (OnDevices<Op>) {
                    using Function = ops::FunctionOf<Op, float>;
                    const Function function(row, context);
                    memcpy(slots[count].bytes, &function, sizeof function);
                    if constexpr (ops::KnowsRange<Function>) context.range = function.range();
                }
            });
            operation[count++] = step.operation;
        }
    }

    __device__ void operator()(float* pixel, int channels) const {
        for (int i = 0; i < count; ++i)
            ops::All::visit(operation[i], [&](auto op) {
                using Op = decltype(op);
                if constexpr (OnDevices<Op>) {
                    using Function = ops::FunctionOf<Op, float>;
                    const Function& function = *reinterpret_cast<const Function*>(slots[i].bytes);
                    if constexpr (ops::OfPixel<Function, float>)
                        function(pixel, channels);
                    else
                        for (int k = 0; k < channels; ++k) pixel[k] = function(pixel[k], k);
                }
            });
    }
};

// Of one tile of the image in `job.work`, in two passes: the mean, and the distances from it.
__device__ TileMoments moments_of(const BatchJob& job, const Tile& tile,
                                  double (&shared)[block_threads]) {
    const int channels = static_cast<int>(job.target.first.channels);
    const auto sum = [&](double origin, bool squares) {
        each_thread([&](int thread) {
            double own = 0;
            tile.each_pixel(thread, [&](int row, int column) {
                const float* pixel = job.work_pixel(tile.image, row, column);
                for (int k = 0; k < channels; ++k) {
                    const double distance = static_cast<double>(pixel[k]) - origin;
                    own += squares ? distance * distance : distance;
                }
            });
            shared[thread] = own;
        });
        return reduced(shared, [](double a, double b) { return a + b; });
    };
    const double count = static_cast<double>(tile.pixels()) * channels;
    const double mean = sum(0, false) / count;
    return {count, mean, sum(mean, true)};
}

// With the number of channels known, a pixel stays in registers; 0: any number.
template <int Channels>
__global__ void __launch_bounds__(block_threads, 4) color_kernel(const ColorJob job) {
    const BatchJob& batch = job.batch;
    const Tile tile(batch.tiles, blockIdx.x);
    const MutableImageView target = batch.target[tile.image];
    const int channels = Channels > 0 ? Channels : static_cast<int>(target.channels);
    __shared__ Functions functions;
    __shared__ Range<float> ranges[block_threads];
    each_thread([&](int thread) {
        if (thread == 0) functions.make(job, tile.image);
    });
    each_thread([&](int thread) {
        Range<float> range = Range<float>::none();
        tile.each_pixel(thread, [&](int row, int column) {
            float* const work = batch.work_pixel(tile.image, row, column);
            float registers[Channels > 0 ? Channels : 1];
            float* const pixel = Channels > 0 ? registers : work;
            if constexpr (Channels > 0)
                for (int k = 0; k < Channels; ++k) registers[k] = work[k];
            functions(pixel, channels);
            std::byte* to = target.at(row, column, 0);
            for (int k = 0; k < channels; ++k, to += target.channel_stride) {
                if (job.found == nullptr && batch.moments == nullptr) {
                    finish(batch, k, pixel[k], to);
                } else {
                    work[k] = pixel[k];
                    range.include(pixel[k]);
                }
            }
        });
        ranges[thread] = range;
    });
    if (job.found != nullptr) {
        const Range<float> range =
            reduced(ranges, [](const Range<float>& a, const Range<float>& b) { return a.with(b); });
        each_thread([&](int thread) {
            if (thread == 0) job.found[blockIdx.x] = range;
        });
    } else if (batch.moments != nullptr) {
        __shared__ double sums[block_threads];
        const TileMoments moments = moments_of(batch, tile, sums);
        each_thread([&](int thread) {
            if (thread == 0) batch.moments[blockIdx.x] = moments;
        });
    }
}

auto color_kernel_for(std::int64_t channels) {
    switch (channels) {
        case 1:
            return color_kernel<1>;
        case 3:
            return color_kernel<3>;
        case 4:
            return color_kernel<4>;
        default:
            return color_kernel<0>;
    }
}

bool knows_range(int operation) {
    bool knows = false;
    ops::All::visit(operation, [&](auto op) {
        if constexpr (OnDevices<decltype(op)>)
            knows = ops::KnowsRange<ops::FunctionOf<decltype(op), float>>;
    });
    return knows;
}

// The steps, cut where one needs a range that nobody knows; at least one job.
std::vector<ColorJob> cut(const BatchJob& batch, std::span<const PixelStep> steps) {
    std::vector<ColorJob> jobs(1, ColorJob{batch, {}, 0, nullptr, nullptr});
    bool known = true;
    for (const PixelStep& step : steps) {
        const Needs& needs = ops::All::descriptions[step.operation]->needs;
        if (jobs.back().count == most_steps || (needs.range && !known)) {
            jobs.push_back({batch, {}, 0, nullptr, nullptr});
            known = true;
        }
        jobs.back().steps[jobs.back().count++] = step;
        known = known && knows_range(step.operation);
    }
    return jobs;
}

__device__ Scaling<float> samplewise_scale(const BatchJob& job, const TileMoments& moments) {
    const double deviation = job.samplewise_std ? std::sqrt(moments.squares / moments.count) : 0;
    const Scaling<double> by = ops::Standardize::scaling(
        job.rescale, job.samplewise_center, job.samplewise_std, moments.mean, deviation);
    return {static_cast<float>(by.shift), static_cast<float>(by.scale)};
}

__global__ void __launch_bounds__(block_threads, 4) samplewise_kernel(const BatchJob job) {
    const Tile tile(job.tiles, blockIdx.x);
    const MutableImageView target = job.target[tile.image];
    const int channels = static_cast<int>(target.channels);
    __shared__ Scaling<float> by;  // from one thread: cards are slow with doubles
    each_thread([&](int thread) {
        if (thread == 0) by = samplewise_scale(job, job.moments[tile.image * job.tiles.per_image]);
    });
    each_thread([&](int thread) {
        tile.each_pixel(thread, [&](int row, int column) {
            const float* pixel = job.work_pixel(tile.image, row, column);
            std::byte* to = target.at(row, column, 0);
            for (int k = 0; k < channels; ++k, to += target.channel_stride)
                finish(job, k, by(pixel[k]), to);
        });
    });
}

}  // namespace

void queue_colors(const BatchJob& job, std::span<const PixelStep> steps, cudaStream_t stream) {
    const std::int64_t blocks = job.target.count * job.tiles.per_image;
    const auto kernel = color_kernel_for(job.target.first.channels);
    std::vector<ColorJob> jobs = cut(job, steps);
    // What one kernel finds is what the next one knows; nobody reads what is being written.
    const StreamArray<Range<float>> others(jobs.size() > 1 ? blocks : 0, stream);
    Range<float>*known = job.ranges, *found = others.get();
    for (ColorJob& part : jobs) {
        queue_merge(job, known, stream);
        part.known = known;
        part.found = &part == &jobs.back() ? nullptr : found;
        launch("the color kernel", kernel, blocks, part, stream);
        std::swap(known, found);
    }
    if (job.moments == nullptr) return;
    queue_merge(job, job.moments, stream);
    launch("samplewise standardization", samplewise_kernel, blocks, job, stream);
}

}  // namespace batchwarp::cuda
