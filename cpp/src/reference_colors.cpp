#include "reference_colors.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <numbers>
#include <string_view>
#include <utility>

#include "batchwarp/philox.hpp"
#include "ops/list.hpp"
#include "reference_jpeg.hpp"

// Written from what the operations are said to do, one pixel at a time: no matrix, no table, no
// kernel. Only Keras' own are the functions that kernels call, too: they are tested against Keras.

namespace batchwarp {
namespace {

using Row = const double*;
using Color = std::array<double, 3>;

// An image with what a step knows beside its parameters.
struct Picture {
    std::vector<double>& values;
    std::int64_t height, width, channels;
    double low, high;
    const std::vector<double>& constants;

    std::size_t size() const { return values.size(); }
    std::int64_t pixels() const { return height * width; }
    double& at(std::int64_t pixel, std::int64_t channel) const {
        return values[static_cast<std::size_t>(pixel * channels + channel)];
    }
    // Values from 0 to 1.
    double unit(double value) const { return (value - low) / (high - low); }
    double value(double unit) const { return low + unit * (high - low); }
    // The nearest of 256, halves up.
    std::int64_t level(double value) const {
        return static_cast<std::int64_t>(std::floor(255 * unit(value) + 0.5));
    }

    template <class F>
    void each_value(F&& change) const {
        for (double& value : values) value = change(value);
    }
    template <class F>
    void each_color(F&& change) const {
        for (std::int64_t p = 0; p < pixels(); ++p) {
            const Color color = change(Color{at(p, 0), at(p, 1), at(p, 2)});
            std::copy(color.begin(), color.end(), &at(p, 0));
        }
    }
};

double grey(const Color& color) { return 0.299 * color[0] + 0.587 * color[1] + 0.114 * color[2]; }

void brightness(const Picture& picture, Row row) {
    picture.each_value([&](double v) { return picture.low + row[0] * (v - picture.low); });
}

void contrast(const Picture& picture, Row row) {
    double sum = 0;
    for (std::int64_t p = 0; p < picture.pixels(); ++p)
        if (picture.channels == 3)
            sum += grey({picture.at(p, 0), picture.at(p, 1), picture.at(p, 2)});
        else
            for (std::int64_t c = 0; c < picture.channels; ++c)
                sum += picture.at(p, c) / static_cast<double>(picture.channels);
    const double mean = sum / static_cast<double>(picture.pixels());
    picture.each_value([&](double v) { return mean + row[0] * (v - mean); });
}

void saturation(const Picture& picture, Row row) {
    picture.each_color([&](Color color) {
        const double g = grey(color);
        for (double& v : color) v = g + row[0] * (v - g);
        return color;
    });
}

// Solves the three equations of YIQ for red, green and blue, by Cramer's rule.
Color from_yiq(double y, double i, double q) {
    const double m[3][3] = {{0.299, 0.587, 0.114}, {0.596, -0.274, -0.322}, {0.211, -0.523, 0.312}};
    const double right[3] = {y, i, q};
    const auto determinant = [&](int replaced) {
        double a[3][3];
        for (int r = 0; r < 3; ++r)
            for (int c = 0; c < 3; ++c) a[r][c] = c == replaced ? right[r] : m[r][c];
        return a[0][0] * (a[1][1] * a[2][2] - a[1][2] * a[2][1]) -
               a[0][1] * (a[1][0] * a[2][2] - a[1][2] * a[2][0]) +
               a[0][2] * (a[1][0] * a[2][1] - a[1][1] * a[2][0]);
    };
    const double all = determinant(-1);
    return {determinant(0) / all, determinant(1) / all, determinant(2) / all};
}

void hue(const Picture& picture, Row row) {
    const double angle = 2 * std::numbers::pi * row[0];
    picture.each_color([&](const Color& color) {
        const double i = 0.596 * color[0] - 0.274 * color[1] - 0.322 * color[2];
        const double q = 0.211 * color[0] - 0.523 * color[1] + 0.312 * color[2];
        return from_yiq(grey(color), i * std::cos(angle) + q * std::sin(angle),
                        q * std::cos(angle) - i * std::sin(angle));
    });
}

void grayscale(const Picture& picture, Row) {
    picture.each_color([](const Color& color) {
        const double g = grey(color);
        return Color{g, g, g};
    });
}

void invert(const Picture& picture, Row) {
    picture.each_value([&](double v) { return picture.low + picture.high - v; });
}

void channel_shift(const Picture& picture, Row row) {
    for (std::int64_t p = 0; p < picture.pixels(); ++p)
        for (std::int64_t c = 0; c < std::min<std::int64_t>(3, picture.channels); ++c)
            picture.at(p, c) += row[c] * (picture.high - picture.low);
}

void channel_drop(const Picture& picture, Row row) {
    for (std::int64_t p = 0; p < picture.pixels(); ++p)
        picture.at(p, static_cast<std::int64_t>(row[0])) = picture.low;
}

// Red, green and blue to hue, saturation and value, and back, as textbooks have it.
void hue_hsv(const Picture& picture, Row row) {
    picture.each_color([&](Color color) {
        for (double& v : color) v = picture.unit(v);
        const double value = *std::max_element(color.begin(), color.end());
        const double chroma = value - *std::min_element(color.begin(), color.end());
        if (chroma == 0)
            return Color{picture.value(value), picture.value(value), picture.value(value)};
        double degrees = 0;
        if (value == color[0])
            degrees = 60 * (color[1] - color[2]) / chroma;
        else if (value == color[1])
            degrees = 120 + 60 * (color[2] - color[0]) / chroma;
        else
            degrees = 240 + 60 * (color[0] - color[1]) / chroma;
        degrees = std::fmod(degrees + 360 * row[0] + 720, 360);
        const double least = value - chroma;
        const double between = chroma * (1 - std::abs(std::fmod(degrees / 60, 2) - 1)) + least;
        constexpr int most[6] = {0, 1, 1, 2, 2, 0}, middle[6] = {1, 0, 2, 1, 0, 2};
        const auto sector = static_cast<std::size_t>(degrees / 60);
        Color result = {least, least, least};
        result[static_cast<std::size_t>(most[sector])] = value;
        result[static_cast<std::size_t>(middle[sector])] = between;
        for (double& v : result) v = picture.value(v);
        return result;
    });
}

void gamma(const Picture& picture, Row row) {
    picture.each_value([&](double v) { return picture.value(std::pow(picture.unit(v), row[0])); });
}

void solarize(const Picture& picture, Row row) {
    picture.each_value(
        [&](double v) { return picture.unit(v) >= row[0] ? picture.low + picture.high - v : v; });
}

void posterize(const Picture& picture, Row row) {
    const double extent = picture.high - picture.low, levels = std::exp2(std::round(row[0]));
    const double step = (extent == 255 || extent == 65535 ? extent + 1 : extent) / levels;
    picture.each_value([&](double v) {
        return picture.low + std::min(std::floor((v - picture.low) / step), levels - 1) * step;
    });
}

// Calls `change` with the numbers of each channel's values.
template <class F>
void each_channel(const Picture& picture, F&& change) {
    for (std::int64_t c = 0; c < picture.channels; ++c) {
        std::vector<double> channel;
        channel.reserve(static_cast<std::size_t>(picture.pixels()));
        for (std::int64_t p = 0; p < picture.pixels(); ++p) channel.push_back(picture.at(p, c));
        change(channel);
        for (std::int64_t p = 0; p < picture.pixels(); ++p)
            picture.at(p, c) = channel[static_cast<std::size_t>(p)];
    }
}

void autocontrast(const Picture& picture, Row) {
    each_channel(picture, [&](std::vector<double>& channel) {
        const auto [least, most] = std::minmax_element(channel.begin(), channel.end());
        const double low = *least, high = *most, extent = picture.high - picture.low;
        if (high - low < extent / 65536) return;
        for (double& v : channel) v = picture.low + (v - low) * extent / (high - low);
    });
}

void equalize(const Picture& picture, Row) {
    each_channel(picture, [&](std::vector<double>& channel) {
        const auto level = [&](double v) { return picture.level(v); };
        std::map<std::int64_t, std::int64_t> counts, before;
        for (const double v : channel) ++counts[level(v)];
        std::int64_t all = 0;
        for (const auto& [l, count] : counts) {
            before[l] = all;
            all += count;
        }
        const std::int64_t step = (all - counts.rbegin()->second) / 255;
        if (step == 0) return;
        std::vector<double> result;
        result.reserve(channel.size());
        for (const double v : channel) {
            const auto to = static_cast<double>(
                std::min<std::int64_t>(255, (before[level(v)] + step / 2) / step));
            result.push_back(picture.low + to * (picture.high - picture.low) / 255);
        }
        channel = std::move(result);
    });
}

void sharpen(const Picture& picture, Row row) {
    const std::vector<double> before = picture.values;
    const auto at = [&](std::int64_t r, std::int64_t c, std::int64_t k) {
        return before[static_cast<std::size_t>((r * picture.width + c) * picture.channels + k)];
    };
    for (std::int64_t r = 1; r + 1 < picture.height; ++r)
        for (std::int64_t c = 1; c + 1 < picture.width; ++c)
            for (std::int64_t k = 0; k < picture.channels; ++k) {
                double smooth = 4 * at(r, c, k) / 13;
                for (std::int64_t y = r - 1; y <= r + 1; ++y)
                    for (std::int64_t x = c - 1; x <= c + 1; ++x) smooth += at(y, x, k) / 13;
                const double v = smooth + row[0] * (at(r, c, k) - smooth);
                picture.at(r * picture.width + c, k) = std::clamp(v, picture.low, picture.high);
            }
}

// Where the pixels around one of a line are, mirrored where they are beyond its ends, and what each
// weighs.
std::vector<std::pair<std::int64_t, double>> gaussian(std::int64_t extent, std::int64_t middle,
                                                      double sigma, std::int64_t radius) {
    std::vector<std::pair<std::int64_t, double>> taps;
    double sum = 0;
    for (std::int64_t k = -radius; k <= radius; ++k) {
        std::int64_t at = extent > 1 ? middle + k : 0;
        while (at < 0 || at >= extent) at = at < 0 ? -at : 2 * (extent - 1) - at;
        taps.emplace_back(at, std::exp(-0.5 * std::pow(static_cast<double>(k) / sigma, 2)));
        sum += taps.back().second;
    }
    for (auto& [at, weight] : taps) weight /= sum;
    return taps;
}

void gaussian_blur(const Picture& picture, Row row) {
    const auto size = static_cast<std::int64_t>(picture.constants[0]);
    const auto radius =
        size > 0 ? size / 2 : static_cast<std::int64_t>(std::ceil(3 * std::abs(row[0])));
    const auto blur = [&](std::int64_t lines, std::int64_t next_line, std::int64_t extent,
                          std::int64_t next) {
        const std::vector<double> before = picture.values;
        for (std::int64_t middle = 0; middle < extent; ++middle) {
            const auto taps = gaussian(extent, middle, row[0], radius);
            for (std::int64_t line = 0; line < lines; ++line)
                for (std::int64_t k = 0; k < picture.channels; ++k) {
                    double mean = 0;
                    for (const auto& [at, weight] : taps) {
                        const std::int64_t pixel = line * next_line + at * next;
                        mean +=
                            weight * before[static_cast<std::size_t>(pixel * picture.channels + k)];
                    }
                    picture.at(line * next_line + middle * next, k) = mean;
                }
        }
    };
    blur(picture.width, 1, picture.height, picture.width);
    blur(picture.height, picture.width, picture.width, 1);
}

// Words of Philox make two normal numbers each two, by Box and Muller, and 64 counters stand side
// by side.
void gaussian_noise(const Picture& picture, Row row) {
    const PhiloxKey key{{static_cast<std::uint32_t>(row[1]), static_cast<std::uint32_t>(row[2])}};
    for (std::size_t i = 0; i < picture.size(); ++i) {
        const auto counter = static_cast<std::uint32_t>(i / 256 * 64 + i % 64);
        const std::size_t part = i % 256 / 64;
        const PhiloxCounter words = philox({{counter, 0, 0, 0}}, key);
        const std::uint32_t a = words.words[part / 2 * 2], b = words.words[part / 2 * 2 + 1];
        const double u = (std::floor(a / 512.0) + 0.5) / 8388608;
        double t = b % 1073741824 / 536870912.0;  // 30 bits with a sign, from -1 to 1
        if (t >= 1) t -= 2;
        const double angle = std::numbers::pi / 4 * (1 + t);
        const bool minus = part % 2 == 0 ? b >= 2147483648U : b / 1073741824 % 2 == 1;
        const double normal =
            std::sqrt(-2 * std::log(u)) * (part % 2 == 0 ? std::cos(angle) : std::sin(angle));
        picture.values[i] += row[0] * (picture.high - picture.low) * (minus ? -normal : normal);
    }
}

void jpeg_compression(const Picture& picture, Row row) {
    std::vector<std::int64_t> levels;
    levels.reserve(picture.size());
    for (const double v : picture.values) levels.push_back(picture.level(v));
    reference_jpeg(levels, picture.height, picture.width, picture.channels, std::lrint(row[0]));
    for (std::size_t i = 0; i < levels.size(); ++i)
        picture.values[i] =
            picture.low + static_cast<double>(levels[i]) * (picture.high - picture.low) / 255;
}

void erase(const Picture& picture, Row row) {
    for (std::int64_t p = 0; p < picture.pixels(); ++p) {
        const std::int64_t r = p / picture.width, c = p % picture.width;
        const double y = static_cast<double>(r) - std::trunc(row[0]);
        const double x = static_cast<double>(c) - std::trunc(row[1]);
        if (y < 0 || y >= std::trunc(row[2]) || x < 0 || x >= std::trunc(row[3])) continue;
        for (std::int64_t k = 0; k < picture.channels; ++k)
            picture.at(p, k) = picture.constants[static_cast<std::size_t>(k)];
    }
}

void erase_grid(const Picture& picture, Row row) {
    const double unit = std::trunc(row[2]), hole = std::trunc(row[3]);
    const auto within = [&](std::int64_t at, double first) {
        const double behind = std::fmod(static_cast<double>(at) - std::trunc(first), unit);
        return (behind < 0 ? behind + unit : behind) < hole;
    };
    for (std::int64_t p = 0; p < picture.pixels(); ++p) {
        if (!within(p / picture.width, row[0]) || !within(p % picture.width, row[1])) continue;
        for (std::int64_t k = 0; k < picture.channels; ++k)
            picture.at(p, k) = picture.constants[static_cast<std::size_t>(k)];
    }
}

// What an operation asks of values that may be beyond the range: that they are within, that they
// are if something may have led them there, or nothing.
enum class Asks { within, within_if_led, nothing };

struct Change {
    void (*change)(const Picture& picture, Row row);
    Asks asks = Asks::within;
    bool leads_beyond = false;
};

constexpr Change linear(void (*change)(const Picture& picture, Row row)) {
    return {change, Asks::nothing, true};
}

const std::map<std::string_view, Change>& all_changes() {
    static const std::map<std::string_view, Change> changes = {
        {"autocontrast", {autocontrast}},
        {"brightness", linear(brightness)},
        {"channel_drop", linear(channel_drop)},
        {"channel_shift", linear(channel_shift)},
        {"contrast", linear(contrast)},
        {"equalize", {equalize}},
        {"erase", {erase, Asks::within_if_led}},
        {"erase_grid", {erase_grid, Asks::within_if_led}},
        {"erase_square", {erase, Asks::within_if_led}},
        {"gamma", {gamma}},
        {"gaussian_blur", {gaussian_blur}},
        {"gaussian_noise", {gaussian_noise, Asks::within_if_led, true}},
        {"grayscale", linear(grayscale)},
        {"hue", linear(hue)},
        {"hue_hsv", {hue_hsv}},
        {"invert", linear(invert)},
        {"jpeg_compression", {jpeg_compression}},
        {"posterize", {posterize}},
        {"saturation", linear(saturation)},
        {"sharpen", {sharpen}},
        {"solarize", {solarize}},
    };
    return changes;
}

// Keras' own. T is what Keras holds the image in, and `values` are of it.
template <class T>
void change_as_keras(const Step& step, Row row, std::int64_t channels,
                     std::vector<double>& values) {
    ops::Context<T> context{static_cast<int>(channels), Range<T>::none()};
    for (const double v : values) context.range.include(static_cast<T>(v));
    ops::All::visit(step.operation, [&](auto op) {
        using Op = decltype(op);
        if constexpr (ops::ChangesPixels<Op>) {
            const ops::FunctionOf<Op, T> function(row, context);
            if constexpr (ops::OfValue<ops::FunctionOf<Op, T>, T>)
                for (std::size_t i = 0; i < values.size(); ++i)
                    values[i] = function(static_cast<T>(values[i]),
                                         static_cast<int>(i % static_cast<std::size_t>(channels)));
        }
    });
}

}  // namespace

void reference_colors(const Plan& plan, const double* row, bool is_double,
                      std::vector<double>& values) {
    if (row == nullptr) return;
    const PlanOptions& o = plan.options();
    bool beyond = false;  // whether values may have left the range
    const auto clamp = [&] {
        for (double& v : values) v = v < o.low ? o.low : v > o.high ? o.high : v;
        beyond = false;
    };
    for (const Step& step : plan.pixel_steps()) {
        const double* parameters = row + step.column;
        if (!step.description->applies(parameters)) continue;
        if (step.description->keras) {
            if (is_double)
                change_as_keras<double>(step, parameters, o.channels, values);
            else
                change_as_keras<float>(step, parameters, o.channels, values);
            continue;
        }
        const Change& change = all_changes().at(step.description->name);
        if (change.asks == Asks::within || (beyond && change.asks == Asks::within_if_led)) clamp();
        change.change({values, plan.target_height(), plan.target_width(), o.channels, o.low, o.high,
                       step.constants},
                      parameters);
        beyond = change.leads_beyond;
    }
    if (beyond) clamp();
}

}  // namespace batchwarp
