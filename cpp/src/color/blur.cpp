#include "color/blur.hpp"

#include <algorithm>
#include <cstddef>
#include <type_traits>

#include "color/blur_near.hpp"
#include "pixels.hpp"
#include "runtime/scratch.hpp"
#include "simd/kernels.hpp"

namespace batchwarp {
namespace {

constexpr std::int64_t block = 8;  // rows that are made one after the other
constexpr std::int64_t four = blur_lines;
// What so many rows are made of should stay in a first-level cache.
constexpr std::int64_t cached_bytes = 20 << 10;

std::int64_t mirrored(std::int64_t i, std::int64_t extent) noexcept {
    if (i >= 0 && i < extent) return i;
    if (extent == 1) return 0;
    const std::int64_t last = extent - 1, once = i < 0 ? -i : 2 * last - i;
    if (once >= 0 && once <= last) return once;
    const std::int64_t folded = (i % (2 * last) + 2 * last) % (2 * last);
    return folded <= last ? folded : 2 * last - folded;
}

void blend(const float* const* lines, const float* weights, std::int64_t radius, std::int64_t count,
           float* to) {
    kernels().blend_around(lines, weights, static_cast<std::int32_t>(radius), count, to);
}

// From the middle line, so that what is the same in all of them stays as it is.
void blend(const double* const* lines, const double* weights, std::int64_t radius,
           std::int64_t count, double* to) {
    for (std::int64_t i = 0; i < count; ++i) {
        const double middle = lines[radius][i];
        double sum = middle;
        for (std::int64_t k = 1; k <= radius; ++k)
            sum += weights[k] * (lines[radius - k][i] + lines[radius + k][i] - 2 * middle);
        to[i] = sum;
    }
}

// Four lines from those around them; false if there is no kernel for so few. `weights`: of all
// lines around one.
bool blend_four(const float* const* lines, const float* weights, std::int64_t radius,
                std::int64_t count, float* const* to) {
    if (radius < 2) return false;
    kernels().blend_four_around(lines, weights, static_cast<std::int32_t>(radius), count, to);
    return true;
}

bool blend_four(const double* const*, const double*, std::int64_t, std::int64_t, double* const*) {
    return false;
}

Buffer<float>& lines_of(Scratch& scratch, float) { return scratch.lines; }
Buffer<double>& lines_of(Scratch& scratch, double) { return scratch.lines64; }

void limit(float* values, std::int64_t count, Range<float> limits) {
    const ColorScale bounds{0, 1, 0, limits.low, limits.high};
    kernels().scale_channels(&bounds, values, count, 1);
}

void limit(double* values, std::int64_t count, Range<double> limits) {
    std::transform(values, values + count, values, [=](double v) { return limits.clip(v); });
}

// A plane. Some rows at a time are blurred along columns, and then, while they are near, along
// rows; they are written over what has been read, of which as many are kept as are needed.
template <class T>
class Blur {
  public:
    Blur(T* data, const Planes<T>& image, Range<T> limits, const std::vector<double>& weights)
        : data_(data),
          limits_(limits),
          weights_(weights.begin(), weights.end()),
          radius_(std::ssize(weights) - 1),
          window_(weights.rbegin(), weights.rend() - 1),
          taps_(static_cast<std::size_t>(2 * radius_ + block)),
          step_(image.channels),
          width_(image.width),
          height_(image.pixels / image.width),
          row_(width_ * step_),
          stride_((row_ + 15) / 16 * 16 | 16),  // rows begin in different sets of a cache
          kept_(std::min(height_, 2 * radius_ + block)) {
        window_.insert(window_.end(), weights_.begin(), weights_.end());
        const std::int64_t margin = radius_ * step_, length = row_ + 2 * margin;
        rows_ = lines_of(Scratch::of_this_thread(), T{}).reserve(kept_ * stride_ + block * length);
        for (std::int64_t r = 0; r < block; ++r)
            lines_.push_back(rows_ + kept_ * stride_ + r * length + margin);
    }

