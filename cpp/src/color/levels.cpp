#include "color/levels.hpp"

#include "runtime/scratch.hpp"
#include "simd/kernels.hpp"

namespace batchwarp {
namespace {

constexpr std::size_t level_count = 256;

void find_levels(const float* data, std::int64_t count, Range<float> limits, std::uint8_t* to) {
    kernels().levels(data, count, limits.low, 255 / (limits.high - limits.low), to);
}

void find_levels(const double* data, std::int64_t count, Range<double> limits, std::uint8_t* to) {
    const double factor = 255 / (limits.high - limits.low);
    for (std::int64_t i = 0; i < count; ++i) {
        const double level = (data[i] - limits.low) * factor + 0.5;
        to[i] = level > 0 ? static_cast<std::uint8_t>(level < 255 ? level : 255) : std::uint8_t{0};
    }
}

}  // namespace

template <class T>
void map_levels(const Planes<T>& image, Range<T> limits, LevelMap map) {
    std::uint8_t* const all = Scratch::of_this_thread().levels.reserve(image.count());
    find_levels(image.data, image.count(), limits, all);
    const std::int64_t step = image.channels;
    for (std::int64_t p = 0; p < image.planes; ++p) {
        for (std::int64_t c = 0; c < step; ++c) {
            T* value = image.plane(p) + c;
            const std::uint8_t* level = all + (value - image.data);
            std::int64_t counts[level_count] = {};
            // NOLINTNEXTLINE(clang-analyzer-security.ArrayBound): there is one for each value
            for (std::int64_t i = 0; i < image.pixels; ++i) ++counts[level[i * step]];
            std::uint8_t mapped[level_count];
            const bool changes = map(counts, mapped);
            T values[level_count];
            for (std::size_t i = 0; i < level_count; ++i)
                values[i] = limits.low + mapped[i] * (limits.high - limits.low) / 255;
            for (std::int64_t i = 0; i < image.pixels; ++i, value += step)
                *value = changes ? values[level[i * step]] : limits.clip(*value);
        }
    }
}

template void map_levels(const Planes<float>&, Range<float>, LevelMap);
template void map_levels(const Planes<double>&, Range<double>, LevelMap);

}  // namespace batchwarp
