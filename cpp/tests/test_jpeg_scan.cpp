// Scans of JPEG files as we read them, against the library: which they are, and what they hold.
#include "files/jpeg_scan.hpp"

#include <csetjmp>
#include <optional>
#include <string>
#include <vector>

#include "batchwarp/cpu.hpp"
#include "files/huffman_codes.hpp"
#include "files/jpeg_decoder.hpp"
#include "files/libjpeg.hpp"
#include "jpeg_library.hpp"
#include "testing.hpp"

using namespace batchwarp;
using testing::jpeg_file;
using testing::JpegBytes;
using testing::JpegKind;

namespace {

// The library, which has read a file's markers.
struct Markers {
    Decompressor decompressor;

    explicit Markers(const JpegBytes& file) {
        if (setjmp(decompressor.on_error) != 0) std::abort();  // NOLINT: as no marker is damaged
        decompressor.create(*libjpeg());
        jpeg_decompress_struct& info = decompressor.info;
        libjpeg()->jpeg_mem_src(&info, reinterpret_cast<const unsigned char*>(file.data()),
                                static_cast<unsigned long>(file.size()));
        libjpeg()->jpeg_read_header(&info, TRUE);
        info.out_color_space = JCS_RGB;
        libjpeg()->jpeg_calc_output_dimensions(&info);
    }
    Markers(const Markers&) = delete;
    Markers& operator=(const Markers&) = delete;
    ~Markers() { decompressor.destroy(*libjpeg()); }
};

// The planes of red, green and blue of a window, if the file is one for us.
std::optional<std::vector<std::byte>> scanned(const JpegBytes& file, const Box& window) {
    const Markers markers(file);
    JpegScan scan;
    JpegPlanes planes;
    if (!describe(markers.decompressor.info, planes) || !scan.open(markers.decompressor.info, file))
        return {};
    planes.left = window.left;
    planes.right = window.right;
    std::vector<std::byte> memory(static_cast<std::size_t>(memory_of(planes)));
    place(planes, memory.data());
    const std::int64_t height = window.height(), width = window.width();
    std::vector<std::byte> made(static_cast<std::size_t>(3 * height * width));
    const DecodeJob job{file,
                        {},
                        {.window = window},
                        {made.data(), DType::u8, height, width, 3, 3 * width, 1, width},
                        {}};
    if (!read_planes(scan, job, planes)) return {};
    return made;
}

bool equals(const std::vector<std::byte>& planes, const testing::Decoding& whole,
            const Box& window) {
    const std::int64_t width = window.width();
    for (std::int64_t y = 0; y < window.height(); ++y)
        for (std::int64_t x = 0; x < width; ++x)
            for (std::int64_t c = 0; c < 3; ++c)
                if (planes[static_cast<std::size_t>((3 * y + c) * width + x)] !=
                    whole.at(window.top + y, window.left + x)[c])
                    return false;
    return true;
}

std::size_t begin_of_scan(const JpegBytes& file) {
    for (std::size_t at = 2;;) {
        const auto byte = [&](std::size_t i) { return std::to_integer<std::size_t>(file[at + i]); };
        const bool is_scan = byte(1) == 0xDA;
        at += 2 + (byte(2) << 8 | byte(3));
        if (is_scan) return at;
    }
}

}  // namespace

TEST(ordinary_files_are_read) {
    for (const auto& [across, down] : {std::pair{1, 1}, {2, 1}, {1, 2}, {2, 2}, {4, 2}, {3, 1}})
        for (const auto& [height, width] : {std::pair{1, 1}, {33, 47}, {40, 300}})
            for (const int quality : {1, 30, 75, 95}) {
                const JpegBytes file = jpeg_file({.height = height,
                                                  .width = width,
                                                  .across = across,
                                                  .down = down,
                                                  .quality = quality});
                const auto whole = testing::decode_plainly(file, false, 8);
                CHECK(whole);
                if (!whole) continue;
                for (const std::string& tier : available_tiers()) {
                    select_tier(tier);
                    for (const Box& window :
                         {Box{0, 0, width, height},
                          Box{width / 2, height / 2, width / 2 + 1, height / 2 + 1},
                          Box{width - 1, 0, width, height}}) {
                        const auto made = scanned(file, window);
                        CHECK(made);
                        CHECK(!made || equals(*made, *whole, window));
                    }
                }
            }
}

