#include "batchwarp/jpeg.hpp"

#include <cstddef>
#include <initializer_list>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "testing.hpp"

using namespace batchwarp;

namespace {

using File = std::vector<std::byte>;

File bytes(std::initializer_list<int> values) {
    File result;
    for (const int value : values) result.push_back(static_cast<std::byte>(value));
    return result;
}

File operator+(File left, const File& right) {
    left.insert(left.end(), right.begin(), right.end());
    return left;
}

File segment(int code, const File& content) {
    const auto length = static_cast<int>(content.size()) + 2;
    return bytes({0xFF, code, length >> 8, length & 0xFF}) + content;
}

// Baseline, 8 bits, 258×3 pixels, one component, unless told otherwise.
File frame(int code = 0xC0, int precision = 8, int components = 1) {
    File content = bytes({precision, 1, 2, 0, 3, components});
    for (int i = 1; i <= components; ++i) content = content + bytes({i, 0x11, 0});
    return segment(code, content);
}

const File start = bytes({0xFF, 0xD8}), end = bytes({0xFF, 0xD9});
const File scan = segment(0xDA, bytes({1, 1, 0, 0, 63, 0})) + bytes({0x12, 0x34});
const File tables = segment(0xC4, bytes({0, 0, 0}));

std::optional<JpegHeader> header_of(const File& file) { return ordinary_jpeg(file); }
bool is_ordinary(const File& file) { return header_of(file).has_value(); }

File adobe(int transform) {
    return segment(0xEE, bytes({'A', 'd', 'o', 'b', 'e', 0, 100, 0, 0, 0, 0, transform}));
}

}  // namespace

TEST(the_frame_is_read) {
    const auto header = header_of(start + frame() + scan + end);
    CHECK(header && header->height == 258 && header->width == 3 && header->components == 1);
    const auto colour = header_of(start + segment(0xE1, {}) + frame(0xC1, 8, 3) + scan + end);
    CHECK(colour && colour->components == 3);
}

TEST(frames_that_decoders_may_read_differently_are_left_alone) {
    CHECK(!is_ordinary(start + scan + end));
    CHECK(!is_ordinary(start + frame() + frame() + scan + end));
    CHECK(!is_ordinary(start + frame(0xC0, 12) + scan + end));
    CHECK(!is_ordinary(start + frame(0xC0, 8, 4) + scan + end));
    for (const int code : {0xC3, 0xC5, 0xC9, 0xCF})
        CHECK(!is_ordinary(start + frame(code) + scan + end));
    CHECK(!is_ordinary(start + segment(0xC0, bytes({8, 0, 0, 0, 3, 1, 1, 17, 0})) + scan + end));
    CHECK(!is_ordinary(start + segment(0xC0, bytes({8, 0, 3, 0, 3, 1})) + scan + end));
    CHECK(!is_ordinary(start + segment(0xC0, bytes({8, 0, 3, 0, 3, 1, 1, 17, 0, 0})) + scan + end));
}

TEST(segments_that_libjpeg_ends_at_are_left_alone) {
    for (const int code : {0x02, 0xBF, 0xC8, 0xDE, 0xDF, 0xF0, 0xFD})
        CHECK(!is_ordinary(start + segment(code, {}) + frame() + scan + end));
    for (const int code : {0xCC, 0xDC, 0xDD, 0xE0, 0xEF, 0xFE})
        CHECK(is_ordinary(start + segment(code, {}) + frame() + scan + end));
    for (const std::size_t bytes_of_tables : {0U, 65U, 130U})
        CHECK(is_ordinary(start + segment(0xDB, File(bytes_of_tables)) + frame() + scan + end));
    for (const std::size_t bytes_of_tables : {1U, 64U, 66U, 129U})
        CHECK(!is_ordinary(start + segment(0xDB, File(bytes_of_tables)) + frame() + scan + end));
    File wide(129);
    wide[0] = std::byte{0x13};
    CHECK(is_ordinary(start + segment(0xDB, wide) + frame() + scan + end));
}

