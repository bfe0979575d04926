// The orientation that EXIF data, a TIFF file within a JPEG file, say an image has. Pillow is what
// they are compared with: where a file is not as the standard says, other readers, and other
// releases of Pillow, find other things in it or warn, and the answer is theirs.
#include <cstdint>
#include <string_view>

#include "batchwarp/jpeg.hpp"
#include "jpeg/segments.hpp"

namespace batchwarp {
namespace {

using namespace jpeg;

constexpr std::string_view exif_name("Exif\0\0", 6), xmp_name("http://ns.adobe.com/xap/1.0/\0", 29);

std::string_view text(Bytes content) noexcept {
    return {reinterpret_cast<const char*>(content.data()), content.size()};
}

// A TIFF file. No place in it is looked at that nobody has compared with its size.
class Tiff {
  public:
    explicit Tiff(Bytes bytes) noexcept : bytes_(bytes) {}

    // Reads the byte order and the number that follows it.
    bool begins() noexcept {
        if (bytes_.size() < head) return false;
        const std::string_view order = text(bytes_).substr(0, 2);
        is_little_ = order == "II";
        return (is_little_ || order == "MM") && number(2, 2) == 42;
    }

    std::uint64_t size() const noexcept { return bytes_.size(); }

    // The unsigned integer of so many bytes that begins at a place.
    std::uint64_t number(std::uint64_t place, int count) const noexcept {
        std::uint64_t value = 0;
        for (int i = 0; i < count; ++i) {
            const int from = is_little_ ? count - 1 - i : i;
            value = value << 8 |
                    static_cast<std::uint64_t>(byte_at(
                        bytes_, static_cast<std::size_t>(place) + static_cast<std::size_t>(from)));
        }
        return value;
    }

    static constexpr std::uint64_t head = 8;

  private:
    Bytes bytes_;
    bool is_little_ = false;
};

// How many bytes a value of a type takes; 0 for types that not everybody knows.
std::uint64_t size_of_type(std::uint64_t type) noexcept {
    constexpr std::uint64_t sizes[] = {0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8};
    return type < std::size(sizes) ? sizes[type] : 0;
}

struct Found {
    bool is_sound = false;  // all readers find the same
    int orientation = 0;    // 0 if there is none
};

// Reads the first directory. All of it must be in the file, with what its entries point to.
Found orientation_in(Tiff tiff) noexcept {
    constexpr std::uint64_t of_entry = 12, orientation_tag = 0x0112, short_type = 3;
    if (!tiff.begins()) return {};
    const std::uint64_t directory = tiff.number(4, 4);
    if (directory + 2 > tiff.size()) return {};
    const std::uint64_t entries = tiff.number(directory, 2), first = directory + 2;
    if (first + entries * of_entry + 4 > tiff.size()) return {};
    std::uint64_t elsewhere = 0;
    Found found{true, 0};
    for (std::uint64_t i = 0; i < entries; ++i) {
        const std::uint64_t entry = first + i * of_entry;
        const std::uint64_t tag = tiff.number(entry, 2), type = tiff.number(entry + 2, 2);
        const std::uint64_t count = tiff.number(entry + 4, 4), bytes = count * size_of_type(type);
        if (size_of_type(type) == 0) return {};
        if (bytes > 4) {
            elsewhere += bytes;
            if (tiff.number(entry + 8, 4) + bytes > tiff.size() || elsewhere > tiff.size())
                return {};
        }
        if (tag != orientation_tag) continue;
        if (found.orientation != 0 || type != short_type || count != 1) return {};
        const auto value = static_cast<int>(tiff.number(entry + 8, 2));
        found.orientation = value >= 1 && value <= 8 ? value : 1;  // others mean nothing
    }
    return found;
}

}  // namespace

std::optional<int> jpeg_orientation(Bytes file) noexcept {
    if (!begins_as_jpeg(file)) return {};
    Bytes exif;
    bool has_exif = false, is_in_xmp = false;
    for (std::size_t position = 2;;) {
        const std::optional<Segment> segment = segment_at(file, position);
        if (!segment) return {};
        if (segment->code == marker::start_of_scan) break;
        position = segment->end;
        if (segment->code != marker::exif) continue;
        const std::string_view content = text(segment->content);
        if (content.starts_with(exif_name)) {
            if (has_exif) return {};  // the second may be the rest of the first
            exif = segment->content.subspan(exif_name.size());
            has_exif = true;
        } else if (content.starts_with(xmp_name)) {
            // The last one counts, or the first, or none.
            is_in_xmp = is_in_xmp || content.find("tiff:Orientation") != std::string_view::npos;
        }
    }
    Found found{true, 0};
    if (has_exif) found = orientation_in(Tiff(exif));
    if (!found.is_sound || (found.orientation == 0 && is_in_xmp)) return {};
    return found.orientation == 0 ? 1 : found.orientation;
}

}  // namespace batchwarp
