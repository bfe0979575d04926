#include "resize/reduction.hpp"

#include <algorithm>
#include <type_traits>

#include "pixels.hpp"
#include "simd/kernels.hpp"

namespace batchwarp {
namespace {

// Vectors of four may be read from the last pixel of a row.
constexpr std::int64_t line_slack = 4;

ImageView part_of(const ImageView& image, const Window& window) noexcept {
    const Window inside = clipped(window, {image.height, image.width});
    ImageView part = image;
    part.data = image.at(inside.top, inside.left, 0);
    part.height = inside.height;
    part.width = inside.width;
    return part;
}

void blend_rows(const std::uint8_t* const* rows, const float* weights, std::int32_t taps,
                std::int64_t count, float* to) {
    kernels().blend_rows_u8(rows, weights, taps, count, to);
}

void blend_rows(const float* const* rows, const float* weights, std::int32_t taps,
                std::int64_t count, float* to) {
    kernels().blend_rows_f32(rows, weights, taps, count, to);
}

void blend_rows(const double* const* rows, const double* weights, std::int32_t taps,
                std::int64_t count, double* to) {
    std::fill_n(to, count, 0.0);
    for (std::int32_t t = 0; t < taps; ++t)
        for (std::int64_t i = 0; i < count; ++i) to[i] += weights[t] * rows[t][i];
}

void blend_pixels(const BasicBlendJob<float>& job) { kernels().blend_pixels(job); }

void blend_pixels(const BasicBlendJob<double>& job) {
    for (int line = 0; line < blend_lines; ++line) {
        double* to = job.target[line];
        for (std::int64_t x = 0; x < job.outputs; ++x)
            for (std::int64_t c = 0; c < job.channels; ++c) {
                double sum = 0;
                for (std::int64_t t = 0; t < job.taps[x]; ++t)
                    sum += job.weights[x * job.most + t] *
                           job.row[line][(job.first[x] + t) * job.channels + c];
                *to++ = sum;
            }
    }
}

// Whether the rows of an image are what the kernels read.
template <class S>
bool readable(const ImageView& image) noexcept {
    constexpr auto item = static_cast<std::int64_t>(sizeof(S));
    return image.has_packed_pixels() && image.row_stride % item == 0 &&
           reinterpret_cast<std::uintptr_t>(image.data) % sizeof(S) == 0;
}

}  // namespace

Window clipped(const Window& window, const Size& size) noexcept {
    // Bounds before sums: a window may be anywhere.
    const auto clip = [](std::int64_t& begin, std::int64_t& extent, std::int64_t most) {
        const std::int64_t from = std::clamp<std::int64_t>(begin, 0, most - 1);
        const std::int64_t reach = std::clamp<std::int64_t>(extent, 1, 2 * most);
        const std::int64_t end = std::clamp(begin, -2 * most, most) + reach;
        begin = from;
        extent = std::clamp(end, from + 1, most) - from;
    };
    Window inside = window;
    clip(inside.top, inside.height, size.height);
    clip(inside.left, inside.width, size.width);
    return inside;
}

template <class T>
Reduction<T>::Reduction(const ImageView& image, const Window& window, const Size& size,
                        bool flip_horizontal, bool flip_vertical)
    : part_(part_of(image, window)),
      size_(size),
      flip_vertical_(flip_vertical),
      vertical_(Interpolation::bilinear, part_.height, 0, part_.height, size.height),
      horizontal_(Interpolation::bilinear, part_.width, 0, part_.width, size.width) {
    tabulate(flip_horizontal);
}

template <class T>
void Reduction<T>::tabulate(bool flip) {
    const auto columns = static_cast<std::size_t>(size_.width);
    const auto most = static_cast<std::size_t>(horizontal_.most());
    first_.resize(columns);
    taps_.resize(columns);
    weights_.resize(columns * most);
    for (std::int64_t x = 0; x < size_.width; ++x) {
        const ExactTaps taps = horizontal_.exact(flip ? size_.width - 1 - x : x);
        const auto at = static_cast<std::size_t>(x);
        first_[at] = taps.first;
        taps_[at] = static_cast<std::int32_t>(taps.count);
        std::transform(taps.weights, taps.weights + taps.count, weights_.data() + at * most,
                       [](double weight) { return static_cast<T>(weight); });
    }
}

template <class T>
void Reduction<T>::make_rows(std::int64_t begin, std::int64_t end, T* out) {
    if (begin >= end) return;
    const auto item = static_cast<std::int64_t>(item_size(part_.dtype));
    if constexpr (std::is_same_v<T, float>) {
        if (part_.dtype == DType::u8 && readable<std::uint8_t>(part_))
            return make(begin, end, reinterpret_cast<const std::uint8_t*>(part_.data), 0,
                        part_.row_stride, out);
        if (part_.dtype == DType::f32 && readable<float>(part_))
            return make(begin, end, reinterpret_cast<const float*>(part_.data), 0,
                        part_.row_stride / item, out);
    }
    const std::int64_t one = filtered_row(begin), other = filtered_row(end - 1);
    const std::int64_t from = std::min(one, other), to = std::max(one, other);
    ImageView needed = part_;
    const std::int64_t first = vertical_.exact(from).first;
    const ExactTaps last = vertical_.exact(to);
    needed.data += first * part_.row_stride;
    needed.height = last.first + last.count - first;
    const std::int64_t row = part_.width * part_.channels;
    Scratch& scratch = Scratch::of_this_thread();
    T* values;
    if constexpr (std::is_same_v<T, float>)
        values = scratch.source.reserve(needed.height * row);
    else
        values = scratch.source64.reserve(needed.height * row);
    load_pixels(needed, values);
    // NOLINTNEXTLINE(readability-suspicious-call-argument)
    make(begin, end, values, first, row, out);
}

template <class T>
template <class S>
void Reduction<T>::make(std::int64_t begin, std::int64_t end, const S* values,
                        std::int64_t first_row, std::int64_t row_stride, T* out) {
    const std::int64_t count = part_.width * part_.channels;
    const std::int64_t target_row = size_.width * part_.channels;
    T* lines = lines_.reserve(blend_lines * (count + line_slack));
    T* weights = row_weights_.reserve(vertical_.most());
    std::vector<const S*> rows(static_cast<std::size_t>(vertical_.most()));
    BasicBlendJob<T> job{{},
                         {},
                         static_cast<std::int32_t>(part_.channels),
                         size_.width,
                         first_.data(),
                         taps_.data(),
                         weights_.data(),
                         horizontal_.most()};
    for (std::int64_t r = begin; r < end; r += blend_lines) {
        for (int k = 0; k < blend_lines; ++k) {
            if (r + k >= end) {  // rows that lack repeat the last
                job.row[k] = job.row[k - 1];
                job.target[k] = job.target[k - 1];
                continue;
            }
            T* line = lines + k * (count + line_slack);
            const ExactTaps taps = vertical_.exact(filtered_row(r + k));
            for (std::int64_t t = 0; t < taps.count; ++t) {
                weights[t] = static_cast<T>(taps.weights[t]);
                rows[static_cast<std::size_t>(t)] =
                    values + (taps.first + t - first_row) * row_stride;
            }
            blend_rows(rows.data(), weights, static_cast<std::int32_t>(taps.count), count, line);
            std::fill_n(line + count, line_slack, T{});
            job.row[k] = line;
            job.target[k] = out + (r + k - begin) * target_row;
        }
        blend_pixels(job);
    }
}

template class Reduction<float>;
template class Reduction<double>;

}  // namespace batchwarp