TEST(other_files_are_left) {
    const Box window{0, 0, 16, 16};
    CHECK(scanned(jpeg_file({}), window));
    CHECK(!scanned(jpeg_file({.grey = true}), window));
    CHECK(!scanned(jpeg_file({.progressive = true}), window));
    CHECK(!scanned(jpeg_file({.restart_interval = 1}), window));
}

// Damage is found, or does not matter: never is there another image than the library's.
TEST(damaged_codes) {
    const JpegKind kind{.height = 20, .width = 37, .quality = 90};
    const JpegBytes file = jpeg_file(kind);
    const Box window{0, 0, kind.width, kind.height};
    int left = 0;
    for (std::size_t at = begin_of_scan(file); at + 2 < file.size(); ++at)
        for (const int bits : {0x01, 0x20, 0x80, 0xFF}) {
            if (!testing::sampled()) continue;
            JpegBytes damaged = file;
            damaged[at] ^= static_cast<std::byte>(bits);
            const auto made = scanned(damaged, window);
            left += !made;
            if (!made) continue;
            const auto whole = testing::decode_plainly(damaged, false, 8);
            CHECK(whole && equals(*made, *whole, window));
        }
    CHECK(left > 0);
}

TEST(codes_of_all_lengths) {
    JHUFF_TBL table{};
    for (int length = 1; length <= 16; ++length) {
        table.bits[length] = 1;  // ones, of which the last is a zero
        table.huffval[length - 1] = static_cast<UINT8>(length << 4 | length % 11);
    }
    table.huffval[15] = 0;
    HuffmanCodes codes;
    CHECK(codes.assign(&table, HuffmanCodes::Kind::others));
    for (int length = 1; length <= 16; ++length)
        for (const bool high : {false, true}) {
            const int symbol = table.huffval[length - 1], size = symbol & 15;
            const std::uint64_t code = ((std::uint64_t{1} << length) - 2) << (64 - length);
            const std::uint64_t ones = high ? (std::uint64_t{1} << size) - 1 : 0;
            BitReader bits{code | (size > 0 ? ones << (64 - length - size) : 0), 64, nullptr};
            const HuffmanCodes::Found found = codes.at(bits.bits);
            const bool is_short = length + size <= HuffmanCodes::looked_at;
            CHECK(is_short == ((found & HuffmanCodes::is_part) == 0));
            int number = static_cast<std::int32_t>(found) >> 16,
                step = static_cast<int>(found >> 8 & 255), taken = static_cast<int>(found & 63);
            if (!is_short) {
                const std::uint64_t made = codes.complete(found, bits);
                number = static_cast<std::int32_t>(made);
                step = static_cast<int>(made >> 32);
                taken = 64 - bits.count;
            }
            const int most = (1 << size) - 1;
            CHECK(number == (high ? most : -most));
            CHECK(taken == length + size);
            const bool goes_on = size > 0 || symbol == 0xF0;
            CHECK(step == (goes_on ? (symbol >> 4) + 1 : HuffmanCodes::no_more));
        }
    BitReader none{~std::uint64_t{0}, 64, nullptr};
    CHECK(codes.complete(codes.at(none.bits), none) == HuffmanCodes::none);
}

TEST(tables_that_are_none) {
    HuffmanCodes codes;
    CHECK(!codes.assign(nullptr, HuffmanCodes::Kind::mean));
    JHUFF_TBL table{};
    table.bits[1] = 2;  // the code of ones alone is none
    CHECK(!codes.assign(&table, HuffmanCodes::Kind::mean));
    table.bits[1] = 1;
    CHECK(codes.assign(&table, HuffmanCodes::Kind::mean));
    CHECK(codes.assign(&table, HuffmanCodes::Kind::mean));
    table.huffval[0] = 12;  // bits of a mean
    CHECK(!codes.assign(&table, HuffmanCodes::Kind::mean));
    CHECK(!codes.assign(&table, HuffmanCodes::Kind::mean));
}

int main() { return testing::find_libjpeg() ? testing::run_all() : testing::skipped; }
