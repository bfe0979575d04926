// The libjpeg-turbo that tests run with, used plainly: it writes files, and decodes all of one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace testing {

/// What `main` returns where there is no library: CTest takes it for a test that was left out.
inline constexpr int skipped = 77;

/// Has the core use the library that BATCHWARP_LIBJPEG names; false, and says so, if it names none.
/// One that cannot be used is an error.
bool find_libjpeg();

struct JpegKind {
    int height = 16, width = 16;
    bool grey = false;
    int across = 2, down = 2;  ///< sampling factors of the luma; those of the chroma are 1
    int red_across = 1;        ///< but for this one
    bool progressive = false;
    unsigned restart_interval = 0;  ///< in units of MCUs
    int quality = 75;
    std::uint32_t seed = 0;  ///< of the pixels
};

using JpegBytes = std::vector<std::byte>;

JpegBytes jpeg_file(const JpegKind& kind);

struct Decoding {
    std::int64_t height = 0, width = 0, channels = 0;
    std::vector<std::byte> pixels;

    const std::byte* at(std::int64_t row, std::int64_t column) const {
        return pixels.data() + (row * width + column) * channels;
    }
};

/// All scanlines of a file, in RGB, or grey; nothing where the library finds an error.
std::optional<Decoding> decode_plainly(std::span<const std::byte> file, bool grey, int scale);

}  // namespace testing
