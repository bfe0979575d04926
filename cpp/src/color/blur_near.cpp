#include "color/blur_near.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "runtime/scratch.hpp"
#include "simd/kernels.hpp"

namespace batchwarp {
namespace {

// Rows that are blurred along themselves should stay in a second-level cache, and so should what is
// turned of others; what a strip of columns reads, in a first-level one.
constexpr std::int64_t kept_bytes = 256 << 10, strip_bytes = 20 << 10, turned_bytes = 64 << 10;

BlurWeights weights_of(const std::vector<double>& weights, Range<float> limits) {
    BlurWeights by{};
    by.radius = static_cast<std::int32_t>(std::ssize(weights) - 1);
    double others = 0, reach = 0;
    for (std::int32_t k = 1; k <= by.radius; ++k) {
        by.weights[k - 1] = static_cast<float>(weights[static_cast<std::size_t>(k)]);
        others += 2.0 * by.weights[k - 1];
        reach += 2.0 * k * by.weights[k - 1];
    }
    by.middle = static_cast<float>(-others);
    // Of lines that are the same, the sum begins with `others` of the value and comes down to 0.
    // What it is on the way adds up to `reach`; each of these sums is rounded, as are `middle` and
    // two of a line.
    const double most = std::max(std::abs(limits.low), std::abs(limits.high));
    constexpr double rounding = std::numeric_limits<float>::epsilon() / 2;
    by.least = static_cast<float>((reach + 3 * others) * most * rounding);
    return by;
}

std::int64_t mirrored(std::int64_t i, std::int64_t extent) noexcept {
    if (extent == 1) return 0;
    const std::int64_t period = 2 * (extent - 1), folded = (i % period + period) % period;
    return std::min(folded, period - folded);
}

// Groups of rows are blurred along themselves, into a window of rows. Those around which all are
// there are blurred along columns; where the window is full, it moves on.
class NearBlur {
  public:
    NearBlur(float* data, std::int64_t channels, std::int64_t width, std::int64_t height,
             Range<float> limits, const std::vector<double>& weights)
        : data_(data),
          by_(weights_of(weights, limits)),
          limits_(limits),
          channels_(channels),
          width_(width),
          height_(height),
          row_(width * channels),
          stride_((row_ + blur_rows_most - 1) / blur_rows_most * blur_rows_most),
          group_(kernels().blur_rows_at_once),
          begin_(-by_.radius) {
        constexpr std::int64_t value = sizeof(float);
        const std::int64_t least = 3 * by_.radius + group_ + 2 * blur_lines;
        kept_ = std::max(least, std::min(kept_bytes / value / stride_, height + least));
        tile_ = turned_bytes / value / group_ / channels - 2 * by_.radius;
        tile_ =
            std::max<std::int64_t>(64, tile_ / blur_rows_most * blur_rows_most);  // whole registers
        const std::int64_t slots = blur_slots(std::min(tile_, width), channels);
        work_ = Scratch::of_this_thread().lines.reserve(slots + (kept_ + 1) * stride_);
        rows_ = work_ + slots;
    }

    void run(const std::uint8_t* unread) {
        while (read_ < height_) {
            const std::int64_t count = std::min(group_, height_ - read_);
            if (read_ + count + by_.radius + blur_lines - begin_ > kept_) move_on();
            read(unread, count);
            const std::int64_t ready = (read_ - by_.radius - done_) / blur_lines * blur_lines;
            if (read_ < height_ && ready > 0) blur_columns(ready);
        }
        mirror(height_, height_ + by_.radius + blur_lines - 1);
        blur_columns(height_ - done_);
    }

  private:
    float* row(std::int64_t r) const noexcept { return rows_ + (r - begin_) * stride_; }

    void read(const std::uint8_t* unread, std::int64_t count) {
        const BlurRows job{.by = &by_,
                           .bytes = unread == nullptr ? nullptr : unread + read_ * row_,
                           .values = unread == nullptr ? data_ + read_ * row_ : nullptr,
                           .stride = row_,
                           .rows = static_cast<std::int32_t>(count),
                           .width = width_,
                           .channels = static_cast<std::int32_t>(channels_),
                           .low = limits_.low,
                           .high = limits_.high,
                           .tile = tile_,
                           .work = work_,
                           .to = row(read_),
                           .to_stride = stride_};
        kernels().blur_rows(job);
        read_ += count;
    }

    // Where no row lies opposite that is in the window, none is needed.
    void mirror(std::int64_t first, std::int64_t end) {
        for (std::int64_t r = first; r < end; ++r)
            std::copy_n(row(std::max(mirrored(r, height_), begin_)), row_, row(r));
    }

    void move_on() {
        const std::int64_t first = done_ - by_.radius;
        std::memmove(rows_, row(first),
                     static_cast<std::size_t>((read_ - first) * stride_) * sizeof(float));
        begin_ = first;
    }

    // The next rows, in strips of columns.
    void blur_columns(std::int64_t count) {
        if (done_ == 0) mirror(-by_.radius, 0);
        const std::int64_t lines = count + 2 * by_.radius;
        const std::int64_t fitting = strip_bytes / lines / static_cast<std::int64_t>(sizeof(float));
        const std::int64_t most = std::max<std::int64_t>(64, fitting / 64 * 64);
        for (std::int64_t x = 0; x < row_; x += most) {
            for (std::int64_t r = done_; r < done_ + count; r += blur_lines) {
                float* to[blur_lines];
                for (std::int64_t q = 0; q < blur_lines; ++q)
                    to[q] = r + q < height_ ? data_ + (r + q) * row_ + x : rows_ + kept_ * stride_;
                kernels().blur_four_rows(by_, row(r - by_.radius) + x, stride_,
                                         std::min(most, row_ - x), to);
            }
        }
        done_ += count;
    }

    float* data_;
    BlurWeights by_;
    Range<float> limits_;
    std::int64_t channels_, width_, height_, row_, stride_, group_;
    std::int64_t kept_ = 0, tile_ = 0;
    float *work_ = nullptr, *rows_ = nullptr;
    std::int64_t begin_;                // the window's first row
    std::int64_t read_ = 0, done_ = 0;  // rows
};

}  // namespace

bool blurs_near(const std::vector<double>& weights) noexcept {
    const std::int64_t radius = std::ssize(weights) - 1;
    return radius >= kernels().blur_near_from && radius <= blur_near;
}

void blur_near_lines(float* data, const Planes<float>& image, const std::uint8_t* unread,
                     Range<float> limits, const std::vector<double>& weights) {
    NearBlur(data, image.channels, image.width, image.pixels / image.width, limits, weights)
        .run(unread);
}

}  // namespace batchwarp
