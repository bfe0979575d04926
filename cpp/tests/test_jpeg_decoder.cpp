// Parts of JPEG files against all of them, decoded plainly by the same library.
#include "files/jpeg_decoder.hpp"

#include <algorithm>
#include <cstring>
#include <vector>

#include "batchwarp/cpu.hpp"
#include "batchwarp/errors.hpp"
#include "batchwarp/files.hpp"
#include "files/libjpeg.hpp"
#include "jpeg_library.hpp"
#include "testing.hpp"

using namespace batchwarp;
using testing::jpeg_file;
using testing::JpegBytes;
using testing::JpegKind;

namespace {

// Empty for one that is not ordinary, which no test expects.
JpegHeader header_of(const JpegBytes& file) { return ordinary_jpeg(file).value_or(JpegHeader{}); }

// Memory for an image whose rows do not touch, with guards behind each.
struct Target {
    std::int64_t height, width, channels, stride = width * channels + 5;
    std::vector<std::byte> memory =
        std::vector<std::byte>(static_cast<std::size_t>(height * stride), std::byte{0xA5});

    MutableImageView view() {
        return {memory.data(), DType::u8, height, width, channels, stride, channels, 1};
    }
    MutableImageView planar_view() {
        return {memory.data(), DType::u8, height, width, channels, stride, 1, width};
    }
    bool guards_are_whole() const {
        for (std::int64_t y = 0; y < height; ++y)
            for (std::int64_t i = width * channels; i < stride; ++i)
                if (memory[static_cast<std::size_t>(y * stride + i)] != std::byte{0xA5})
                    return false;
        return true;
    }
};

bool equals(const testing::Decoding& whole, const JpegPixels& wanted, const MutableImageView& got) {
    const bool picks = !wanted.rows.empty();
    for (std::int64_t y = 0; y < got.height; ++y)
        for (std::int64_t x = 0; x < got.width; ++x) {
            const auto row =
                picks ? wanted.rows[static_cast<std::size_t>(y)] : y + wanted.window.top;
            const auto column =
                picks ? wanted.columns[static_cast<std::size_t>(x)] : x + wanted.window.left;
            for (std::int64_t c = 0; c < got.channels; ++c)
                if (*got.at(y, x, c) != whole.at(row, column)[c]) return false;
        }
    return true;
}

bool part_is_right(const JpegBytes& file, const testing::Decoding& whole, const JpegPixels& wanted,
                   bool planar) {
    const JpegHeader header = header_of(file);
    const bool picks = !wanted.rows.empty();
    Target target{picks ? std::ssize(wanted.rows) : wanted.window.height(),
                  picks ? std::ssize(wanted.columns) : wanted.window.width(), whole.channels};
    const MutableImageView view = planar ? target.planar_view() : target.view();
    return decode_jpeg(file, header, wanted, view) == Decoded::done && target.guards_are_whole() &&
           equals(whole, wanted, view);
}

// Whether a part is the same as in the whole image, as pixels and as planes, in every tier.
bool part_is_right(const JpegBytes& file, const testing::Decoding& whole,
                   const JpegPixels& wanted) {
    for (const std::string& tier : available_tiers()) {
        select_tier(tier);
        if (!part_is_right(file, whole, wanted, false)) return false;
        if (whole.channels == 3 && wanted.rows.empty() && !part_is_right(file, whole, wanted, true))
            return false;
    }
    return true;
}

// As nearest resizing picks them.
std::vector<std::int64_t> spread(std::int64_t extent, std::int64_t count) {
    std::vector<std::int64_t> places;
    for (std::int64_t i = 0; i < count; ++i) places.push_back((2 * i + 1) * extent / (2 * count));
    return places;
}

void check_parts(const JpegKind& kind, int scale, bool grey) {
    const JpegBytes file = jpeg_file(kind);
    const auto whole = testing::decode_plainly(file, grey, scale);
    CHECK(whole);
    if (!whole) return;
    const std::int64_t height = whole->height, width = whole->width;
    JpegPixels wanted{.grey = grey, .scale = scale};
    for (const Box& window :
         {Box{0, 0, width, height}, Box{width / 3, height / 3, width / 3 + (width + 1) / 2, height},
          Box{width - 1, height - 1, width, height},
          Box{0, height / 2, (width + 3) / 4, height / 2 + 1},
          Box{width / 2, 0, width, (height + 1) / 2}}) {
        wanted.window = window;
        CHECK(part_is_right(file, *whole, wanted));
    }
    for (const std::int64_t count : {1, 5, 40}) {
        const auto rows = spread(height, count), columns = spread(width, count + 2);
        wanted.rows = rows;
        wanted.columns = columns;
        CHECK(part_is_right(file, *whole, wanted));
        // Upside down and mirrored, and some of them twice.
        std::vector<std::int64_t> back(rows.rbegin(), rows.rend()),
            mirrored(columns.rbegin(), columns.rend());
        back.push_back(rows.front());
        mirrored.insert(mirrored.begin(), columns.front());
        wanted.rows = back;
        wanted.columns = mirrored;
        CHECK(part_is_right(file, *whole, wanted));
    }
}

}  // namespace

