#include "warp/margins.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "runtime/scratch.hpp"

namespace batchwarp {
namespace {

// Whether interpolating between samples that are laid out is what the border does, and is quicker:
// kernels map reflections and `wrap` themselves, but repair other borders pixel by pixel.
bool is_laid_out(const BorderRule& border) noexcept {
    switch (border.coordinates) {
        case Extension::periodic:
            return border.taps == border.coordinates;
        case Extension::none:
            return border.taps == Extension::constant;
        case Extension::constant:
        case Extension::replicate:
        case Extension::half_symmetric:
        case Extension::whole_symmetric:
        case Extension::overlapping:
            return false;
    }
    return false;
}

// How far an axis of `n` samples is left by coordinates from `low` to `high`. A constant border is
// reached with the first sample beyond.
struct Reach {
    double before, after;

    Reach(double low, double high, std::int64_t n) noexcept
        : before(std::max(0.0, std::ceil(-low))),
          after(std::max(0.0, std::ceil(high - static_cast<double>(n - 1)))) {}
};

}  // namespace

std::optional<Margins> margins_of(const WarpGeometry& geometry, std::int64_t height,
                                  std::int64_t width, std::int64_t most) noexcept {
    if (geometry.order != 1 || geometry.projects || geometry.displacement != nullptr ||
        !is_laid_out(geometry.border))
        return std::nullopt;
    const Affine& a = geometry.affine;
    const double down = static_cast<double>(geometry.height - 1);
    const double across = static_cast<double>(geometry.width - 1);
    // The ends of what is added to a base by rows and by columns.
    const auto reach = [&](double base, double by_row, double by_column, std::int64_t n) {
        const double low = std::min(0.0, down * by_row) + std::min(0.0, across * by_column);
        const double high = std::max(0.0, down * by_row) + std::max(0.0, across * by_column);
        return Reach(base + low, base + high, n);
    };
    Reach y = reach(a.o0, a.m00, a.m01, height), x = reach(a.o1, a.m10, a.m11, width);
    const auto limit = static_cast<double>(most);
    if (geometry.border.taps == Extension::constant) {  // beyond the first one, all are alike
        y.before = std::min(y.before, 1.0);
        y.after = std::min(y.after, 1.0);
        x.before = std::min(x.before, 1.0);
        x.after = std::min(x.after, 1.0);
    }
    const double largest = std::max({y.before, y.after, x.before, x.after});
    if (!(largest <= limit)) return std::nullopt;
    const auto whole = [](double count) { return static_cast<std::int64_t>(count); };
    return Margins{whole(y.before), whole(y.after), whole(x.before), whole(x.after)};
}

ImageView with_margins(const float* rows, std::int64_t row_stride, const ImageView& image,
                       const Margins& margins, const WarpGeometry& geometry) {
    const std::int64_t channels = image.channels;
    const std::int64_t height = margins.top + image.height + margins.bottom;
    const std::int64_t width = margins.left + image.width + margins.right;
    const Extension taps = geometry.border.taps;
    const auto fill = static_cast<float>(geometry.cval);
    float* const made = Scratch::of_this_thread().surrounded.reserve(height * width * channels);
    const std::int64_t inner = image.width * channels, outer = width * channels;
    // Columns [begin, end) of what is around the image, from the row itself.
    const auto lay_out = [&](float* row, std::int64_t begin, std::int64_t end) {
        for (std::int64_t c = begin; c < end; ++c) {
            const std::int64_t tap = map_tap(c, image.width, taps);
            for (std::int64_t k = 0; k < channels; ++k)
                row[c * channels + k] = tap < 0 ? fill : row[tap * channels + k];
        }
    };
    float* to = made + margins.top * outer + margins.left * channels;
    for (std::int64_t r = 0; r < image.height; ++r, to += outer) {
        std::memcpy(to, rows + r * row_stride, static_cast<std::size_t>(inner) * sizeof(float));
        lay_out(to, -margins.left, 0);
        lay_out(to, image.width, image.width + margins.right);
    }
    const auto lay_out_row = [&](std::int64_t r) {
        float* const row = made + (margins.top + r) * outer;
        const std::int64_t tap = map_tap(r, image.height, taps);
        if (tap < 0)
            std::fill_n(row, outer, fill);
        else
            std::memcpy(row, made + (margins.top + tap) * outer,
                        static_cast<std::size_t>(outer) * sizeof(float));
    };
    for (std::int64_t r = -margins.top; r < 0; ++r) lay_out_row(r);
    for (std::int64_t r = image.height; r < image.height + margins.bottom; ++r) lay_out_row(r);
    ImageView view;
    view.data = reinterpret_cast<const std::byte*>(made);
    view.dtype = DType::f32;
    view.height = height;
    view.width = width;
    view.channels = channels;
    view.channel_stride = sizeof(float);
    view.pixel_stride = channels * view.channel_stride;
    view.row_stride = width * view.pixel_stride;
    return view;
}

}  // namespace batchwarp
