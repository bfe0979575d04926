#include "batchwarp/jpeg.hpp"

#include <cstring>
#include <string_view>

namespace batchwarp {
namespace {

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
    restart_interval = 0xDD,
    exif = 0xE1,   // APP1, which also carries XMP
    adobe = 0xEE,  // APP14
    prefix = 0xFF,
};
}  // namespace marker

int byte_at(Bytes file, std::size_t position) noexcept {
    return std::to_integer<int>(file[position]);
}

int word_at(Bytes file, std::size_t position) noexcept {
    return byte_at(file, position) << 8 | byte_at(file, position + 1);
}

bool is_restart(int code) noexcept {
    return code >= marker::first_restart && code <= marker::last_restart;
}

bool has_length(int code) noexcept {
    return code > 0x01 && code != marker::prefix && !is_restart(code) &&
           code != marker::start_of_image && code != marker::end_of_image;
}

bool is_frame(int code) noexcept {
    return code >= marker::baseline && code <= marker::last_frame &&
           code != marker::huffman_tables && code != marker::arithmetic_extension &&
           code != marker::arithmetic_tables;
}

// The other frames are lossless, hierarchical or arithmetic.
bool is_decoded_alike(int frame) noexcept {
    return frame == marker::baseline || frame == marker::extended || frame == marker::progressive;
}

bool may_follow_scan(int code) noexcept {
    return code == marker::huffman_tables || code == marker::start_of_scan ||
           code == marker::quantization_tables || code == marker::restart_interval;
}

struct Segment {
    int code = 0;
    Bytes content;
    std::size_t end = 0;  // in the file
};

std::optional<Segment> segment_at(Bytes file, std::size_t position) noexcept {
    if (position + 4 > file.size() || byte_at(file, position) != marker::prefix) return {};
    const int code = byte_at(file, position + 1);
    const auto length = static_cast<std::size_t>(word_at(file, position + 2));
    const std::size_t end = position + 2 + length;
    if (!has_length(code) || length < 2 || end > file.size()) return {};
    return Segment{code, file.subspan(position + 4, length - 2), end};
}

// Whether a segment that may be Adobe's does not ask for other colours than Y'CbCr.
bool is_ycbcr(Bytes content) noexcept {
    constexpr std::string_view name = "Adobe";
    constexpr std::size_t transform = 11;
    if (content.size() < name.size() || std::memcmp(content.data(), name.data(), name.size()) != 0)
        return true;
    return content.size() > transform && byte_at(content, transform) == 1;
}

// Reads precision, height, width and components; false if decoders may differ.
bool read_frame(const Segment& frame, JpegHeader& header) noexcept {
    const Bytes content = frame.content;
    if (!is_decoded_alike(frame.code) || content.size() < 9 || byte_at(content, 0) != 8)
        return false;
    header.height = word_at(content, 1);
    header.width = word_at(content, 3);
    header.components = byte_at(content, 5);
    return header.height > 0 && header.width > 0 &&
           (header.components == 1 || header.components == 3);
}

// Returns where the first marker from `position` on is that does not belong to coded data, as
// stuffed bytes, restart markers and filling do; the file's size if there is none.
std::size_t end_of_scan(Bytes file, std::size_t position) noexcept {
    while (position + 1 < file.size()) {
        const void* found =
            std::memchr(file.data() + position, marker::prefix, file.size() - position - 1);
        if (found == nullptr) break;
        position = static_cast<std::size_t>(static_cast<const std::byte*>(found) - file.data());
        const int code = byte_at(file, position + 1);
        if (code != 0 && code != marker::prefix && !is_restart(code)) return position;
        ++position;  // of two prefixes, the second one may begin a marker
    }
    return file.size();
}

// Whether coded data goes on until the end of the image, without markers from elsewhere.
bool scans_are_whole(Bytes file, std::size_t position, bool several) noexcept {
    for (;;) {
        const std::size_t end = end_of_scan(file, position);
        if (end == file.size()) return false;
        const int code = byte_at(file, end + 1);
        if (code == marker::end_of_image) return true;
        const std::optional<Segment> segment = segment_at(file, end);
        if (!several || !may_follow_scan(code) || !segment) return false;
        position = segment->end;
    }
}

}  // namespace

std::optional<JpegHeader> ordinary_jpeg(Bytes file) noexcept {
    if (file.size() < 3 || word_at(file, 0) != (marker::prefix << 8 | marker::start_of_image))
        return {};
    JpegHeader header;
    int frame = 0;
    for (std::size_t position = 2;;) {
        const std::optional<Segment> segment = segment_at(file, position);
        if (!segment) return {};
        position = segment->end;
        if (segment->code == marker::start_of_scan) {
            const bool several = frame == marker::progressive;
            if (frame == 0 || !scans_are_whole(file, position, several)) return {};
            return header;
        }
        if (is_frame(segment->code)) {
            if (frame != 0 || !read_frame(*segment, header)) return {};
            frame = segment->code;
        } else if (segment->code == marker::exif) {
            header.has_exif = true;
        } else if (segment->code == marker::adobe && !is_ycbcr(segment->content)) {
            return {};
        }
    }
}

}  // namespace batchwarp
