#include "jpeg_mutations.hpp"

#include <algorithm>
#include <array>

#include "jpeg/segments.hpp"

namespace testing {
namespace {

namespace marker = batchwarp::jpeg::marker;

// From its marker to the next one; of a scan, with its data.
struct Segment {
    int code = 0;
    std::size_t begin = 0, content = 0, data = 0, end = 0;
};

int byte_at(const JpegBytes& file, std::size_t position) {
    return std::to_integer<int>(file[position]);
}

std::vector<Segment> segments(const JpegBytes& file) {
    std::vector<Segment> found;
    for (std::size_t at = 2; at + 4 <= file.size() && byte_at(file, at) == 0xFF;) {
        Segment segment{byte_at(file, at + 1), at, at + 4, 0, 0};
        if (segment.code == marker::end_of_image) break;
        const auto length =
            static_cast<std::size_t>(byte_at(file, at + 2) << 8 | byte_at(file, at + 3));
        segment.data = segment.end = at + 2 + length;
        if (length < 2 || segment.end > file.size()) break;
        if (segment.code == marker::start_of_scan)
            while (segment.end + 1 < file.size() &&
                   (byte_at(file, segment.end) != 0xFF || byte_at(file, segment.end + 1) == 0 ||
                    (byte_at(file, segment.end + 1) & 0xF8) == marker::first_restart))
                ++segment.end;
        found.push_back(segment);
        at = segment.end;
    }
    return found;
}

bool is_frame(int code) { return code >= 0xC0 && code <= 0xC2; }

std::byte any_byte(Random& random) {
    // Those that say something to a decoder come more often.
    constexpr std::array<int, 8> special{0, 1, 0x11, 0x22, 0x7F, 0x80, 0xFE, 0xFF};
    return static_cast<std::byte>(below(random, 3) == 0 ? special[below(random, special.size())]
                                                        : static_cast<int>(below(random, 256)));
}

std::ptrdiff_t signed_of(std::size_t position) { return static_cast<std::ptrdiff_t>(position); }

void change_frame(JpegBytes& file, const Segment& frame, Random& random) {
    if (frame.data < frame.content + 9) return;
    const std::size_t components = (frame.data - frame.content - 6) / 3;
    const std::size_t component = frame.content + 6 + 3 * below(random, components);
    switch (below(random, 4)) {
        case 0:  // a height or a width, small enough to be decoded again and again
            file[frame.content + 1 + 2 * below(random, 2)] = std::byte{0};
            file[frame.content + 2 + 2 * below(random, 2)] =
                static_cast<std::byte>(1 + below(random, 120));
            break;
        case 1: {
            constexpr std::array<int, 12> factors{0x11, 0x12, 0x21, 0x22, 0x14, 0x41,
                                                  0x42, 0x24, 0x31, 0x13, 0x33, 0x44};
            file[component + 1] = static_cast<std::byte>(factors[below(random, factors.size())]);
            break;
        }
        case 2:
            file[component + 2 * below(random, 2)] = static_cast<std::byte>(below(random, 5));
            break;
        default:
            file[frame.begin + 1] = static_cast<std::byte>(0xC0 + below(random, 3));
    }
}

void change_data(JpegBytes& file, const Segment& scan, Random& random) {
    const std::size_t size = scan.end - scan.data;
    if (size < 2) return;
    const std::size_t at = scan.data + below(random, size);
    const auto place = file.begin() + signed_of(at);
    const auto count = signed_of(std::min(1 + below(random, 1 + size / 4), scan.end - at));
    switch (below(random, 6)) {
        case 0:
            file[at] ^= static_cast<std::byte>(1 << below(random, 8));
            break;
        case 1:
            file[at] = any_byte(random);
            break;
        case 2:  // a restart, in its place or not
            file.insert(place, {std::byte{0xFF},
                                static_cast<std::byte>(marker::first_restart + below(random, 8))});
            break;
        case 3:
            file.erase(place, place + count);
            break;
        case 4: {
            const JpegBytes copy(place, place + count);
            file.insert(place, copy.begin(), copy.end());
            break;
        }
        default:
            std::generate(place, place + count, [&] { return any_byte(random); });
    }
}

constexpr std::size_t exif_name = 6, tiff_head = 8, of_entry = 12;

// A number in EXIF data, of two bytes or four, that says where or what something is.
void change_exif(JpegBytes& file, const Segment& segment, Random& random) {
    const std::size_t entries = segment.content + exif_name + tiff_head + 2;
    if (segment.data < entries + of_entry) return;
    constexpr std::array<std::size_t, 4> in_head{0, 2, 4, 8}, in_entry{0, 2, 4, 8};
    const std::size_t entry =
        entries + of_entry * below(random, (segment.data - entries) / of_entry);
    const std::size_t field = below(random, 4);
    const bool is_in_head = below(random, 3) == 0;
    const std::size_t at =
        is_in_head ? segment.content + exif_name + in_head[field] : entry + in_entry[field];
    const std::size_t count = field < 2 || (is_in_head && field == 3) ? 2 : 4;
    const bool is_small = below(random, 2) == 0;
    for (std::size_t i = 0; i < count; ++i)
        file[at + i] = is_small ? std::byte{0} : any_byte(random);
    if (is_small)
        file[at + (below(random, 2) == 0 ? 0 : count - 1)] =
            static_cast<std::byte>(below(random, 20));
}

// EXIF data with an orientation among other things.
JpegBytes exif_segment(Random& random) {
    const bool little = below(random, 2) == 0;
    JpegBytes tiff;
    const auto add = [&](std::size_t number, std::size_t count) {
        for (std::size_t i = 0; i < count; ++i)
            tiff.push_back(
                static_cast<std::byte>(number >> 8 * (little ? i : count - 1 - i) & 0xFF));
    };
    for (int i = 0; i < 2; ++i) tiff.push_back(static_cast<std::byte>(little ? 'I' : 'M'));
    add(42, 2);
    add(tiff_head, 4);
    const std::size_t entries = 1 + below(random, 4), which = below(random, entries);
    add(entries, 2);
    for (std::size_t i = 0; i < entries; ++i) {
        const bool is_orientation = i == which;
        const bool is_elsewhere = !is_orientation && below(random, 2) == 0;
        add(is_orientation ? 0x0112 : 0x0110 + i, 2);
        add(is_orientation ? 3 : is_elsewhere ? 5 : 4, 2);
        add(1, 4);
        add(is_orientation ? below(random, 10)
            : is_elsewhere ? tiff_head
                           : 72,
            is_orientation ? 2 : 4);
        if (is_orientation) add(0, 2);
    }
    add(0, 4);
    JpegBytes segment{std::byte{0xFF}, std::byte{marker::exif}, std::byte{0},
                      static_cast<std::byte>(2 + exif_name + tiff.size())};
    for (const char letter : {'E', 'x', 'i', 'f', '\0', '\0'})
        segment.push_back(static_cast<std::byte>(letter));
    segment.insert(segment.end(), tiff.begin(), tiff.end());
    return segment;
}

void change_content(JpegBytes& file, const Segment& segment, Random& random) {
    const std::size_t size = segment.data - segment.content;
    if (size == 0) return;
    if (is_frame(segment.code) && below(random, 4) != 0)
        change_frame(file, segment, random);
    else if (segment.code == marker::exif && below(random, 4) != 0)
        change_exif(file, segment, random);
    else
        file[segment.content + below(random, size)] = any_byte(random);
}

void change_order(JpegBytes& file, const Segment& segment, const Segment& other, Random& random) {
    const JpegBytes copy(file.begin() + signed_of(segment.begin),
                         file.begin() + signed_of(segment.end));
    const auto place = file.begin() + signed_of(other.begin);
    switch (below(random, 3)) {
        case 0:
            file.erase(file.begin() + signed_of(segment.begin),
                       file.begin() + signed_of(segment.end));
            break;
        case 1:
            file.insert(place, copy.begin(), copy.end());
            break;
        default: {
            const auto interval = below(random, 2) == 0 ? below(random, 6) : below(random, 65536);
            file.insert(place, {std::byte{0xFF}, static_cast<std::byte>(marker::restart_interval),
                                std::byte{0}, std::byte{4}, static_cast<std::byte>(interval >> 8),
                                static_cast<std::byte>(interval & 0xFF)});
        }
    }
}

}  // namespace

std::size_t below(Random& random, std::size_t end) {
    return end == 0 ? 0 : std::uniform_int_distribution<std::size_t>(0, end - 1)(random);
}

void mutate(JpegBytes& file, Random& random) {
    const std::vector<Segment> all = segments(file);
    if (all.empty()) return;
    const Segment& segment = all[below(random, all.size())];
    std::vector<Segment> scans;
    std::copy_if(all.begin(), all.end(), std::back_inserter(scans),
                 [](const Segment& one) { return one.code == marker::start_of_scan; });
    const std::size_t kind = below(random, 10);
    if (kind < 4 && !scans.empty())
        change_data(file, scans[below(random, scans.size())], random);
    else if (kind < 9)
        change_content(file, segment, random);
    else
        change_order(file, segment, all[below(random, all.size())], random);
}

JpegBytes any_file(Random& random) {
    JpegKind kind;
    kind.height = 1 + static_cast<int>(below(random, 90));
    kind.width = 1 + static_cast<int>(below(random, 160));
    kind.grey = below(random, 8) == 0;
    constexpr std::array<std::array<int, 2>, 8> samplings{
        {{1, 1}, {2, 1}, {2, 2}, {2, 2}, {1, 2}, {4, 1}, {4, 2}, {1, 4}}};
    const auto& sampling = samplings[below(random, samplings.size())];
    kind.across = sampling[0];
    kind.down = sampling[1];
    kind.progressive = below(random, 3) == 0;
    kind.restart_interval = below(random, 2) == 0 ? 0 : static_cast<unsigned>(below(random, 9));
    kind.quality = 1 + static_cast<int>(below(random, 100));
    kind.seed = static_cast<std::uint32_t>(below(random, 1 << 20));
    JpegBytes file = jpeg_file(kind);
    if (below(random, 2) == 0) {
        const JpegBytes segment = exif_segment(random);
        file.insert(file.begin() + 2, segment.begin(), segment.end());
    }
    return file;
}

}  // namespace testing