TEST(colours_must_be_ycbcr) {
    CHECK(is_ordinary(start + adobe(1) + frame() + scan + end));
    CHECK(!is_ordinary(start + adobe(0) + frame() + scan + end));
    CHECK(!is_ordinary(start + adobe(2) + frame() + scan + end));
    CHECK(!is_ordinary(start + segment(0xEE, bytes({'A', 'd', 'o', 'b', 'e'})) + frame() + scan +
                       end));
    CHECK(is_ordinary(start + segment(0xEE, bytes({'A', 'd', 'o'})) + frame() + scan + end));
}

TEST(stuffed_bytes_restarts_and_filling_belong_to_a_scan) {
    const File inside = bytes({0xFF, 0x00, 0xFF, 0xD0, 0xFF, 0xD7, 0xFF, 0xFF});
    CHECK(is_ordinary(start + frame() + scan + inside + end));
    for (const int code : {0x01, 0xCF, 0xD8, 0xDA, 0xE0})
        CHECK(!is_ordinary(start + frame() + scan + bytes({0xFF, code}) + end));
}

TEST(only_progressive_files_have_several_scans) {
    CHECK(is_ordinary(start + frame(0xC2) + scan + tables + scan + end));
    CHECK(!is_ordinary(start + frame(0xC0) + scan + tables + scan + end));
    CHECK(!is_ordinary(start + frame(0xC2) + scan + segment(0xE0, {}) + scan + end));
}

TEST(every_part_of_a_file_is_no_ordinary_file) {
    const File whole = start + segment(0xE1, bytes({1, 2})) + adobe(1) + tables + frame(0xC2) +
                       scan + tables + scan + end;
    CHECK(is_ordinary(whole));
    for (std::size_t length = 0; length < whole.size(); ++length) {
        // A copy, so that sanitizers see what is read beyond its end.
        const File part(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length));
        CHECK(!is_ordinary(part));
    }
    CHECK(is_ordinary(whole + bytes({0, 0xFF})));
}

TEST(lengths_below_two_and_markers_without_one_end_the_search) {
    CHECK(!is_ordinary(start + bytes({0xFF, 0xE0, 0, 1, 0}) + frame() + scan + end));
    for (const int code : {0x00, 0x01, 0xD0, 0xD8, 0xD9, 0xFF})
        CHECK(!is_ordinary(start + bytes({0xFF, code}) + frame() + scan + end));
    CHECK(!is_ordinary(bytes({0x89, 'P', 'N', 'G'})));
}

namespace {

File exif(const File& tiff) { return segment(0xE1, bytes({'E', 'x', 'i', 'f', 0, 0}) + tiff); }

const File big = bytes({'M', 'M', 0, 42, 0, 0, 0, 8}),
           little = bytes({'I', 'I', 42, 0, 8, 0, 0, 0});
const File last = bytes({0, 0, 0, 0});
// One entry, a number of 16 bits.
File orientation(int value) { return bytes({1, 0x12, 0, 3, 0, 0, 0, 1, 0, value, 0, 0}); }
// One of another kind, whose value is elsewhere if it has more than four bytes.
File other(int type, int count, int place) {
    return bytes({1, 0x0F, 0, type, 0, 0, 0, count, 0, 0, 0, place});
}
File one_entry(const File& entry) { return big + bytes({0, 1}) + entry + last; }

std::optional<int> found(const File& segments) {
    return jpeg_orientation(start + segments + frame() + scan + end);
}

File xmp(const char* text) {
    File content;
    for (const char letter : std::string_view("http://ns.adobe.com/xap/1.0/\0", 29))
        content.push_back(static_cast<std::byte>(letter));
    for (; *text != 0; ++text) content.push_back(static_cast<std::byte>(*text));
    return segment(0xE1, content);
}

}  // namespace

