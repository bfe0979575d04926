#include "batchwarp/reference.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "border.hpp"
#include "half.hpp"
#include "spline.hpp"

// Kept simple on purpose: no table, no fusion, nothing shared with the fast paths but the
// definitions of the fill modes and of the spline weights.

namespace batchwarp {
namespace {

double get(const ImageView& image, std::int64_t r, std::int64_t c, std::int64_t k) {
    const std::byte* at = image.at(r, c, k);
    const auto as = [at](auto value) {
        std::memcpy(&value, at, sizeof value);
        return value;
    };
    switch (image.dtype) {
        case DType::u8:
            return as(std::uint8_t{});
        case DType::u16:
            return as(std::uint16_t{});
        case DType::f16:
            return to_float(as(Half{}));
        case DType::f32:
            return as(float{});
        case DType::f64:
            return as(double{});
    }
    return 0;
}

void put(const MutableImageView& image, std::int64_t r, std::int64_t c, std::int64_t k, double v) {
    std::byte* at = image.at(r, c, k);
    const auto as = [at](auto value) { std::memcpy(at, &value, sizeof value); };
    switch (image.dtype) {
        case DType::u8:
            return as(static_cast<std::uint8_t>(std::clamp(v, 0.0, 255.0)));
        case DType::u16:
            return as(static_cast<std::uint16_t>(std::clamp(v, 0.0, 65535.0)));
        case DType::f16:
            return as(to_half(static_cast<float>(v)));
        case DType::f32:
            return as(static_cast<float>(v));
        case DType::f64:
            return as(v);
    }
}

// One channel, with the margin that some modes get before they are filtered.
struct Channel {
    std::int64_t height, width, pad;
    std::vector<double> values;

