// What the ways to decode a JPEG file share.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "batchwarp/jpeg_decoder.hpp"

namespace batchwarp {

struct Job {
    std::span<const std::byte> file;
    JpegHeader header;
    JpegPixels wanted;  // with a window that is not empty
    MutableImageView target;
    std::span<const std::int64_t> order;  // of wanted.rows, from top to bottom
    std::byte* row = nullptr;             // memory for one of the scaled image

    bool picks() const noexcept { return !wanted.rows.empty(); }
};

}  // namespace batchwarp
