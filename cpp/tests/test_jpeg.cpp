#include "batchwarp/jpeg.hpp"

#include <cstddef>
#include <initializer_list>
#include <optional>
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
    return segment(code, bytes({precision, 1, 2, 0, 3, components, 1, 0x11, 0}));
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
    CHECK(header && !header->has_exif);
    const auto exif = header_of(start + segment(0xE1, {}) + frame(0xC1, 8, 3) + scan + end);
    CHECK(exif && exif->has_exif && exif->components == 3);
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

int main() { return testing::run_all(); }