    double& at(std::int64_t r, std::int64_t c) {
        return values[static_cast<std::size_t>(r * width + c)];
    }
};

Channel spline_channel(const ImageView& source, std::int64_t k, const PlanOptions& o) {
    const std::int64_t pad = spline_padding(o.order, o.fill_mode);
    Channel ch{source.height + 2 * pad, source.width + 2 * pad, pad, {}};
    ch.values.resize(static_cast<std::size_t>(ch.height * ch.width));
    for (std::int64_t r = 0; r < ch.height; ++r)
        for (std::int64_t c = 0; c < ch.width; ++c) {
            const std::int64_t sr = std::clamp<std::int64_t>(r - pad, 0, source.height - 1);
            const std::int64_t sc = std::clamp<std::int64_t>(c - pad, 0, source.width - 1);
            const bool inside = sr == r - pad && sc == c - pad;
            ch.at(r, c) =
                inside || o.fill_mode != FillMode::grid_constant ? get(source, sr, sc, k) : o.cval;
        }
    if (o.order > 1)
        spline_prefilter(ch.values.data(), ch.height, ch.width, 1, o.order, o.fill_mode);
    return ch;
}

double sample(Channel& ch, double y, double x, const PlanOptions& o) {
    const FillMode mode = canonical(o.fill_mode);
    double at[2] = {bounded_coordinate(y) + static_cast<double>(ch.pad),
                    bounded_coordinate(x) + static_cast<double>(ch.pad)};
    const std::int64_t extent[2] = {ch.height, ch.width};
    double weights[2][max_order + 1];
    std::int64_t first[2];
    for (int axis = 0; axis < 2; ++axis) {
        if (mode != FillMode::nearest && mode != FillMode::grid_constant) {
            at[axis] = map_coordinate(at[axis], extent[axis], mode);
            if (!(at[axis] > -1)) return o.cval;
        }
        spline_weights(at[axis], o.order, weights[axis]);
        first[axis] = first_tap(at[axis], o.order);
    }
    double sum = 0;
    for (int i = 0; i <= o.order; ++i)
        for (int j = 0; j <= o.order; ++j) {
            std::int64_t r = first[0] + i, c = first[1] + j;
            double value = o.cval;
            if (mode != FillMode::grid_constant) {
                r = map_tap(r, ch.height, tap_mode(mode));
                c = map_tap(c, ch.width, tap_mode(mode));
                value = ch.at(r, c);
            } else if (r >= 0 && r < ch.height && c >= 0 && c < ch.width) {
                value = ch.at(r, c);
            }
            sum += o.order == 0 ? value : value * weights[0][i] * weights[1][j];
        }
    return sum;
}

}  // namespace

void reference_augment(const Plan& plan, const ImageView& source, const TransformParams* params,
                       const MutableImageView& target) {
    const PlanOptions& o = plan.options();
    const TransformParams p = params != nullptr ? *params : TransformParams();
    Affine affine;
    const bool warps = affine_from_params(p, o.height, o.width, affine);
    // Keras holds the image in the target's type from here on.
    const bool is_double = target.dtype == DType::f64;
    const bool is_bytes = target.dtype == DType::u8;
    const auto hold = [is_double](double v) {
        return is_double ? v : static_cast<double>(static_cast<float>(v));
    };

    std::vector<double> image(static_cast<std::size_t>(plan.elements()));
    const auto at = [&](std::int64_t r, std::int64_t c, std::int64_t k) -> double& {
        return image[static_cast<std::size_t>((r * o.width + c) * o.channels + k)];
    };
    for (std::int64_t k = 0; k < o.channels; ++k) {
        Channel channel = warps ? spline_channel(source, k, o) : Channel{};
        for (std::int64_t r = 0; r < o.height; ++r)
            for (std::int64_t c = 0; c < o.width; ++c) {
                const std::int64_t rr = p.flip_vertical != 0 ? o.height - 1 - r : r;
                const std::int64_t cc = p.flip_horizontal != 0 ? o.width - 1 - c : c;
                if (!warps) {
                    at(r, c, k) = hold(get(source, rr, cc, k));
                    continue;
                }
                const double y = affine.y(static_cast<double>(rr), static_cast<double>(cc));
                const double x = affine.x(static_cast<double>(rr), static_cast<double>(cc));
                double v = sample(channel, y, x, o);
                if (is_bytes) v = std::floor(std::clamp(v > 0 ? v + 0.5 : 0.0, 0.0, 255.0));
                at(r, c, k) = hold(v);
            }
    }

    if (p.has_channel_shift()) {
        const double low = *std::min_element(image.begin(), image.end());
        const double high = *std::max_element(image.begin(), image.end());
        const double amount = hold(p.channel_shift);
        for (double& v : image) v = std::clamp(hold(v + amount), low, high);
    }
    if (p.has_brightness()) {
        const double low = *std::min_element(image.begin(), image.end());
        const double high = *std::max_element(image.begin(), image.end());
        const bool stretch = low < 0 || high > 255;
        const double range = hold(high - low);
        const float factor = static_cast<float>(p.brightness);
        for (std::size_t i = 0; i < image.size(); ++i) {
            double v = image[i];
            if (stretch) {
                v = hold(v - low);
                if (range != 0) v = hold(v / range);
                v = hold(v * 255);
            }
            const int byte = static_cast<int>(std::clamp(v, 0.0, 255.0));
            const bool alpha = o.channels == 4 && i % 4 == 3;
            const float blended =
                alpha ? static_cast<float>(byte) : factor * static_cast<float>(byte);
            v = static_cast<int>(std::clamp(blended, 0.0f, 255.0f));
            image[i] = stretch ? hold(hold(hold(v / 255) * range) + low) : v;
        }
    }

    for (double& v : image) v *= o.rescale;
    const auto n = static_cast<double>(image.size());
    if (plan.samplewise()) {
        double mean = 0, squares = 0;
        for (const double v : image) mean += v / n;
        for (const double v : image) squares += (v - mean) * (v - mean) / n;
        for (double& v : image) {
            if (o.samplewise_center) v -= mean;
            if (o.samplewise_std) v /= std::sqrt(squares) + 1e-6;
        }
    }
    for (std::int64_t r = 0; r < o.height; ++r)
        for (std::int64_t c = 0; c < o.width; ++c)
            for (std::int64_t k = 0; k < o.channels; ++k)
                put(target, r, c, k, (at(r, c, k) - plan.mean(k)) / plan.std(k));
}

}  // namespace batchwarp
