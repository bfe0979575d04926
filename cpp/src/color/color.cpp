#include "color/color.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <type_traits>

#include "simd/kernels.hpp"

namespace batchwarp {
namespace {

template <class T>
struct Extremes {
    T low, high;
};

template <class T>
Extremes<T> extremes(const Planes<T>& image) noexcept {
    Extremes<T> e{std::numeric_limits<T>::infinity(), -std::numeric_limits<T>::infinity()};
    if constexpr (std::is_same_v<T, float>) {
        kernels().min_max(image.data, image.count(), &e.low, &e.high);
    } else {
        for (std::int64_t i = 0; i < image.count(); ++i) {
            e.low = image.data[i] < e.low ? image.data[i] : e.low;
            e.high = image.data[i] > e.high ? image.data[i] : e.high;
        }
    }
    return e;
}

// Pillow's ImageEnhance.Brightness blends with black: ImagingBlend in single precision, truncated,
// saturated, its two special factors included.
std::array<std::uint8_t, 256> brightness_table(double factor) noexcept {
    std::array<std::uint8_t, 256> table{};
    const float alpha = static_cast<float>(factor);
    for (int i = 0; i < 256; ++i) {
        const float blended = alpha * static_cast<float>(i);
        table[static_cast<std::size_t>(i)] = blended <= 0     ? std::uint8_t{0}
                                             : blended >= 255 ? std::uint8_t{255}
                                                              : static_cast<std::uint8_t>(blended);
    }
    return table;
}

template <class T>
std::uint8_t to_byte(T value) noexcept {
    return value > 0 ? static_cast<std::uint8_t>(value < 255 ? value : T{255}) : std::uint8_t{0};
}

// The kernel's way; the fourth of four channels is alpha and stays.
void brighten(const Planes<float>& image, double factor, bool stretch, float low,
              float range) noexcept {
    const float bright = static_cast<float>(factor);
    const bool has_alpha = image.all_channels() == 4;
    for (std::int64_t p = 0; p < image.planes; ++p) {
        const std::int64_t count = image.pixels * image.channels;
        float factors[4] = {bright, bright, bright, bright};
        if (has_alpha && image.channels == 4) factors[3] = 1;
        if (has_alpha && p == 3) std::fill_n(factors, 4, 1.0F);
        kernels().brighten(image.data + p * count, count, factors, stretch, low, range);
    }
}

}  // namespace

template <class T>
void round_to_bytes(const Planes<T>& image) noexcept {
    if constexpr (std::is_same_v<T, float>)
        return kernels().round_to_bytes(image.data, image.count());
    for (std::int64_t i = 0; i < image.count(); ++i) {
        const T v = image.data[i];
        const T up = v > 0 ? v + T{0.5} : T{0};
        image.data[i] = std::floor(up > 255 ? T{255} : up);
    }
}

template <class T>
void channel_shift(const Planes<T>& image, double amount) noexcept {
    const Extremes<T> e = extremes(image);
    if constexpr (std::is_same_v<T, float>) {
        kernels().add_clip(image.data, image.count(), static_cast<float>(amount), e.low, e.high);
    } else {
        for (std::int64_t i = 0; i < image.count(); ++i)
            image.data[i] = std::min(std::max(image.data[i] + amount, e.low), e.high);
    }
}

template <class T>
void brightness(const Planes<T>& image, double factor) noexcept {
    const Extremes<T> e = extremes(image);
    const bool stretch = e.low < 0 || e.high > 255;
    const T range = e.high - e.low;
    if constexpr (std::is_same_v<T, float>) return brighten(image, factor, stretch, e.low, range);
    const auto table = brightness_table(factor);
    const std::int64_t alpha = image.all_channels() == 4 ? 3 : -1;

    // The same three roundings as NumPy's x - min, / max, * 255.
    const auto to_8_bit = [&](T v) {
        if (!stretch) return to_byte(v);
        v -= e.low;
        if (range != 0) v /= range;
        return to_byte(v * 255);
    };
    const auto from_8_bit = [&](std::uint8_t byte) {
        const T v = static_cast<T>(byte);
        return stretch ? v / 255 * range + e.low : v;
    };
    std::array<T, 256> brighter{}, unchanged{};
    for (std::size_t i = 0; i < 256; ++i) {
        brighter[i] = from_8_bit(table[i]);
        unchanged[i] = from_8_bit(static_cast<std::uint8_t>(i));
    }
    T* value = image.data;
    for (std::int64_t p = 0; p < image.planes; ++p)
        for (std::int64_t i = 0; i < image.pixels; ++i)
            for (std::int64_t c = 0; c < image.channels; ++c, ++value) {
                const bool is_alpha = p * image.channels + c == alpha;
                *value = (is_alpha ? unchanged : brighter)[to_8_bit(*value)];
            }
}

template void round_to_bytes(const Planes<float>&) noexcept;
template void round_to_bytes(const Planes<double>&) noexcept;
template void channel_shift(const Planes<float>&, double) noexcept;
template void channel_shift(const Planes<double>&, double) noexcept;
template void brightness(const Planes<float>&, double) noexcept;
template void brightness(const Planes<double>&, double) noexcept;

}  // namespace batchwarp
