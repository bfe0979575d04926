#include "pixels.hpp"

#include <algorithm>
#include <cstring>
#include <type_traits>

#include "element.hpp"
#include "simd/kernels.hpp"

namespace batchwarp {
namespace {

template <class S>
S read(const std::byte* at) noexcept {
    S value;
    std::memcpy(&value, at, sizeof value);
    return value;
}

template <class S, class T>
void load_as(const ImageView& from, T* to) {
    const auto item = static_cast<std::int64_t>(sizeof(S));
    const std::int64_t c = from.channels, row = from.width * c;
    const bool rows_packed = from.has_packed_pixels();
    // Unaligned input (a field of a structured array) takes the element-wise way.
    const bool aligned =
        reinterpret_cast<std::uintptr_t>(from.data) % sizeof(S) == 0 && from.row_stride % item == 0;
    const bool whole = rows_packed && from.is_packed();
    for (std::int64_t r = 0; r < from.height; ++r, to += row) {
        if (rows_packed && aligned) {
            const std::int64_t count = whole ? row * from.height : row;
            const S* values = reinterpret_cast<const S*>(from.at(r, 0, 0));
            if constexpr (std::is_same_v<S, T>)
                std::memcpy(to, values, static_cast<std::size_t>(count) * sizeof(T));
            else if constexpr (std::is_same_v<S, std::uint8_t>)
                load_bytes(values, count, to);
            else if constexpr (std::is_same_v<S, std::uint16_t> && std::is_same_v<T, float>)
                kernels().convert_u16(values, to, count);
            else
                for (std::int64_t i = 0; i < count; ++i) to[i] = widen<T>(values[i]);
            if (whole) return;
        } else {
            T* out = to;
            for (std::int64_t x = 0; x < from.width; ++x)
                for (std::int64_t k = 0; k < c; ++k) *out++ = widen<T>(read<S>(from.at(r, x, k)));
        }
    }
}

// Rows of bytes, or all of them at once.
void store_packed_bytes(const float* from, const MutableImageView& to, Rounding rounding) {
    const bool whole = to.is_packed();
    const std::int64_t row = to.width * to.channels, count = whole ? row * to.height : row;
    for (std::int64_t r = 0; r < (whole ? 1 : to.height); ++r, from += count)
        kernels().store_bytes(from, count, rounding == Rounding::halves_up ? 0.5f : 0.0f,
                              reinterpret_cast<std::uint8_t*>(to.at(r, 0, 0)));
}

// Whether rows of halves lie where halves may; a field of a structured array may not.
bool has_aligned_halves(const MutableImageView& to) noexcept {
    constexpr std::int64_t item = sizeof(std::uint16_t);
    return reinterpret_cast<std::uintptr_t>(to.data) % item == 0 && to.row_stride % item == 0;
}

void store_packed_halves(const float* from, const MutableImageView& to) {
    const bool whole = to.is_packed();
    const std::int64_t row = to.width * to.channels, count = whole ? row * to.height : row;
    for (std::int64_t r = 0; r < (whole ? 1 : to.height); ++r, from += count)
        kernels().store_halves(from, count, reinterpret_cast<std::uint16_t*>(to.at(r, 0, 0)));
}

template <class S, class T>
void store_as(const T* from, const MutableImageView& to, Rounding rounding) {
    for (std::int64_t r = 0; r < to.height; ++r)
        for (std::int64_t x = 0; x < to.width; ++x)
            for (std::int64_t k = 0; k < to.channels; ++k) {
                const T exact = *from++;
                const S value =
                    narrow<S>(rounding == Rounding::halves_up ? rounded_to_byte(exact) : exact);
                std::memcpy(to.at(r, x, k), &value, sizeof value);
            }
}

}  // namespace

template <class T>
void load_pixels(const ImageView& from, T* to) {
    switch (from.dtype) {
        case DType::u8:
            return load_as<std::uint8_t>(from, to);
        case DType::u16:
            return load_as<std::uint16_t>(from, to);
        case DType::f16:
            return load_as<Half>(from, to);
        case DType::f32:
            return load_as<float>(from, to);
        case DType::f64:
            return load_as<double>(from, to);
    }
}

void pack_bytes(const ImageView& from, std::uint8_t* to) noexcept {
    const std::int64_t c = from.channels, row = from.width * c;
    const bool packed = from.has_packed_pixels(), mirrored = c == 1 && from.pixel_stride == -1;
    for (std::int64_t r = 0; r < from.height; ++r, to += row) {
        const auto* line = reinterpret_cast<const std::uint8_t*>(from.at(r, 0, 0));
        if (packed)
            std::memcpy(to, line, static_cast<std::size_t>(row));
        else if (mirrored)
            std::reverse_copy(line - row + 1, line + 1, to);
        else if (c == 1)
            for (std::int64_t x = 0; x < row; ++x) to[x] = line[x * from.pixel_stride];
        else
            for (std::int64_t x = 0; x < from.width; ++x)
                for (std::int64_t k = 0; k < c; ++k)
                    to[x * c + k] = line[x * from.pixel_stride + k * from.channel_stride];
    }
}

template <class T>
void load_bytes(const std::uint8_t* from, std::int64_t count, T* to) noexcept {
    if constexpr (std::is_same_v<T, float>)
        kernels().convert_u8(from, to, count);
    else
        std::copy_n(from, count, to);
}

template <class T>
void load_padded_row(const ImageView& from, std::int64_t row, std::int64_t padding,
                     const T* constant, T* to) {
    const std::int64_t channels = from.channels;
    ImageView line = from;
    line.data += row * from.row_stride;
    line.height = 1;
    T* first = to + padding * channels;
    load_pixels(line, first);
    T* last = first + (from.width - 1) * channels;
    if (channels == 1) {
        std::fill_n(to, padding, constant != nullptr ? *constant : *first);
        std::fill_n(last + 1, padding, constant != nullptr ? *constant : *last);
        return;
    }
    for (std::int64_t i = 1; i <= padding; ++i)
        for (std::int64_t k = 0; k < channels; ++k) {
            first[k - i * channels] = constant != nullptr ? *constant : first[k];
            last[k + i * channels] = constant != nullptr ? *constant : last[k];
        }
}

template <class T>
void round_to_bytes(T* values, std::int64_t count) noexcept {
    if constexpr (std::is_same_v<T, float>)
        kernels().round_to_bytes(values, count);
    else
        std::transform(values, values + count, values, rounded_to_byte<T>);
}

void move_towards(float* values, const float* others, double share, std::int64_t count) noexcept {
    kernels().move_towards(values, others, static_cast<float>(share), count);
}

void move_towards(double* values, const double* others, double share, std::int64_t count) noexcept {
    for (std::int64_t i = 0; i < count; ++i) values[i] += share * (others[i] - values[i]);
}

template <class T>
void store_pixels(const T* from, const MutableImageView& to, Rounding rounding) {
    switch (to.dtype) {
        case DType::u8:
            if constexpr (std::is_same_v<T, float>)
                if (to.has_packed_pixels()) return store_packed_bytes(from, to, rounding);
            return store_as<std::uint8_t>(from, to, rounding);
        case DType::u16:
            return store_as<std::uint16_t>(from, to, rounding);
        case DType::f16:
            if constexpr (std::is_same_v<T, float>)
                if (to.has_packed_pixels() && has_aligned_halves(to))
                    return store_packed_halves(from, to);
            return store_as<Half>(from, to, rounding);
        case DType::f32:
            return store_as<float>(from, to, rounding);
        case DType::f64:
            return store_as<double>(from, to, rounding);
    }
}

template void load_pixels(const ImageView&, float*);
template void load_pixels(const ImageView&, double*);
template void load_bytes(const std::uint8_t*, std::int64_t, float*) noexcept;
template void load_bytes(const std::uint8_t*, std::int64_t, double*) noexcept;
template void load_padded_row(const ImageView&, std::int64_t, std::int64_t, const float*, float*);
template void load_padded_row(const ImageView&, std::int64_t, std::int64_t, const double*, double*);
template void round_to_bytes(float*, std::int64_t) noexcept;
template void round_to_bytes(double*, std::int64_t) noexcept;
template void store_pixels(const float*, const MutableImageView&, Rounding);
template void store_pixels(const double*, const MutableImageView&, Rounding);

}  // namespace batchwarp
