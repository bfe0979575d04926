#include "color/normalize.hpp"

#include <cmath>
#include <type_traits>

#include "ops/standardize.hpp"
#include "simd/kernels.hpp"

namespace batchwarp {
namespace {

struct Moments {
    double mean, deviation;
};

template <class T>
Moments moments_of(const Planes<T>& image) noexcept {
    const std::int64_t n = image.count();
    const auto sums = [&](double origin, double& sum, double& squares) {
        if constexpr (std::is_same_v<T, float>) {
            kernels().moments(image.data, n, origin, &sum, &squares);
        } else {
            sum = squares = 0;
            for (std::int64_t i = 0; i < n; ++i) {
                const double v = image.data[i] - origin;
                sum += v;
                squares += v * v;
            }
        }
    };
    // About the first value, in one pass; about the mean, in another, if that cancels too much.
    const auto count = static_cast<double>(n);
    const double origin = image.data[0];
    double sum = 0, squares = 0;
    sums(origin, sum, squares);
    const double mean = origin + sum / count;
    double variance = squares / count - (sum / count) * (sum / count);
    if (!(variance > 1e-6 * squares / count)) {
        sums(mean, sum, squares);
        variance = squares / count;
    }
    return {mean, std::sqrt(variance)};
}

}  // namespace

template <class T>
void normalize_image(const Plan& plan, const Planes<T>& image) {
    const Normalization& n = plan.normalization();
    Scaling<double> own{0, n.rescale};
    if (plan.needs_moments()) {
        const Moments m = moments_of(image);
        own = ops::Standardize::scaling(n.rescale, n.samplewise_center, n.samplewise_std, m.mean,
                                        m.deviation);
    }
    const auto channels = static_cast<std::size_t>(image.all_channels());
    std::vector<T> shifts(channels), scales(channels);
    for (std::size_t c = 0; c < channels; ++c) {
        const auto channel = static_cast<std::int64_t>(c);
        shifts[c] = static_cast<T>(own.shift + plan.mean(channel) / own.scale);
        scales[c] = static_cast<T>(own.scale / plan.std(channel));
    }
    for (std::int64_t p = 0; p < image.planes; ++p) {
        T* data = image.plane(p);
        const T* a = shifts.data() + p * image.channels;
        const T* b = scales.data() + p * image.channels;
        if constexpr (std::is_same_v<T, float>) {
            kernels().normalize(data, image.pixels, static_cast<std::int32_t>(image.channels), a,
                                b);
        } else {
            for (std::int64_t i = 0; i < image.pixels; ++i, data += image.channels)
                for (std::int64_t c = 0; c < image.channels; ++c) data[c] = (data[c] - a[c]) * b[c];
        }
    }
}

template void normalize_image(const Plan&, const Planes<float>&);
template void normalize_image(const Plan&, const Planes<double>&);

}  // namespace batchwarp
