#include "color/blur.hpp"

#include <algorithm>
#include <cstddef>

#include "runtime/scratch.hpp"
#include "simd/kernels.hpp"

namespace batchwarp {
namespace {

// Lines that are read again and again should stay in a first-level cache.
constexpr std::int64_t kept_bytes = 20 << 10;

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

Buffer<float>& lines_of(Scratch& scratch, float) { return scratch.lines; }
Buffer<double>& lines_of(Scratch& scratch, double) { return scratch.lines64; }

template <class T>
class Blur {
  public:
    Blur(const Planes<T>& image, Range<T> limits, const std::vector<double>& weights)
        : image_(image),
          limits_(limits),
          weights_(weights.begin(), weights.end()),
          radius_(std::ssize(weights) - 1),
          taps_(static_cast<std::size_t>(2 * radius_ + 1)),
          row_(image.width * image.channels),
          height_(image.pixels / image.width) {}

    void run() {
        for (std::int64_t p = 0; p < image_.planes; ++p) {
            blur_columns(image_.plane(p));
            blur_rows(image_.plane(p));
        }
    }

  private:
    // Strips of columns, as wide as lines of them stay in the cache. They are written over what
    // was read, of which so many lines are kept as there are taps.
    void blur_columns(T* data) {
        const std::int64_t kept = std::min(height_, 2 * radius_ + 1);
        const std::int64_t fitting = kept_bytes / kept / static_cast<std::int64_t>(sizeof(T));
        const std::int64_t width = std::min(row_, std::max<std::int64_t>(64, fitting / 64 * 64));
        T* const lines = lines_of(Scratch::of_this_thread(), T{}).reserve(kept * width);
        for (std::int64_t from = 0; from < row_; from += width) {
            const std::int64_t count = std::min(width, row_ - from);
            std::int64_t read = 0;
            for (std::int64_t r = 0; r < height_; ++r) {
                for (; read < std::min(height_, r + radius_ + 1); ++read)
                    copy(data + read * row_ + from, count, lines + read % kept * width);
                for (std::int64_t k = -radius_; k <= radius_; ++k)
                    tap(k) = lines + mirrored(r + k, height_) % kept * width;
                blend(taps_.data(), weights_.data(), radius_, count, data + r * row_ + from);
            }
        }
    }

    void blur_rows(T* data) {
        const std::int64_t step = image_.channels, margin = radius_ * step;
        T* const line = lines_of(Scratch::of_this_thread(), T{}).reserve(row_ + 2 * margin);
        for (std::int64_t k = -radius_; k <= radius_; ++k) tap(k) = line + margin + k * step;
        for (std::int64_t r = 0; r < height_; ++r, data += row_) {
            std::copy_n(data, row_, line + margin);
            for (std::int64_t x = 1; x <= radius_; ++x) {
                const std::int64_t right = image_.width - 1 + x;
                std::copy_n(data + mirrored(-x, image_.width) * step, step,
                            line + margin - x * step);
                std::copy_n(data + mirrored(right, image_.width) * step, step,
                            line + margin + right * step);
            }
            blend(taps_.data(), weights_.data(), radius_, row_, data);
        }
    }

    void copy(const T* from, std::int64_t count, T* to) const noexcept {
        std::transform(from, from + count, to,
                       [limits = limits_](T value) { return limits.clip(value); });
    }

    const T*& tap(std::int64_t place) { return taps_[static_cast<std::size_t>(radius_ + place)]; }

    Planes<T> image_;
    Range<T> limits_;
    std::vector<T> weights_;
    std::int64_t radius_;
    std::vector<const T*> taps_;
    std::int64_t row_, height_;
};

}  // namespace

template <class T>
void blur(const Planes<T>& image, Range<T> limits, const std::vector<double>& weights) {
    Blur<T>(image, limits, weights).run();
}

template void blur(const Planes<float>&, Range<float>, const std::vector<double>&);
template void blur(const Planes<double>&, Range<double>, const std::vector<double>&);

}  // namespace batchwarp
