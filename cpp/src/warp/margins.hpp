// Small images with as much around them as a warp reads, laid out as the fill mode says: what
// samples it then has no border to think of.
#pragma once

#include <cstdint>
#include <optional>

#include "batchwarp/image.hpp"
#include "warp/warp.hpp"

namespace batchwarp {

/// Rows and columns around an image.
struct Margins {
    std::int64_t top, bottom, left, right;
};

/// What order 1 reads around an image; none if more than `most` samples on a side, or if samples
/// are not laid out for the border.
std::optional<Margins> margins_of(const WarpGeometry& geometry, std::int64_t height,
                                  std::int64_t width, std::int64_t most) noexcept;

/// A copy of packed float32 pixels with margins, as `geometry.border` goes on. It is this thread's,
/// until the next one is made.
/// @param rows  the first of them; `row_stride` is in elements
ImageView with_margins(const float* rows, std::int64_t row_stride, const ImageView& image,
                       const Margins& margins, const WarpGeometry& geometry);

}  // namespace batchwarp
