#include "color/normalize.hpp"

#include <type_traits>

#include "color/statistics.hpp"
#include "ops/standardize.hpp"
#include "simd/kernels.hpp"

namespace batchwarp {
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
    // Most images have so few that memory of their own would take longer than what is done in it.
    constexpr std::size_t few = 8;
    T memory[2 * few] = {};
    std::vector<T> more(channels > few ? 2 * channels : 0);
    T *const shifts = more.empty() ? memory : more.data(), *const scales = shifts + channels;
    for (std::size_t c = 0; c < channels; ++c) {
        const auto channel = static_cast<std::int64_t>(c);
        shifts[c] = static_cast<T>(own.shift + plan.mean(channel) / own.scale);
        scales[c] = static_cast<T>(own.scale / plan.std(channel));
    }
    for (std::int64_t p = 0; p < image.planes; ++p) {
        T* data = image.plane(p);
        const T* a = shifts + p * image.channels;
        const T* b = scales + p * image.channels;
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
