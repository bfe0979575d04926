// What the ways to decode a JPEG file share.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "batchwarp/jpeg_decoder.hpp"

namespace batchwarp {

struct DecodeJob {
    std::span<const std::byte> file;
    JpegHeader header;
    JpegPixels wanted;  // with a window: of what is picked, too
    MutableImageView target;
    std::span<const std::int64_t> order;  // of wanted.rows, from top to bottom

    bool picks() const noexcept { return !wanted.rows.empty(); }
    /// Whether rows of one colour each are made.
    bool is_planar() const noexcept { return !target.has_packed_pixels(); }
    std::int64_t row_of(std::int64_t i) const noexcept {
        return wanted.rows[static_cast<std::size_t>(i)];
    }
};

}  // namespace batchwarp
