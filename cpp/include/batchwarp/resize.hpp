// Resizing of 8-bit images, bit for bit what Pillow's `Image.resize` gives.
#pragma once

#include <compare>
#include <cstdint>
#include <string_view>

#include "batchwarp/image.hpp"

namespace batchwarp {

/// How pixels of the smaller or larger image are made; the names are Pillow's and Keras'.
enum class Interpolation : std::uint8_t { nearest, bilinear, bicubic, hamming, box, lanczos };

inline constexpr const char* interpolation_names[] = {"nearest", "bilinear", "bicubic",
                                                      "hamming", "box",      "lanczos"};

/// @throws InvalidArgument for an unknown name
Interpolation interpolation_from_name(std::string_view name);

/// A rectangle of pixels: [left, right) x [top, bottom).
struct Box {
    std::int64_t left = 0, top = 0, right = 0, bottom = 0;

    std::int64_t width() const noexcept { return right - left; }
    std::int64_t height() const noexcept { return bottom - top; }
    bool operator==(const Box&) const = default;
};

/// All of an image.
constexpr Box whole(const ImageView& image) noexcept { return {0, 0, image.width, image.height}; }

/// A release of Pillow.
struct PillowVersion {
    int major = 13, minor = 0;

    auto operator<=>(const PillowVersion&) const = default;
};

/// Whether a resize with two passes begins with the vertical one; results are rounded to 8 bits
/// between the passes, so it shows. Up to Pillow 12.1 never; from 12.2 on if the image loses rows
/// and has more than 100 times as many of them as columns; from 13 on if it loses rows, and more
/// than twice as many as columns. What counts is the whole source, not the box.
bool vertical_comes_first(const ImageView& source, const ImageView& target,
                          PillowVersion pillow) noexcept;

/// Scales the pixels of `box` to the target's height x width, in the calling thread.
///
/// As in Pillow, filters take pixels from outside of the box where the source has them, results are
/// rounded to 8 bits between the two passes, and images of four channels are RGBA: unless the
/// method is `nearest`, or nothing changes, colours are weighted with alpha.
///
/// @param source  uint8, 1, 3 or 4 channels, any strides; bytes between its first and its last
///                element may be read that belong to no pixel
/// @param target  uint8, as many channels, the pixels of a row without gaps; must not overlap
/// @throws InvalidArgument if that is not so, if an extent is 0 or exceeds 2^31 - 1, or if the box
///         is empty or reaches beyond the source
/// @throws std::bad_alloc
void resize(const ImageView& source, const MutableImageView& target, Interpolation method,
            const Box& box, PillowVersion pillow = {});

/// The luma of an RGB image as Pillow's `convert("L")` gives it, ITU-R 601-2 in 16-bit fixed point.
///
/// @param source  uint8, 3 channels, any strides
/// @param target  uint8, same height and width, 1 channel, the pixels of a row without gaps
/// @throws InvalidArgument if that is not so
void luma(const ImageView& source, const MutableImageView& target);

}  // namespace batchwarp
