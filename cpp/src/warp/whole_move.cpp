#include "warp/whole_move.hpp"

#include <algorithm>
#include <cmath>
#include <type_traits>
#include <utility>

#include "pixels.hpp"
#include "runtime/scratch.hpp"

namespace batchwarp {
namespace {

constexpr std::int32_t outside = -1;

// The sample at a whole coordinate, or `outside`.
std::int32_t sample_at(std::int64_t coordinate, std::int64_t extent, BorderRule border) noexcept {
    const double at = map_coordinate(static_cast<double>(coordinate), extent, border.coordinates);
    if (border.coordinates == Extension::constant && at < 0) return outside;
    return static_cast<std::int32_t>(map_tap(static_cast<std::int64_t>(at), extent, border.taps));
}

// The part [begin, end) of `count` steps from `start` on that is in [0, extent).
std::pair<std::int64_t, std::int64_t> inside(std::int64_t start, std::int64_t step,
                                             std::int64_t count, std::int64_t extent) noexcept {
    const std::int64_t begin = step > 0 ? -start : start - (extent - 1);
    const std::int64_t end = step > 0 ? extent - start : start + 1;
    const std::int64_t first = std::clamp<std::int64_t>(begin, 0, count);
    return {first, std::clamp(end, first, count)};
}

ImageView turned(const ImageView& image) noexcept {
    ImageView view = image;
    std::swap(view.height, view.width);
    std::swap(view.row_stride, view.pixel_stride);
    return view;
}

}  // namespace

std::optional<WholeMove> whole_move(const WarpGeometry& g, const Size& source) noexcept {
    const Affine& a = g.affine;
    const bool turns = a.m00 == 0 && a.m11 == 0;
    const double down = turns ? a.m10 : a.m00, right = turns ? a.m01 : a.m11;
    if (g.projects || g.displacement != nullptr || !has_whole_steps(a)) return {};
    const double rows = turns ? a.o1 : a.o0, columns = turns ? a.o0 : a.o1;
    constexpr double most = 1 << 30;
    const bool is_near = std::abs(rows) < most && std::abs(columns) < most;  // NaN is not
    if (!is_near || rows != std::floor(rows) || columns != std::floor(columns) ||
        std::max(g.height, g.width) > std::int64_t{1} << 30 ||
        std::max(source.height, source.width) > std::int64_t{1} << 30)
        return {};
    const auto axis = [](double start, double step, bool flips, std::int64_t count) {
        const auto by = static_cast<std::int64_t>(step), at = static_cast<std::int64_t>(start);
        return flips ? std::pair(at + by * (count - 1), -by) : std::pair(at, by);
    };
    const auto [row, row_step] = axis(rows, down, g.flip_vertical, g.height);
    const auto [column, column_step] = axis(columns, right, g.flip_horizontal, g.width);
    if (g.order > 1) {
        const std::int64_t height = turns ? source.width : source.height;
        const std::int64_t width = turns ? source.height : source.width;
        const std::pair<std::int64_t, std::int64_t> all_rows{0, g.height}, all_columns{0, g.width};
        if (inside(row, row_step, g.height, height) != all_rows ||
            inside(column, column_step, g.width, width) != all_columns)
            return {};
    }
    return WholeMove{turns, row, row_step, column, column_step};
}

template <class T>
void move_pixels(const ImageView& source, const WholeMove& move, const WarpGeometry& g,
                 std::int64_t row_begin, std::int64_t row_end, T* out) {
    const ImageView image = move.turned ? turned(source) : source;
    const std::int64_t channels = image.channels, row_values = g.width * channels;
    const auto [left, right] = inside(move.column, move.column_step, g.width, image.width);
    // A part of one row, or more of them, from source pixel (y, x) on.
    const auto load = [&](std::int64_t y, std::int64_t x, std::int64_t rows, std::int64_t columns,
                          T* to) {
        ImageView part = image;
        part.data = image.at(y, x, 0);
        part.height = rows;
        part.width = columns;
        part.row_stride *= move.row_step;
        part.pixel_stride *= move.column_step;
        if constexpr (std::is_same_v<T, std::uint8_t>)
            pack_bytes(part, to);
        else
            load_pixels(part, to);
    };
    const auto column_at = [&](std::int64_t c) { return move.column + c * move.column_step; };
    const auto [top, bottom] = inside(move.row, move.row_step, g.height, image.height);
    if (left == 0 && right == g.width && top <= row_begin && row_end <= bottom)
        return load(move.row + row_begin * move.row_step, column_at(0), row_end - row_begin,
                    g.width, out);
    std::int32_t* samples = Scratch::of_this_thread().column_indices.reserve(g.width);
    for (std::int64_t c = 0; c < g.width; ++c)
        samples[c] = sample_at(column_at(c), image.width, g.border);
    const auto fill = [&](T* to, std::int64_t pixels) {
        std::fill_n(to, pixels * channels, static_cast<T>(g.cval));
    };
    std::int64_t above = outside;
    for (std::int64_t r = row_begin; r < row_end; ++r, out += row_values) {
        const std::int64_t y = sample_at(move.row + r * move.row_step, image.height, g.border);
        if (y == outside) {
            fill(out, g.width);
            continue;
        }
        if (y == above && r > row_begin) {
            std::copy_n(out - row_values, row_values, out);
            continue;
        }
        above = y;
        if (left < right) load(y, column_at(left), 1, right - left, out + left * channels);
        // Most pixels of an edge are in the row already.
        const auto edge = [&](std::int64_t begin, std::int64_t end) {
            for (std::int64_t c = begin; c < end; ++c) {
                if (samples[c] == outside) return fill(out + c * channels, end - c);
                const std::int64_t at = (samples[c] - move.column) * move.column_step;
                if (left <= at && at < right)
                    for (std::int64_t k = 0; k < channels; ++k)
                        out[c * channels + k] = out[at * channels + k];
                else
                    load(y, samples[c], 1, 1, out + c * channels);
            }
        };
        edge(0, left);
        edge(right, g.width);
    }
}

template void move_pixels(const ImageView&, const WholeMove&, const WarpGeometry&, std::int64_t,
                          std::int64_t, std::uint8_t*);
template void move_pixels(const ImageView&, const WholeMove&, const WarpGeometry&, std::int64_t,
                          std::int64_t, float*);
template void move_pixels(const ImageView&, const WholeMove&, const WarpGeometry&, std::int64_t,
                          std::int64_t, double*);

}  // namespace batchwarp
