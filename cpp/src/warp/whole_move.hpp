// Maps that only move, mirror or turn pixels by whole steps: windows, pads, flips, quarter turns.
// Every pixel of the target is a copy.
#pragma once

#include <cstdint>
#include <optional>

#include "batchwarp/image.hpp"
#include "warp/warp.hpp"

namespace batchwarp {

/// Target pixel (r, c) is source pixel (row + r * row_step, column + c * column_step), or, if
/// `turned`, source pixel (column + c * column_step, row + r * row_step). Steps are 1 or -1.
struct WholeMove {
    bool turned;
    std::int64_t row, row_step, column, column_step;
};

/// Whether such a map's neighbours are neighbours in the source. Few are, and this is quick.
constexpr bool has_whole_steps(const Affine& affine) noexcept {
    const auto whole = [](double a, double b) { return (a == 1 || a == -1) && b == 0; };
    return whole(affine.m00, affine.m01)
               ? whole(affine.m11, affine.m10)
               : whole(affine.m01, affine.m00) && whole(affine.m10, affine.m11);
}

/// Nothing if pixels lie between the source's, or are scaled, or if the order is above 1 and some
/// lie outside of a source of this size.
std::optional<WholeMove> whole_move(const WarpGeometry& geometry, const Size& source) noexcept;

/// Fills rows [row_begin, row_end) of the target; `out` is where row `row_begin` starts.
template <class T>
void move_pixels(const ImageView& source, const WholeMove& move, const WarpGeometry& geometry,
                 std::int64_t row_begin, std::int64_t row_end, T* out);

}  // namespace batchwarp
