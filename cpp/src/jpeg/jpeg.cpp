#include "batchwarp/jpeg.hpp"

#include <cstring>
#include <string_view>

#include "jpeg/segments.hpp"

namespace batchwarp {
namespace {

using namespace jpeg;

bool is_restart(int code) noexcept {
    return code >= marker::first_restart && code <= marker::last_restart;
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

// What libjpeg passes over or reads; at all others it ends.
bool is_known(int code) noexcept {
    return is_frame(code) || may_follow_scan(code) || is_application(code) ||
           code == marker::arithmetic_tables || code == marker::number_of_lines ||
           code == marker::comment;
}

// Whether a segment consists of quantization tables, of which some decoders ask no more than that
// they begin.
bool holds_tables(Bytes content) noexcept {
    std::size_t position = 0;
    while (position < content.size())
        position += byte_at(content, position) >> 4 == 0 ? 1 + 64 : 1 + 2 * 64;
    return position == content.size();
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
    constexpr std::size_t fixed = 6, of_component = 3;
    if (!is_decoded_alike(frame.code) || content.size() < fixed || byte_at(content, 0) != 8)
        return false;
    header.height = word_at(content, 1);
    header.width = word_at(content, 3);
    header.components = byte_at(content, 5);
    return header.height > 0 && header.width > 0 &&
           (header.components == 1 || header.components == 3) &&
           content.size() == fixed + of_component * static_cast<std::size_t>(header.components);
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
    if (!begins_as_jpeg(file)) return {};
    JpegHeader header;
    int frame = 0;
    for (std::size_t position = 2;;) {
        const std::optional<Segment> segment = segment_at(file, position);
        if (!segment || !is_known(segment->code)) return {};
        position = segment->end;
        if (segment->code == marker::start_of_scan) {
            const bool several = frame == marker::progressive;
            if (frame == 0 || !scans_are_whole(file, position, several)) return {};
            return header;
        }
        if (is_frame(segment->code)) {
            if (frame != 0 || !read_frame(*segment, header)) return {};
            frame = segment->code;
        }
        if (segment->code == marker::adobe && !is_ycbcr(segment->content)) return {};
        if (segment->code == marker::quantization_tables && !holds_tables(segment->content))
            return {};
    }
}

}  // namespace batchwarp