TEST(parts_of_files_of_all_samplings) {
    constexpr int samplings[][2] = {{1, 1}, {2, 1}, {1, 2}, {2, 2}, {4, 1}, {4, 2}, {1, 4}, {3, 1}};
    std::uint32_t seed = 0;
    for (const auto& [across, down] : samplings)
        for (const bool progressive : {false, true})
            for (const auto& [height, width] :
                 {std::pair{16, 16}, {1, 1}, {2, 3}, {33, 47}, {64, 17}, {75, 130}}) {
                if (!testing::sampled()) continue;
                JpegKind kind{.height = height, .width = width, .across = across, .down = down};
                kind.progressive = progressive;
                kind.restart_interval = seed % 3;
                kind.quality = seed % 4 == 0 ? 100 : 30;
                kind.seed = ++seed;
                check_parts(kind, 8, false);
            }
}

// As few columns as would be scaled up by another rule, if they were all of an image.
TEST(narrow_windows_are_scaled_up_by_the_rule_of_the_whole) {
    for (const int red : {1, 4})
        for (const int across : {1, 2, 4}) {
            JpegKind kind{.height = 40, .width = 131, .across = across, .down = 1};
            kind.red_across = red;
            const JpegBytes file = jpeg_file(kind);
            const auto whole = testing::decode_plainly(file, false, 8);
            CHECK(whole);
            for (std::int64_t left = 0; whole && left < 131; ++left)
                for (const std::int64_t width : {1, 2, 3}) {
                    JpegPixels wanted;
                    wanted.window = {left, 17, std::min<std::int64_t>(left + width, 131), 22};
                    CHECK(part_is_right(file, *whole, wanted));
                }
        }
}

TEST(parts_of_grey_files) {
    for (const bool progressive : {false, true})
        for (const auto& [height, width] : {std::pair{1, 1}, {8, 9}, {41, 70}}) {
            JpegKind kind{.height = height, .width = width, .grey = true};
            kind.progressive = progressive;
            check_parts(kind, 8, true);
            check_parts(kind, 8, false);
            check_parts(kind, 3, true);
        }
}

TEST(parts_at_all_scales) {
    constexpr int samplings[][2] = {{1, 1}, {2, 1}, {1, 2}, {2, 2}, {4, 2}};
    for (int scale = 1; scale <= 16; ++scale)
        for (const auto& [across, down] : samplings)
            for (const auto& [height, width] : {std::pair{37, 50}, {5, 131}}) {
                if (!testing::sampled()) continue;
                JpegKind kind{.height = height, .width = width, .across = across, .down = down};
                kind.progressive = (scale + across) % 2 == 0;
                check_parts(kind, scale, false);
            }
}

TEST(the_fastest_scale_that_covers) {
    CHECK(covering_scale({375, 500}, {150, 150}) == 4);
    CHECK(covering_scale({1200, 1200}, {150, 150}) == 1);
    CHECK(covering_scale({1199, 1200}, {150, 150}) == 2);
    CHECK(covering_scale({300, 299}, {150, 150}) == 8);
    CHECK(covering_scale({150, 150}, {150, 150}) == 8);
    CHECK(covering_scale({10, 150}, {150, 150}) == 8);
    CHECK((scaled_size({375, 500, 3}, 3) == Size{141, 188}));
}

TEST(what_is_unusual_or_damaged_is_left) {
    JpegBytes file = jpeg_file({.height = 24, .width = 40});
    const JpegHeader header = header_of(file);
    Target target{24, 40, 3};
    JpegHeader other = header;
    other.height = 23;
    Target smaller{23, 40, 3};
    CHECK(decode_jpeg(file, other, {}, smaller.view()) == Decoded::left);
    Target grey{24, 40, 1};
    CHECK(decode_jpeg(file, header, {.grey = true}, grey.view()) == Decoded::left);
    for (std::size_t length = 0; length + 2 < file.size(); length += 7) {
        const JpegBytes part(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(length));
        decode_jpeg(part, header, {}, target.view());  // to any end but a crash
        CHECK(target.guards_are_whole());
    }
    // A table of Huffman codes that no file may have.
    const unsigned char begin[] = {0xFF, 0xC4};
    const auto table = std::search(file.begin(), file.end(), begin, begin + 2,
                                   [](std::byte a, unsigned char b) { return a == std::byte{b}; });
    CHECK(table != file.end());
    std::fill_n(table + 5, 16, std::byte{0xFF});
    CHECK(decode_jpeg(file, header, {}, target.view()) == Decoded::left);
}

