// The steps that need to know the whole image: what the blocks before found out about their tiles
// is put together, in the same order on every run.
#include <cmath>
#include <cstdint>

#include "cuda/block.hpp"
#include "cuda/device_pixels.hpp"
#include "cuda/job.hpp"
#include "ops/pointwise.hpp"

namespace batchwarp::cuda {
namespace {

// What is known of tiles, those of an image in a row. T is Range<float> or Moments.
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

// Channel shift and brightness of one image.
class Colors {
  public:
    __device__ Colors(const ImageTask& task, const Range<float>& range, int channels)
        : shifts_(!std::isnan(task.channel_shift)),
          brightens_(!std::isnan(task.brightness)),
          has_alpha_(channels == 4),
          shift_{task.channel_shift, range},
          brightness_(task.brightness, shifts_ ? shift_.shifted_range() : range) {}

    __device__ float operator()(float value, int channel) const {
        if (shifts_) value = shift_(value);
        return brightens_ ? brightness_(value, has_alpha_ && channel == 3) : value;
    }

  private:
    bool shifts_, brightens_, has_alpha_;
    ChannelShift<float> shift_;
    Brightness<float> brightness_;
};

// Of one tile of the image in `job.work`, in two passes: the mean, and the distances from it.
__device__ Moments moments_of(const BatchJob& job, const Tile& tile,
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

__global__ void __launch_bounds__(block_threads, 4) color_kernel(const BatchJob job) {
    const Tile tile(job.tiles, blockIdx.x);
    const MutableImageView target = job.target[tile.image];
    const int channels = static_cast<int>(target.channels);
    const Range<float> range = job.ranges[tile.image * job.tiles.per_image];
    const Colors colors(job.images[tile.image], range, channels);
    each_thread([&](int thread) {
        tile.each_pixel(thread, [&](int row, int column) {
            float* pixel = job.work_pixel(tile.image, row, column);
            std::byte* to = target.at(row, column, 0);
            for (int k = 0; k < channels; ++k, to += target.channel_stride) {
                const float v = colors(pixel[k], k);
                if (job.moments == nullptr)
                    finish(job, k, v, to);
                else
                    pixel[k] = v;
            }
        });
    });
    if (job.moments == nullptr) return;
    __shared__ double sums[block_threads];
    const Moments moments = moments_of(job, tile, sums);
    each_thread([&](int thread) {
        if (thread == 0) job.moments[blockIdx.x] = moments;
    });
}

// The samplewise steps, after `rescale`, amount to (v - shift) * scale.
__device__ ChannelScale samplewise_scale(const BatchJob& job, const Moments& moments) {
    double scale = job.rescale;
    if (job.samplewise_std) {
        const double deviation = std::sqrt(moments.squares / moments.count);
        scale /= std::abs(job.rescale) * deviation + 1e-6;
    }
    return {job.samplewise_center ? static_cast<float>(moments.mean) : 0,
            static_cast<float>(scale)};
}

__global__ void __launch_bounds__(block_threads, 4) samplewise_kernel(const BatchJob job) {
    const Tile tile(job.tiles, blockIdx.x);
    const MutableImageView target = job.target[tile.image];
    const int channels = static_cast<int>(target.channels);
    __shared__ ChannelScale by;  // from one thread: cards are slow with doubles
    each_thread([&](int thread) {
        if (thread == 0) by = samplewise_scale(job, job.moments[tile.image * job.tiles.per_image]);
    });
    each_thread([&](int thread) {
        tile.each_pixel(thread, [&](int row, int column) {
            const float* pixel = job.work_pixel(tile.image, row, column);
            std::byte* to = target.at(row, column, 0);
            for (int k = 0; k < channels; ++k, to += target.channel_stride)
                finish(job, k, scaled(pixel[k], by.shift, by.scale), to);
        });
    });
}

}  // namespace

void queue_colors(const BatchJob& job, cudaStream_t stream) {
    const std::int64_t blocks = job.target.count * job.tiles.per_image;
    queue_merge(job, job.ranges, stream);
    launch("the color kernel", color_kernel, blocks, job, stream);
    if (job.moments == nullptr) return;
    queue_merge(job, job.moments, stream);
    launch("samplewise standardization", samplewise_kernel, blocks, job, stream);
}

}  // namespace batchwarp::cuda
