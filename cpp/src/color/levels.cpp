#include "color/levels.hpp"

#include <algorithm>
#include <iterator>
#include <numeric>
#include <type_traits>

#include "pixels.hpp"
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

// How often there is each level, of interleaved channels. Neighbours are alike, and a count that is
// added to twice in a row waits for itself: so there are several of each.
template <int channels>
void count_levels(const std::uint8_t* levels, std::int64_t pixels, std::int64_t step,
                  std::int64_t (&counts)[channels][level_count]) noexcept {
    constexpr int parts = channels == 1 ? 4 : 2;
    std::int64_t some[parts][channels][level_count] = {};
    const auto count = [&](int part) {
        for (int c = 0; c < channels; ++c) ++some[part][c][levels[c]];
        levels += step;
    };
    std::int64_t i = 0;
    for (; i + parts <= pixels; i += parts)
        for (int part = 0; part < parts; ++part) count(part);
    for (; i < pixels; ++i) count(0);
    for (int c = 0; c < channels; ++c)
        for (std::size_t k = 0; k < level_count; ++k) {
            counts[c][k] = 0;
            for (const auto& part : some) counts[c][k] += part[c][k];
        }
}

using Table = std::uint8_t[level_count];

// Replaces values by what tables have for their levels.
template <int channels, class T>
void look_up_some(const std::uint8_t* levels, std::int64_t pixels, std::int64_t step,
                  const Table* tables, Range<T> limits, T* values) noexcept {
    const T extent = limits.high - limits.low;
    if constexpr (std::is_same_v<T, float>)
        if (step == channels)
            return kernels().look_up_levels(levels, pixels, channels, tables, limits.low,
                                            extent / 255, values);
    T found[channels][level_count];
    for (int c = 0; c < channels; ++c)
        for (std::size_t k = 0; k < level_count; ++k)
            found[c][k] = limits.low + tables[c][k] * extent / 255;
    for (std::int64_t i = 0; i < pixels; ++i, levels += step, values += step)
        for (int c = 0; c < channels; ++c) values[c] = found[c][levels[c]];
}

// Does `channels` of the interleaved ones, from that which `levels` and `values` begin with. Where
// levels are all that is known of values, those of a channel that stays are made of them, too.
template <int channels, class T>
void map_some(const std::uint8_t* levels, std::int64_t pixels, std::int64_t step, Range<T> limits,
              LevelMap map, bool known, T* values) noexcept {
    std::int64_t counts[channels][level_count];
    count_levels(levels, pixels, step, counts);
    Table tables[channels] = {};
    bool changes[channels];
    for (int c = 0; c < channels; ++c) {
        changes[c] = map(counts[c], tables[c]);
        if (!changes[c] && !known) {
            std::iota(tables[c], tables[c] + level_count, std::uint8_t{0});
            changes[c] = true;
        }
    }
    if (std::ranges::find(changes, false) == std::end(changes))
        return look_up_some<channels>(levels, pixels, step, tables, limits, values);
    for (int c = 0; c < channels; ++c, ++levels, ++values)
        if (changes[c])
            look_up_some<1>(levels, pixels, step, tables + c, limits, values);
        else
            for (std::int64_t i = 0; i < pixels; ++i)
                values[i * step] = limits.clip(values[i * step]);
}

}  // namespace

template <class T>
void map_levels(const Planes<T>& image, const std::uint8_t* unread, Range<T> limits, LevelMap map) {
    const std::uint8_t* levels = unread;
    const bool known = unread == nullptr || limits.low != 0 || limits.high != 255;
    if (known) {
        if (unread != nullptr) load_bytes(unread, image.count(), image.data);
        std::uint8_t* const found = Scratch::of_this_thread().levels.reserve(image.count());
        find_levels(image.data, image.count(), limits, found);
        levels = found;
    }
    const std::int64_t step = image.channels;
    for (std::int64_t p = 0; p < image.planes; ++p) {
        T* const values = image.plane(p);
        const std::uint8_t* of_plane = levels + (values - image.data);
        if (step == 3)
            map_some<3>(of_plane, image.pixels, step, limits, map, known, values);
        else
            for (std::int64_t c = 0; c < step; ++c)
                map_some<1>(of_plane + c, image.pixels, step, limits, map, known, values + c);
    }
}

template void map_levels(const Planes<float>&, const std::uint8_t*, Range<float>, LevelMap);
template void map_levels(const Planes<double>&, const std::uint8_t*, Range<double>, LevelMap);

void look_up(const std::uint8_t* bytes, std::int64_t count, const float* table,
             float* to) noexcept {
    std::int64_t i = 0;
    for (; i + 8 <= count; i += 8)  // unrolled
        for (int k = 0; k < 8; ++k) to[i + k] = table[bytes[i + k]];
    for (; i < count; ++i) to[i] = table[bytes[i]];
}

}  // namespace batchwarp
