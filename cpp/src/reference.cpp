#include "batchwarp/reference.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <optional>
#include <utility>
#include <vector>

#include "element.hpp"
#include "reference_colors.hpp"
#include "resize/reduction.hpp"
#include "spline/spline.hpp"
#include "warp/border.hpp"
#include "warp/projection.hpp"

// Kept simple on purpose: no table, no fusion, nothing shared with the fast paths but the
// definitions of the fill modes, of the spline weights, of windows, of horizons and of the element
// types. The CUDA kernels
// share what happens to one value, too.

namespace batchwarp {
namespace {

double get(const ImageView& image, std::int64_t r, std::int64_t c, std::int64_t k) {
    const std::byte* at = image.at(r, c, k);
    const auto as = [at](auto value) {
        std::memcpy(&value, at, sizeof value);
        return widen<double>(value);
    };
    switch (image.dtype) {
        case DType::u8:
            return as(std::uint8_t{});
        case DType::u16:
            return as(std::uint16_t{});
        case DType::f16:
            return as(Half{});
        case DType::f32:
            return as(float{});
        case DType::f64:
            return as(double{});
    }
    return 0;
}

void put(const MutableImageView& image, std::int64_t r, std::int64_t c, std::int64_t k, double v) {
    std::byte* at = image.at(r, c, k);
    const auto as = [at, v](auto type) {
        const auto value = narrow<decltype(type)>(v);
        std::memcpy(at, &value, sizeof value);
    };
    switch (image.dtype) {
        case DType::u8:
            return as(std::uint8_t{});
        case DType::u16:
            return as(std::uint16_t{});
        case DType::f16:
            return as(Half{});
        case DType::f32:
            return as(float{});
        case DType::f64:
            return as(double{});
    }
}

// One channel, with the margin that some modes get before they are filtered.
struct Channel {
    std::int64_t height, width, pad;
    std::vector<double> values;

    Channel(std::int64_t h, std::int64_t w, std::int64_t padding)
        : height(h), width(w), pad(padding), values(static_cast<std::size_t>(h * w)) {}

    double& at(std::int64_t r, std::int64_t c) {
        return values[static_cast<std::size_t>(r * width + c)];
    }
    double at(std::int64_t r, std::int64_t c) const {
        return values[static_cast<std::size_t>(r * width + c)];
    }
};

Channel read(const ImageView& source, std::int64_t k) {
    Channel ch(source.height, source.width, 0);
    for (std::int64_t r = 0; r < ch.height; ++r)
        for (std::int64_t c = 0; c < ch.width; ++c) ch.at(r, c) = get(source, r, c, k);
    return ch;
}

// What each of `extent` pixels weighs in output pixel `i` of `outputs`: a triangle about its centre
// that reaches one pixel to either side, of the output where the image shrinks.
std::vector<double> triangle(std::int64_t extent, std::int64_t outputs, std::int64_t i) {
    const double scale = static_cast<double>(extent) / static_cast<double>(outputs);
    const double centre = (static_cast<double>(i) + 0.5) * scale, reach = std::max(scale, 1.0);
    std::vector<double> weights;
    double sum = 0;
    for (std::int64_t p = 0; p < extent; ++p) {
        const double distance = std::abs(static_cast<double>(p) + 0.5 - centre) / reach;
        weights.push_back(std::max(0.0, 1 - distance));
        sum += weights.back();
    }
    for (double& weight : weights) weight /= sum;
    return weights;
}

Channel reduced(const Channel& from, const Window& whole, const Size& size) {
    const Window window = clipped(whole, {from.height, from.width});
    Channel wide(size.height, window.width, 0), to(size.height, size.width, 0);
    for (std::int64_t r = 0; r < size.height; ++r) {
        const std::vector<double> weights = triangle(window.height, size.height, r);
        for (std::int64_t c = 0; c < window.width; ++c)
            for (std::int64_t p = 0; p < window.height; ++p)
                if (const double weight = weights[static_cast<std::size_t>(p)]; weight > 0)
                    wide.at(r, c) += weight * from.at(window.top + p, window.left + c);
    }
    for (std::int64_t c = 0; c < size.width; ++c) {
        const std::vector<double> weights = triangle(window.width, size.width, c);
        for (std::int64_t r = 0; r < size.height; ++r)
            for (std::int64_t p = 0; p < window.width; ++p)
                if (const double weight = weights[static_cast<std::size_t>(p)]; weight > 0)
                    to.at(r, c) += weight * wide.at(r, p);
    }
    return to;
}

Channel filtered(const Channel& from, const PlanOptions& o) {
    const BorderRule border = border_rule(o.fill_mode);
    const std::int64_t pad = spline_padding(o.order, border);
    Channel ch(from.height + 2 * pad, from.width + 2 * pad, pad);
    for (std::int64_t r = 0; r < ch.height; ++r)
        for (std::int64_t c = 0; c < ch.width; ++c) {
            const std::int64_t sr = std::clamp<std::int64_t>(r - pad, 0, from.height - 1);
            const std::int64_t sc = std::clamp<std::int64_t>(c - pad, 0, from.width - 1);
            const bool inside = sr == r - pad && sc == c - pad;
            ch.at(r, c) = inside || border.taps != Extension::constant ? from.at(sr, sc) : o.cval;
        }
    if (o.order > 1)
        spline_prefilter(ch.values.data(), ch.height, ch.width, 1, o.order, border.filter);
    return ch;
}

using Place = std::pair<double, double>;  // y, x

// B-splines of order 1 and 3, by the distance from their centre.
double weight(int order, double distance) {
    const double d = std::abs(distance);
    if (order == 1) return std::max(0.0, 1 - d);
    return d < 1 ? 2.0 / 3 - d * d + d * d * d / 2 : std::pow(std::max(0.0, 2 - d), 3) / 6;
}

// All points of a field.
class Points {
  public:
    explicit Points(const Field& field)
        : field_(field),
          width_(static_cast<std::int64_t>(field.x.origin + field.x.extent) + 3),
          height_(static_cast<std::int64_t>(field.y.origin + field.y.extent) + 3),
          values_(2, std::vector<double>(static_cast<std::size_t>(height_ * width_))) {
        for (std::int64_t i = 0; i < height_; ++i)
            field.points(field, i, width_, &values_[0][index(i, 0)], &values_[1][index(i, 0)]);
    }

