#include "color/channels.hpp"

#include <type_traits>

#include "simd/kernels.hpp"

namespace batchwarp {
namespace {

// Calls `visit` with each value and the number of its channel.
template <class Visit>
void each_value(const Planes<double>& image, Visit&& visit) {
    for (std::int64_t p = 0; p < image.planes; ++p) {
        const double* value = image.plane(p);
        for (std::int64_t i = 0; i < image.pixels; ++i)
            for (std::int64_t c = 0; c < image.channels; ++c)
                visit(*value++, static_cast<std::size_t>(p * image.channels + c));
    }
}

}  // namespace

template <class T>
std::vector<double> channel_means(const Planes<T>& image) {
    std::vector<double> sums(static_cast<std::size_t>(image.all_channels()));
    if constexpr (std::is_same_v<T, float>)
        for (std::int64_t p = 0; p < image.planes; ++p)
            kernels().channel_sums(image.plane(p), image.pixels,
                                   static_cast<std::int32_t>(image.channels),
                                   sums.data() + p * image.channels);
    else
        each_value(image, [&](double value, std::size_t c) { sums[c] += value; });
    for (double& sum : sums) sum /= static_cast<double>(image.pixels);
    return sums;
}

template <class T>
std::vector<Range<T>> channel_ranges(const Planes<T>& image) {
    std::vector<Range<T>> ranges(static_cast<std::size_t>(image.all_channels()), Range<T>::none());
    if constexpr (std::is_same_v<T, float>)
        for (std::int64_t p = 0; p < image.planes; ++p)
            kernels().channel_ranges(image.plane(p), image.pixels,
                                     static_cast<std::int32_t>(image.channels),
                                     ranges.data() + p * image.channels);
    else
        each_value(image, [&](double value, std::size_t c) { ranges[c].include(value); });
    return ranges;
}

template std::vector<double> channel_means(const Planes<float>&);
template std::vector<double> channel_means(const Planes<double>&);
template std::vector<Range<float>> channel_ranges(const Planes<float>&);
template std::vector<Range<double>> channel_ranges(const Planes<double>&);

}  // namespace batchwarp
