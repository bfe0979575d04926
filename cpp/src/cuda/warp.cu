// The warp, fused with the gather before it and, where no step needs the whole image, with the
// normalisation behind it.
#include <cmath>
#include <cstdint>
#include <type_traits>

#include "cuda/block.hpp"
#include "cuda/device_pixels.hpp"
#include "cuda/job.hpp"
#include "element.hpp"
#include "ops/range.hpp"
#include "warp/taps.hpp"

namespace batchwarp::cuda {
namespace {

// One pixel of the target. S is the type of the samples; orders above 1 read coefficients.
template <class S, int Order>
class PixelWarp {
  public:
    __device__ PixelWarp(const BatchJob& job, const ImageTask& task, const ImageView& samples,
                         int row, int column)
        : job_(job), task_(task), samples_(samples), warps_(task.warps) {
        if (task_.flip_vertical) row = static_cast<int>(job_.tiles.height) - 1 - row;
        if (task_.flip_horizontal) column = static_cast<int>(job_.tiles.width) - 1 - column;
        if (warps_) {
            if (!place_fixed(row, column)) place_exactly(row, column);
            if (y_.outside || x_.outside) return;
            y_.weigh();
            x_.weigh();
        } else {
            y_.index[0] = row + static_cast<int>(job_.padding);
            x_.index[0] = column + static_cast<int>(job_.padding);
        }
        for (int j = 0; j <= Order; ++j) {
            columns_[j] = static_cast<Step>(x_.index[j]) * static_cast<Step>(samples_.pixel_stride);
            if (x_.index[j] < 0) beyond_ |= 1u << j;
        }
    }

    /// @param channel  its sample (0, 0)
    __device__ float value(const std::byte* channel) const {
        if (!warps_) return read<S>(row_of(channel, 0) + columns_[0]);
        const float v = y_.outside || x_.outside ? job_.cval : sum_of_taps(channel);
        return job_.target.first.dtype == DType::u8 ? rounded_to_byte(v) : v;
    }

  private:
    // Between columns, in bytes; those of coefficients are packed.
    using Step = std::conditional_t<(Order > 1), std::int32_t, std::int64_t>;

    __device__ bool place_fixed(int row, int column) {
        const FixedAffine& at = task_.fixed;
        return at.usable && job_.y_axis.place(at.y(row, column), job_.border, y_) &&
               job_.x_axis.place(at.x(row, column), job_.border, x_);
    }

    __device__ void place_exactly(int row, int column) {
        const double r = static_cast<double>(row), c = static_cast<double>(column);
        y_.locate(task_.affine.y(r, c), samples_.height, job_.padding, job_.border);
        if (!y_.outside) y_.find(samples_.height, job_.border);
        x_.locate(task_.affine.x(r, c), samples_.width, job_.padding, job_.border);
        if (!x_.outside) x_.find(samples_.width, job_.border);
    }

    __device__ const std::byte* row_of(const std::byte* channel, int i) const {
        return channel + y_.index[i] * samples_.row_stride;
    }

    // Fused: only coordinates need SciPy's roundings.
    __device__ float sum_of_taps(const std::byte* channel) const {
        if constexpr (Order == 0) return tap(row_of(channel, 0), 0, 0);
        float sum = 0;
        for (int i = 0; i <= Order; ++i) {
            const std::byte* from = row_of(channel, i);
            float row = 0;
            for (int j = 0; j <= Order; ++j) row = std::fma(tap(from, i, j), x_.weight[j], row);
            sum = std::fma(row, y_.weight[i], sum);
        }
        return sum;
    }

    __device__ float tap(const std::byte* row, int i, int j) const {
        return y_.index[i] >= 0 && (beyond_ >> j & 1) == 0 ? read<S>(row + columns_[j]) : job_.cval;
    }

    const BatchJob& job_;
    const ImageTask& task_;
    const ImageView& samples_;
    const bool warps_;
    Taps<Order, float, int> y_{}, x_{};  // an image that is not warped has one index in each
    Step columns_[Order + 1] = {};
    unsigned beyond_ = 0;  // a bit for each column of taps that reads cval
};

// How many blocks a processor must have registers for. As many as leave every thread what it needs:
// 80, 128 and 255 registers; with fewer, some values would be kept in memory.
[[maybe_unused]] constexpr int blocks_at_once(int order) {
    return order < 2 ? 3 : (order < 4 ? 2 : 1);
}

template <class S, int Order>
__global__ void __launch_bounds__(block_threads, blocks_at_once(Order))
    warp_kernel(const BatchJob job) {
    const Tile tile(job.tiles, blockIdx.x);
    const ImageTask& task = job.images[tile.image];
    const ImageView samples =
        Order > 1 ? ImageView(job.coefficients[tile.image]) : job.source[task.source];
    const MutableImageView target = job.target[tile.image];
    const int channels = static_cast<int>(target.channels);
    __shared__ Range<float> ranges[block_threads];
    each_thread([&](int thread) {
        Range<float> range = Range<float>::none();
        tile.each_pixel(thread, [&](int row, int column) {
            const PixelWarp<S, Order> pixel(job, task, samples, row, column);
            const std::byte* from = samples.data;
            std::byte* to = target.at(row, column, 0);
            float* work = job.work == nullptr ? nullptr : job.work_pixel(tile.image, row, column);
            for (int k = 0; k < channels; ++k) {
                const float v = pixel.value(from);
                if (work == nullptr) {
                    finish(job, k, v, to);
                } else {
                    work[k] = v;
                    range.include(v);
                }
                from += samples.channel_stride;
                to += target.channel_stride;
            }
        });
        ranges[thread] = range;
    });
    if (job.work == nullptr) return;
    const Range<float> range =
        reduced(ranges, [](const Range<float>& a, const Range<float>& b) { return a.with(b); });
    each_thread([&](int thread) {
        if (thread == 0) job.ranges[blockIdx.x] = range;
    });
}

}  // namespace

void queue_warp(const BatchJob& job, int order, cudaStream_t stream) {
    const auto run = [&](void (*kernel)(BatchJob)) {
        launch("the warp kernel", kernel, job.target.count * job.tiles.per_image, job, stream);
    };
    switch (order) {
        case 0:
            return with_element_type(job.source.first.dtype,
                                     [&](auto element) { run(warp_kernel<decltype(element), 0>); });
        case 1:
            return with_element_type(job.source.first.dtype,
                                     [&](auto element) { run(warp_kernel<decltype(element), 1>); });
        case 2:
            return run(warp_kernel<float, 2>);
        case 3:
            return run(warp_kernel<float, 3>);
        case 4:
            return run(warp_kernel<float, 4>);
        default:
            return run(warp_kernel<float, 5>);
    }
}

}  // namespace batchwarp::cuda
