// The pixels of JPEG files, bit for bit those that Pillow's libjpeg-turbo makes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "batchwarp/coordinates.hpp"
#include "batchwarp/image.hpp"
#include "batchwarp/jpeg.hpp"
#include "batchwarp/resize.hpp"

namespace batchwarp {

enum class Decoded : std::uint8_t {
    done,
    left,  ///< not for this decoder: no library, damage, something unusual. Pillow shall look at it
};

/// Which pixels of a file are wanted.
struct JpegPixels {
    /// One channel, of files with one component. Of the others Pillow's grey is made of RGB pixels,
    /// after these were rounded and clipped to bytes, and so is not their Y.
    bool grey = false;
    int scale = 8;    ///< of the discrete cosine transform, in eighths, from 1 to 16
    Box window = {};  ///< of the scaled image; an empty one is all of it
    /// Rows and columns of the scaled image, in any order and repeated as often as one likes:
    /// instead of a window, only the pixels where one of both meet. Both are given, or neither.
    std::span<const std::int64_t> rows = {}, columns = {};
};

/// The size of a file's image at a scale.
Size scaled_size(const JpegHeader& header, int scale) noexcept;

/// Returns the scale at which a file is decoded the fastest, of those at which a part of its image,
/// given as it is in the file, is no smaller than a target in either direction; 8 if there is none.
/// It is a power of two: libjpeg-turbo has vectors for these, and takes longer for those between
/// than for the next one. Of 500 x 375 pixels, 1 to 8 take 225, 257, 341, 291, 552, 654, 840 and
/// 385 microseconds; more than 8 is enlarged more cheaply afterwards.
int covering_scale(Size part, Size target) noexcept;

/// Decodes a file with the library that `use_libjpeg` was given, in the calling thread.
///
/// @param header  what `ordinary_jpeg` says of the file
/// @param target  uint8, 1 channel (grey) or 3 (RGB), of the size of the window or of as many rows
///                and columns as are wanted, the pixels of a row without gaps; for a window in
///                RGB, a row may as well have one colour behind the other; if the file is left,
///                what it holds is undefined
/// @throws InvalidArgument if `wanted` reaches beyond the image, or `target` is not so
/// @throws std::bad_alloc
Decoded decode_jpeg(std::span<const std::byte> file, const JpegHeader& header,
                    const JpegPixels& wanted, const MutableImageView& target);

}  // namespace batchwarp
