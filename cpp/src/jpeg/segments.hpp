// What a JPEG file consists of: markers, and the segments that they begin (ITU-T T.81, annex B).
#pragma once

#include <cstddef>
#include <optional>
#include <span>

namespace batchwarp::jpeg {

using Bytes = std::span<const std::byte>;

namespace marker {
enum : int {
    baseline = 0xC0,
    extended = 0xC1,
    progressive = 0xC2,
    huffman_tables = 0xC4,
    arithmetic_extension = 0xC8,
    arithmetic_tables = 0xCC,
    last_frame = 0xCF,
    first_restart = 0xD0,
    last_restart = 0xD7,
    start_of_image = 0xD8,
    end_of_image = 0xD9,
    start_of_scan = 0xDA,
    quantization_tables = 0xDB,
    number_of_lines = 0xDC,
    restart_interval = 0xDD,
    first_application = 0xE0,
    exif = 0xE1,   // APP1, which also carries XMP
    adobe = 0xEE,  // APP14
    last_application = 0xEF,
    comment = 0xFE,
    prefix = 0xFF,
};
}  // namespace marker

inline int byte_at(Bytes bytes, std::size_t position) noexcept {
    return std::to_integer<int>(bytes[position]);
}

inline int word_at(Bytes bytes, std::size_t position) noexcept {
    return byte_at(bytes, position) << 8 | byte_at(bytes, position + 1);
}

inline bool begins_as_jpeg(Bytes file) noexcept {
    return file.size() >= 3 && word_at(file, 0) == (marker::prefix << 8 | marker::start_of_image) &&
           byte_at(file, 2) == marker::prefix;
}

inline bool is_application(int code) noexcept {
    return code >= marker::first_application && code <= marker::last_application;
}

inline bool has_length(int code) noexcept {
    return code > 0x01 && code != marker::prefix &&
           (code < marker::first_restart || code > marker::end_of_image);
}

struct Segment {
    int code = 0;
    Bytes content;
    std::size_t end = 0;  // in the file
};

/// The segment that begins at a marker; nothing if none begins there, or the file ends within it.
inline std::optional<Segment> segment_at(Bytes file, std::size_t position) noexcept {
    if (position + 4 > file.size() || byte_at(file, position) != marker::prefix) return {};
    const int code = byte_at(file, position + 1);
    const auto length = static_cast<std::size_t>(word_at(file, position + 2));
    const std::size_t end = position + 2 + length;
    if (!has_length(code) || length < 2 || end > file.size()) return {};
    return Segment{code, file.subspan(position + 4, length - 2), end};
}

}  // namespace batchwarp::jpeg