    void run(const std::uint8_t* unread) {
        std::int64_t read = 0;
        for (std::int64_t first = 0; first < height_; first += block) {
            const std::int64_t end = std::min(height_, first + block);
            for (; read < std::min(height_, end + radius_); ++read) {
                T* const to = row(read);
                if (unread != nullptr)
                    load_bytes(unread + read * row_, row_, to);
                else
                    std::copy_n(data_ + read * row_, row_, to);
                if (unread == nullptr || limits_.low > 0 || limits_.high < 255)
                    limit(to, row_, limits_);
            }
            blur_columns(first, end);
            for (std::int64_t r = first; r < end; ++r) blur_row(line(r - first), data_ + r * row_);
        }
    }

  private:
    // Strips of columns, as wide as all of their rows stay in the cache. Of the rows around each
    // row of the block the first is one further down.
    void blur_columns(std::int64_t first, std::int64_t end) {
        const std::int64_t around = 2 * radius_ + end - first;
        for (std::int64_t k = 0; k < around; ++k)
            tap(k) = row(mirrored(first - radius_ + k, height_));
        const std::int64_t fitting = cached_bytes / around / static_cast<std::int64_t>(sizeof(T));
        const std::int64_t most = std::max<std::int64_t>(64, fitting / 64 * 64);
        for (std::int64_t from = 0; from < row_; from += most) {
            const std::int64_t count = std::min(most, row_ - from);
            std::int64_t r = 0;
            for (; r + four <= end - first; r += four) {
                T* const to[four] = {line(r) + from, line(r + 1) + from, line(r + 2) + from,
                                     line(r + 3) + from};
                if (!blend_four(&tap(r), window_.data(), radius_, count, to)) break;
            }
            for (; r < end - first; ++r)
                blend(&tap(r), weights_.data(), radius_, count, line(r) + from);
            for (std::int64_t k = 0; k < around; ++k) tap(k) += count;
        }
    }

    void blur_row(T* line, T* to) {
        for (std::int64_t k = 0; k <= 2 * radius_; ++k) tap(k) = line + (k - radius_) * step_;
        for (std::int64_t x = 1; x <= radius_; ++x) {
            const std::int64_t right = width_ - 1 + x;
            const T* before = line + mirrored(-x, width_) * step_;
            const T* after = line + mirrored(right, width_) * step_;
            for (std::int64_t c = 0; c < step_; ++c) {
                line[c - x * step_] = before[c];
                line[c + right * step_] = after[c];
            }
        }
        blend(taps_.data(), weights_.data(), radius_, row_, to);
    }

    T* row(std::int64_t r) const noexcept { return rows_ + r % kept_ * stride_; }
    T* line(std::int64_t r) const noexcept { return lines_[static_cast<std::size_t>(r)]; }
    const T*& tap(std::int64_t k) { return taps_[static_cast<std::size_t>(k)]; }

    T* data_;
    Range<T> limits_;
    std::vector<T> weights_;
    std::int64_t radius_;
    std::vector<T> window_;  // the weights of all lines around one
    std::vector<const T*> taps_;
    std::int64_t step_, width_, height_, row_, stride_, kept_;
    T* rows_;                // `kept_` of them, as they were,
    std::vector<T*> lines_;  // and a block of those that are blurred along columns
};

}  // namespace

template <class T>
void blur(const Planes<T>& image, const std::uint8_t* unread, Range<T> limits,
          const std::vector<double>& weights) {
    for (std::int64_t p = 0; p < image.planes; ++p) {
        if constexpr (std::is_same_v<T, float>) {
            if (blurs_near(weights)) {
                blur_near_lines(image.plane(p), image, unread, limits, weights);
                continue;
            }
        }
        Blur<T>(image.plane(p), image, limits, weights).run(unread);
    }
}

template void blur(const Planes<float>&, const std::uint8_t*, Range<float>,
                   const std::vector<double>&);
template void blur(const Planes<double>&, const std::uint8_t*, Range<double>,
                   const std::vector<double>&);

}  // namespace batchwarp
