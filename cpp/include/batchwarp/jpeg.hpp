// What the markers of a JPEG file say, without decoding it (ITU-T T.81, annex B).
#pragma once

#include <cstddef>
#include <optional>
#include <span>

namespace batchwarp {

/// The frame of an ordinary, complete JPEG file.
struct JpegHeader {
    int height = 0, width = 0;
    int components = 0;     ///< 1 (grey) or 3
    bool has_exif = false;  ///< an orientation may be found in the file
};

/// Returns the header of a file that every decoder built on libjpeg decodes to the same pixels.
///
/// Nothing is returned for all other files: those that are no JPEG, CMYK, 12-bit, lossless or
/// arithmetic coding, colours that are not Y'CbCr, and files that end early or whose markers are
/// damaged, where decoders differ in what they forgive.
std::optional<JpegHeader> ordinary_jpeg(std::span<const std::byte> file) noexcept;

}  // namespace batchwarp