    // How far a place is displaced: the points around it, each by its weight.
    Place at(double y, double x) const {
        const double v = point(y, field_.y), u = point(x, field_.x);
        Place sum{0, 0};
        const auto first = [](double at) {
            return std::max<std::int64_t>(0, static_cast<std::int64_t>(at) - 1);
        };
        for (std::int64_t i = first(v); i < std::min(height_, first(v) + 5); ++i)
            for (std::int64_t j = first(u); j < std::min(width_, first(u) + 5); ++j) {
                const double by = weight(field_.order, v - static_cast<double>(i)) *
                                  weight(field_.order, u - static_cast<double>(j));
                sum.first += by * values_[0][index(i, j)];
                sum.second += by * values_[1][index(i, j)];
            }
        return sum;
    }

  private:
    static double point(double place, const Field::Axis& axis) {
        return axis.origin + std::clamp(place * axis.density, 0.0, axis.extent);
    }
    std::size_t index(std::int64_t i, std::int64_t j) const {
        return static_cast<std::size_t>(i * width_ + j);
    }

    const Field& field_;
    std::int64_t width_, height_;
    std::vector<std::vector<double>> values_;  // down, right
};

// Where a pixel comes from that has been mirrored already.
Place place(const Coordinates& from, const std::optional<Points>& points, double r, double c) {
    double y = from.affine.y(r, c), x = from.affine.x(r, c), w = from.divisor.at(r, c);
    if (points) {
        const auto& [field, to, on] = from.displacement;
        const auto line = [&](int i) { return to.m[i][0] * r + to.m[i][1] * c + to.m[i][2]; };
        const double by_w = line(2), v = by_w == 1 ? line(0) : projected(line(0), by_w);
        const double u = by_w == 1 ? line(1) : projected(line(1), by_w);
        const auto [down, right] = points->at(v, u);
        y += by_w * (on.m[0][0] * down + on.m[0][1] * right);
        x += by_w * (on.m[1][0] * down + on.m[1][1] * right);
        w += by_w * (on.m[2][0] * down + on.m[2][1] * right);
    }
    if (!from.projects) return {y, x};
    return {projected(y, w), projected(x, w)};
}

double sample(const Channel& ch, double y, double x, const PlanOptions& o) {
    const BorderRule border = border_rule(o.fill_mode);
    double at[2] = {bounded_coordinate(y) + static_cast<double>(ch.pad),
                    bounded_coordinate(x) + static_cast<double>(ch.pad)};
    const std::int64_t extent[2] = {ch.height, ch.width};
    double weights[2][max_order + 1];
    std::int64_t first[2];
    for (int axis = 0; axis < 2; ++axis) {
        at[axis] = map_coordinate(at[axis], extent[axis], border.coordinates);
        if (border.coordinates == Extension::constant && !(at[axis] > -1)) return o.cval;
        spline_weights(at[axis], o.order, weights[axis]);
        first[axis] = first_tap(at[axis], o.order);
    }
    double sum = 0;
    for (int i = 0; i <= o.order; ++i)
        for (int j = 0; j <= o.order; ++j) {
            const std::int64_t r = map_tap(first[0] + i, ch.height, border.taps);
            const std::int64_t c = map_tap(first[1] + j, ch.width, border.taps);
            const double value = r >= 0 && c >= 0 ? ch.at(r, c) : o.cval;
            sum += o.order == 0 ? value : value * weights[0][i] * weights[1][j];
        }
    return sum;
}

// Packed images of doubles, channels last.
MutableImageView view_of(std::vector<double>& image, const Plan& plan) {
    const auto item = static_cast<std::int64_t>(sizeof(double));
    const std::int64_t channels = plan.options().channels, width = plan.target_width();
    return {reinterpret_cast<std::byte*>(image.data()),
            DType::f64,
            plan.target_height(),
            width,
            channels,
            item * channels * width,
            item * channels,
            item};
}

// Of a plan without a mixture.
void reference_image(const Plan& plan, const ImageView& source, const double* row,
                     const MutableImageView& target) {
    const PlanOptions& o = plan.options();
    const Normalization& n = plan.normalization();
    const Coordinates from = plan.coordinates(row);
    // Keras holds the image in the target's type from here on.
    const bool is_double = target.dtype == DType::f64;
    const bool is_bytes = target.dtype == DType::u8;
    const bool rounds = is_bytes && o.round_bytes;
    const auto hold = [is_double](double v) {
        return is_double ? v : static_cast<double>(static_cast<float>(v));
    };

    std::optional<Points> points;
    if (from.displaces) points.emplace(from.displacement.field);
    std::vector<double> image(static_cast<std::size_t>(plan.target_elements()));
    const std::int64_t height = plan.target_height(), width = plan.target_width();
    const auto at = [&](std::int64_t r, std::int64_t c, std::int64_t k) -> double& {
        return image[static_cast<std::size_t>((r * width + c) * o.channels + k)];
    };
    for (std::int64_t k = 0; k < o.channels; ++k) {
        const Channel whole = read(source, k);
        const Channel samples = from.reduces ? reduced(whole, from.window, from.reduced) : whole;
        const Channel channel = from.warps ? filtered(samples, o) : samples;
        for (std::int64_t r = 0; r < height; ++r)
            for (std::int64_t c = 0; c < width; ++c) {
                const std::int64_t rr = from.flip_vertical ? height - 1 - r : r;
                const std::int64_t cc = from.flip_horizontal ? width - 1 - c : c;
                const auto [y, x] =
                    place(from, points, static_cast<double>(rr), static_cast<double>(cc));
                double v = from.warps ? sample(channel, y, x, o) : channel.at(rr, cc);
                if (is_bytes && !rounds && (from.warps || from.reduces)) v = rounded_to_byte(v);
                at(r, c, k) = hold(v);
            }
    }

    reference_colors(plan, row, is_double, image);

    for (double& v : image) v *= n.rescale;
    const auto count = static_cast<double>(image.size());
    if (plan.needs_moments()) {
        double mean = 0, squares = 0;
        for (const double v : image) mean += v / count;
        for (const double v : image) squares += (v - mean) * (v - mean) / count;
        for (double& v : image) {
            if (n.samplewise_center) v -= mean;
            if (n.samplewise_std) v /= std::sqrt(squares) + 1e-6;
        }
    }
    for (std::int64_t r = 0; r < height; ++r)
        for (std::int64_t c = 0; c < width; ++c)
            for (std::int64_t k = 0; k < o.channels; ++k) {
                const double v = (at(r, c, k) - plan.mean(k)) / plan.std(k);
                put(target, r, c, k, rounds ? rounded_to_byte(v) : v);
            }
}

void reference_mixture(const Plan& plan, const ImageView& source, const double* row,
                       const MutableImageView& target) {
    const Mixture& mixture = *plan.mixture();
    const double* weights = (row != nullptr ? row : plan.neutral_row().data()) + mixture.column;
    std::vector<double> sum(static_cast<std::size_t>(plan.target_elements())), image(sum.size());
    double total = 0;
    for (const Plan& chain : mixture.chains) {
        const double weight = *weights++;
        reference_image(chain, source, row, view_of(image, plan));
        for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += weight * image[i];
        total += weight;
    }
    for (double& value : sum) {
        value /= total;
        if (target.dtype == DType::u8 && !plan.options().round_bytes)
            value = rounded_to_byte(value);
    }
    reference_image(mixture.rest, view_of(sum, plan), row, target);
}

}  // namespace

void reference_augment(const Plan& plan, const ImageView& source, const double* row,
                       const MutableImageView& target) {
    if (plan.mixture() != nullptr)
        reference_mixture(plan, source, row, target);
    else
        reference_image(plan, source, row, target);
}

}  // namespace batchwarp
