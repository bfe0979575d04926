// The warp for every spline order, fill mode and size, in double coordinates. The kernels of simd/
// take over what most people use, in every order; this serves the rest: images one pixel high or
// wide, coordinates and images beyond the kernels' limits, float64 output.
#pragma once

#include <cstdint>

#include "batchwarp/coordinates.hpp"
#include "warp/border.hpp"
#include "warp/projection.hpp"

namespace batchwarp {

/// What to sample: packed, interleaved. Spline orders 2 to 5 expect coefficients, not samples.
template <class S>
struct WarpSource {
    const S* data;
    std::int64_t height, width, channels;  // padding included
    std::int64_t padding;                  // samples added on every side
};

struct WarpGeometry {
    std::int64_t height = 0, width = 0;  // of the target
    Affine affine;
    Divisor divisor;
    const Displacement* displacement = nullptr;  // of pixels each by its own, or none
    bool projects = false;
    bool flip_horizontal = false, flip_vertical = false;
    int order = 1;
    BorderRule border = border_rule(FillMode::nearest);
    double cval = 0;

    struct Place {
        double y, x;
    };
    /// Where in the source a pixel lies that has been mirrored already, and is not displaced.
    Place place(double r, double c) const noexcept {
        const Place at{affine.y(r, c), affine.x(r, c)};
        if (!projects) return at;
        const double w = divisor.at(r, c);
        return {projected(at.y, w), projected(at.x, w)};
    }
};

/// Fills rows [row_begin, row_end) of the target; `out` is where row `row_begin` starts. S is float
/// or double, T the same or narrower.
template <class S, class T>
void warp_general(const WarpSource<S>& source, const WarpGeometry& geometry, std::int64_t row_begin,
                  std::int64_t row_end, T* out);

/// First and last row of a source of this height that output rows [row_begin, row_end) can touch
/// with order 1.
struct RowRange {
    std::int64_t first, last;
};
RowRange source_rows(const WarpGeometry& geometry, std::int64_t height, std::int64_t row_begin,
                     std::int64_t row_end) noexcept;

}  // namespace batchwarp
