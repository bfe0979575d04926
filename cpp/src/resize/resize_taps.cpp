#include "resize/resize_taps.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace batchwarp {
namespace {

// Distances are in source pixels, or in output pixels where the image shrinks. The expressions keep
// Pillow's order of operations: their last bits decide how weights are rounded.

double box_weight(double x) { return x > -0.5 && x <= 0.5 ? 1.0 : 0.0; }

double triangle(double x) {
    x = std::abs(x);
    return x < 1.0 ? 1.0 - x : 0.0;
}

double hamming(double x) {
    x = std::abs(x);
    if (x == 0.0) return 1.0;
    if (x >= 1.0) return 0.0;
    x *= std::numbers::pi;
    // Pillow has these two constants in single precision.
    return std::sin(x) / x *
           (static_cast<double>(0.54f) + static_cast<double>(0.46f) * std::cos(x));
}

double cubic(double x) {
    constexpr double a = -0.5;
    x = std::abs(x);
    if (x < 1.0) return ((a + 2.0) * x - (a + 3.0)) * x * x + 1;
    if (x < 2.0) return (((x - 5) * x + 8) * x - 4) * a;
    return 0.0;
}

double sinc(double x) {
    if (x == 0.0) return 1.0;
    x *= std::numbers::pi;
    return std::sin(x) / x;
}

double lanczos(double x) { return x >= -3.0 && x < 3.0 ? sinc(x) * sinc(x / 3) : 0.0; }

std::int32_t rounded(double weight) {
    const double scaled = weight * (1 << resize_bits);
    return static_cast<std::int32_t>(weight < 0 ? scaled - 0.5 : scaled + 0.5);
}

}  // namespace

TapsOfAxis::Filter TapsOfAxis::filter_of(Interpolation method) noexcept {
    switch (method) {
        case Interpolation::bilinear:
            return {triangle, 1.0};
        case Interpolation::bicubic:
            return {cubic, 2.0};
        case Interpolation::hamming:
            return {hamming, 1.0};
        case Interpolation::lanczos:
            return {lanczos, 3.0};
        case Interpolation::nearest:  // has no weights
        case Interpolation::box:
            break;
    }
    return {box_weight, 0.5};
}

TapsOfAxis::TapsOfAxis(Interpolation method, std::int64_t extent, std::int64_t begin,
                       std::int64_t end, std::int64_t outputs) noexcept
    : filter_(filter_of(method)),
      extent_(extent),
      outputs_(outputs),
      begin_(static_cast<double>(begin)),
      scale_(static_cast<double>(end - begin) / static_cast<double>(outputs)),
      filter_scale_(std::max(scale_, 1.0)),
      support_(filter_.support * filter_scale_) {
    for (std::int64_t i = 0; i < outputs; ++i) most_ = std::max(most_, range(i).count);
}

double TapsOfAxis::center(std::int64_t output) const noexcept {
    return begin_ + (static_cast<double>(output) + 0.5) * scale_;
}

Taps TapsOfAxis::range(std::int64_t output) const noexcept {
    constexpr double half = 0.5;  // rounds, then truncates towards zero, as Pillow does
    const double middle = center(output);
    const auto first = static_cast<std::int64_t>(middle - support_ + half);
    const auto end = static_cast<std::int64_t>(middle + support_ + half);
    Taps taps;
    taps.first = std::max<std::int64_t>(first, 0);
    taps.count = std::min(end, extent_) - taps.first;
    return taps;
}

// The weights of an output pixel, for as long as nobody asks for another one's.
double* TapsOfAxis::weigh(const Taps& taps, std::int64_t output) {
    const double middle = center(output), per_pixel = 1.0 / filter_scale_;
    double* weights = exact_.reserve(most_);
    double sum = 0;
    for (std::int64_t i = 0; i < taps.count; ++i) {
        weights[i] =
            filter_.weight((static_cast<double>(taps.first + i) - middle + 0.5) * per_pixel);
        sum += weights[i];
    }
    if (sum != 0)
        for (std::int64_t i = 0; i < taps.count; ++i) weights[i] /= sum;
    return weights;
}

Taps TapsOfAxis::of(std::int64_t output) {
    Taps taps = range(output);
    const double* exact = weigh(taps, output);
    std::int32_t* weights = rounded_.reserve(most_);
    std::transform(exact, exact + taps.count, weights, rounded);
    taps.weights = weights;
    return taps;
}

ExactTaps TapsOfAxis::exact(std::int64_t output) {
    const Taps all = range(output);
    ExactTaps taps{all.first, all.count, weigh(all, output)};
    while (taps.count > 1 && taps.weights[taps.count - 1] == 0) --taps.count;
    while (taps.count > 1 && taps.weights[0] == 0) {
        ++taps.first;
        ++taps.weights;
        --taps.count;
    }
    return taps;
}

}  // namespace batchwarp