TEST(more_scans_than_anybody_needs_are_left) {
    JpegBytes file = jpeg_file({.height = 8, .width = 8, .grey = true, .progressive = true});
    const unsigned char begin[] = {0xFF, 0xDA};
    const auto same = [](std::byte a, unsigned char b) { return a == std::byte{b}; };
    const auto last = std::find_end(file.begin(), file.end(), begin, begin + 2, same);
    const JpegBytes scan(last, file.end() - 2);
    for (const int copies : {400, 600}) {
        JpegBytes longer(file.begin(), file.end() - 2);
        for (int i = 0; i < copies; ++i) longer.insert(longer.end(), scan.begin(), scan.end());
        longer.insert(longer.end(), file.end() - 2, file.end());
        const JpegHeader header = header_of(longer);
        Target target{8, 8, 1};
        CHECK((decode_jpeg(longer, header, {.grey = true}, target.view()) == Decoded::done) ==
              (copies < 500));
    }
}

TEST(coefficients_beyond_the_limit_are_refused_before_they_are_allocated) {
    // The size alone is changed: of 65,500 x 65,500 pixels the coefficients would be 24 GiB.
    JpegBytes file = jpeg_file({.height = 16, .width = 16, .progressive = true});
    const unsigned char begin[] = {0xFF, 0xC2};
    const auto frame = std::search(file.begin(), file.end(), begin, begin + 2,
                                   [](std::byte a, unsigned char b) { return a == std::byte{b}; });
    CHECK(frame != file.end());
    for (int i = 5; i < 9; ++i) frame[i] = i % 2 ? std::byte{0xFF} : std::byte{0xDC};
    const JpegHeader header = header_of(file);
    CHECK(header.height == 65500 && header.width == 65500);
    Target target{1, 1, 3};
    CHECK(decode_jpeg(file, header, {.window = {0, 0, 1, 1}}, target.view()) == Decoded::left);
}

TEST(arguments_are_checked) {
    const JpegBytes file = jpeg_file({.height = 10, .width = 12});
    const JpegHeader header = header_of(file);
    Target target{10, 12, 3};
    const std::int64_t row = 10, column = 3;
    const auto refuses = [&](const JpegPixels& wanted, const MutableImageView& view) {
        return testing::throws<InvalidArgument>([&] { decode_jpeg(file, header, wanted, view); });
    };
    CHECK(refuses({.scale = 0}, target.view()));
    CHECK(refuses({.scale = 17}, target.view()));
    CHECK(refuses({.window = {0, 0, 13, 10}}, target.view()));
    CHECK(refuses({.window = {0, 0, 5, 5}}, target.view()));
    CHECK(refuses({.rows = {&row, 1}}, target.view()));
    CHECK(refuses({.rows = {&row, 1}, .columns = {&column, 1}}, target.view()));
    MutableImageView gaps = target.view();
    gaps.pixel_stride = 4;
    CHECK(refuses({}, gaps));
}

TEST(libraries_that_cannot_be_used) {
    const Libjpeg* const before = libjpeg();
    CHECK(use_libjpeg("/there/is/none.so").find("cannot be loaded") != std::string::npos);
#if defined(__linux__)
    CHECK(use_libjpeg("libc.so.6").find("it has no jpeg_") != std::string::npos);
#endif
    CHECK(libjpeg() == before);
    CHECK(libjpeg_version().find("libjpeg-turbo") != std::string::npos);
    const JpegBytes file = jpeg_file({.height = 8, .width = 8});
    Target target{8, 8, 3};
    CHECK(use_libjpeg("").empty());
    CHECK(libjpeg_version().empty());
    CHECK(decode_jpeg(file, header_of(file), {}, target.view()) == Decoded::left);
    testing::find_libjpeg();
    CHECK(decode_jpeg(file, header_of(file), {}, target.view()) == Decoded::done);
}

int main() { return testing::find_libjpeg() ? testing::run_all() : testing::skipped; }
