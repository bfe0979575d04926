// What the markers of a JPEG file say, without decoding it (ITU-T T.81, annex B).
#pragma once

#include <cstddef>
#include <optional>
#include <span>

namespace batchwarp {

/// The frame of an ordinary, complete JPEG file.
struct JpegHeader {
    int height = 0, width = 0;
    int components = 0;  ///< 1 (grey) or 3
};

/// Returns the header of a file that every decoder built on libjpeg decodes to the same pixels.
///
/// Nothing is returned for all other files: those that are no JPEG, CMYK, 12-bit, lossless or
/// arithmetic coding, colours that are not Y'CbCr, and files that end early or whose markers are
/// damaged, where decoders differ in what they forgive.
std::optional<JpegHeader> ordinary_jpeg(std::span<const std::byte> file) noexcept;

/// Returns the orientation of the image in a file, as EXIF numbers it: from 1 (upright) to 8. It is
/// 1 for files that say none, or one that means nothing.
///
/// Nothing is returned where readers may differ: EXIF data in several segments, those that are cut
/// off or point beyond their end, an orientation that is no single number of 16 bits, and one that
/// is in XMP alone.
std::optional<int> jpeg_orientation(std::span<const std::byte> file) noexcept;

}  // namespace batchwarp
