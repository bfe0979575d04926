// Conversion between the user's element types and the float32 or float64 that the core computes in.
#pragma once

#include "batchwarp/image.hpp"

namespace batchwarp {

/// Reads a whole image into packed, interleaved values.
template <class T>
void load_pixels(const ImageView& from, T* to);

/// Puts an image of bytes into packed ones.
void pack_bytes(const ImageView& from, std::uint8_t* to) noexcept;

/// Makes values of bytes.
template <class T>
void load_bytes(const std::uint8_t* from, std::int64_t count, T* to) noexcept;

/// Reads a row, and puts `padding` pixels in front of it and behind it: more of the first and the
/// last one, or `*constant` if that is not null. `to` is where they begin.
template <class T>
void load_padded_row(const ImageView& from, std::int64_t row, std::int64_t padding,
                     const T* constant, T* to);

/// What SciPy does to interpolated values when the image is uint8: halves up, saturated.
template <class T>
void round_to_bytes(T* values, std::int64_t count) noexcept;

/// Moves each value towards another one by a share of the difference; equal ones stay.
void move_towards(float* values, const float* others, double share, std::int64_t count) noexcept;
void move_towards(double* values, const double* others, double share, std::int64_t count) noexcept;

/// How values become bytes: as by an assignment to a NumPy array, or as by `round_to_bytes`.
enum class Rounding { towards_zero, halves_up };

/// Writes packed, interleaved values to an image. Those for uint8 are rounded and saturate, NaN
/// becomes 0; `halves_up` is for uint8 only.
template <class T>
void store_pixels(const T* from, const MutableImageView& to, Rounding rounding);

}  // namespace batchwarp
