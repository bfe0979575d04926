#include "color/channels.hpp"

#include <type_traits>

#include "simd/kernels.hpp"

namespace batchwarp {

template <class T>
std::vector<double> channel_means(const Planes<T>& image) {
    std::vector<double> sums(static_cast<std::size_t>(image.all_channels()));
    for (std::int64_t p = 0; p < image.planes; ++p) {
        const T* data = image.plane(p);
        double* sum = sums.data() + p * image.channels;
        if constexpr (std::is_same_v<T, float>) {
            kernels().channel_sums(data, image.pixels, static_cast<std::int32_t>(image.channels),
                                   sum);
        } else {
            for (std::int64_t i = 0; i < image.pixels; ++i, data += image.channels)
                for (std::int64_t c = 0; c < image.channels; ++c) sum[c] += data[c];
        }
    }
    for (double& sum : sums) sum /= static_cast<double>(image.pixels);
    return sums;
}

template std::vector<double> channel_means(const Planes<float>&);
template std::vector<double> channel_means(const Planes<double>&);

}  // namespace batchwarp