TEST(an_orientation_is_read_in_both_orders) {
    for (int value = 1; value <= 8; ++value) {
        CHECK(found(exif(one_entry(orientation(value)))) == value);
        CHECK(found(exif(little + bytes({1, 0, 0x12, 1, 3, 0, 1, 0, 0, 0, value, 0, 0, 0}) +
                         last)) == value);
    }
    for (const int value : {0, 9, 255}) CHECK(found(exif(one_entry(orientation(value)))) == 1);
    CHECK(found({}) == 1);
    CHECK(found(exif(one_entry(other(4, 1, 6)))) == 1);
    CHECK(found(exif(big + bytes({0, 3}) + other(4, 1, 6) + orientation(6) + other(5, 1, 8) +
                     last)) == 6);
    CHECK(found(segment(0xE1, bytes({'E', 'x', 'i', 'f', 0})) + exif(one_entry(orientation(5)))) ==
          5);
    CHECK(found(exif(bytes({'M', 'M', 0, 42, 0, 0, 0, 10, 0, 0, 0, 1}) + orientation(7) + last)) ==
          7);
}

TEST(an_orientation_that_readers_find_differently_is_nobodys) {
    const File good = orientation(6);
    CHECK(!found(exif({})));
    CHECK(!found(exif(one_entry(good)) + exif(one_entry(good))));
    CHECK(!found(exif(big + bytes({0, 2}) + good + good + last)));
    for (const File& head :
         {bytes({'I', 'M', 0, 42, 0, 0, 0, 8}), bytes({'M', 'M', 42, 0, 0, 0, 0, 8}),
          bytes({'M', 'M', 0, 43, 0, 0, 0, 8})})
        CHECK(!found(exif(head + bytes({0, 1}) + good + last)));
    for (const int type : {0, 1, 2, 4, 5, 8, 13, 99})
        CHECK(!found(exif(one_entry(bytes({1, 0x12, 0, type, 0, 0, 0, 1, 0, 6, 0, 0})))));
    for (const int count : {0, 2, 3})
        CHECK(!found(exif(one_entry(bytes({1, 0x12, 0, 3, 0, 0, 0, count, 0, 6, 0, 0})))));
    CHECK(!found(exif(big + bytes({0, 2}) + other(5, 1, 200) + good + last)));
    CHECK(!found(exif(big + bytes({0, 2}) + other(13, 1, 0) + good + last)));
    CHECK(!found(exif(big + bytes({0, 3}) + other(5, 5, 8) + other(5, 5, 8) + good + last)));
}

TEST(an_orientation_of_xmp_is_left_unless_exif_has_one) {
    CHECK(found(xmp("<x/>")) == 1);
    CHECK(!found(xmp("tiff:Orientation=\"6\"")));
    CHECK(!found(exif(one_entry(other(4, 1, 6))) + xmp("<tiff:Orientation>3")));
    CHECK(found(xmp("tiff:Orientation=\"6\"") + exif(one_entry(orientation(8)))) == 8);
}

TEST(no_part_of_exif_data_is_sound) {
    const File whole =
        big + bytes({0, 2}) + other(2, 5, 38) + orientation(6) + last + bytes({1, 2, 3, 4, 5});
    CHECK(found(exif(whole)) == 6);
    for (std::size_t length = 0; length < whole.size(); ++length)
        CHECK(!found(exif({whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length)})));
    for (const int place : {0x7F, 0xFF})
        for (std::size_t i = 4; i < 8; ++i) {
            File beyond = whole;
            beyond[i] = static_cast<std::byte>(place);
            CHECK(!found(exif(beyond)));
        }
    const File file = start + exif(whole) + frame() + scan + end;
    for (std::size_t length = 0; length < start.size() + exif(whole).size() + frame().size();
         ++length)
        CHECK(!jpeg_orientation(std::span(file).first(length)));
}

int main() { return testing::run_all(); }
