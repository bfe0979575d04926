#include "color/statistics.hpp"

#include <algorithm>
#include <cmath>

#include "simd/kernels.hpp"

namespace batchwarp {
namespace {

// In double, whatever values are.
template <class T>
Moments exact_moments(const Planes<T>& image) noexcept {
    constexpr int lanes = 8;
    const auto count = static_cast<double>(image.count());
    // About the first value, in one pass; about the mean, in another, if that cancels too much.
    const auto sums_about = [&image](double origin, double& sum, double& squares) {
        double sums[lanes] = {}, products[lanes] = {};
        const auto add = [&](int k, T value) {
            const double v = static_cast<double>(value) - origin;
            sums[k] += v;
            products[k] += v * v;
        };
        const std::int64_t n = image.count();
        std::int64_t i = 0;
        for (; i + lanes <= n; i += lanes)
            for (int k = 0; k < lanes; ++k) add(k, image.data[i + k]);
        for (int k = 0; i + k < n; ++k) add(k, image.data[i + k]);
        sum = squares = 0;
        for (int k = 0; k < lanes; ++k) {
            sum += sums[k];
            squares += products[k];
        }
    };
    const auto origin = static_cast<double>(image.data[0]);
    double sum, squares;
    sums_about(origin, sum, squares);
    const double mean = origin + sum / count;
    double variance = squares / count - (sum / count) * (sum / count);
    if (!(variance > 1e-6 * squares / count)) {
        sums_about(mean, sum, squares);
        variance = squares / count;
    }
    return {mean, std::sqrt(variance)};
}

// Of some values from all over the image; as a float, it is the origin of sums that lose little in
// single precision.
float rough_mean(const Planes<float>& image) noexcept {
    constexpr std::int64_t most = 16;
    const std::int64_t count = image.count(), some = std::min(count, most), step = count / some;
    double sum = 0;
    for (std::int64_t i = 0; i < some; ++i) sum += static_cast<double>(image.data[i * step]);
    return static_cast<float>(sum / static_cast<double>(some));
}

}  // namespace

template <>
Moments moments_of(const Planes<double>& image) noexcept {
    return exact_moments(image);
}

template <>
Moments moments_of(const Planes<float>& image) noexcept {
    const auto count = static_cast<double>(image.count());
    double mean = 0, variance = 0, apart = 0;
    const auto look_from = [&](float origin) {
        double sum = 0, squares = 0;
        kernels().moments(image.data, image.count(), static_cast<double>(origin), &sum, &squares);
        const double step = sum / count;
        apart = step * step;
        mean = static_cast<double>(origin) + step;
        variance = squares / count - apart;
    };
    look_from(rough_mean(image));
    // Too far from the mean, most of the squares is what the origin adds to them.
    if (!(apart <= 8 * variance)) look_from(static_cast<float>(mean));
    // Squares in single precision neither vanish nor become infinite.
    const bool vanish = variance < 1e-28 && std::abs(mean) < 1e-8;
    if (!std::isfinite(variance) || vanish) return exact_moments(image);
    return {mean, std::sqrt(std::max(0.0, variance))};
}

}  // namespace batchwarp
