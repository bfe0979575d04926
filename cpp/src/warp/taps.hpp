// The taps of one pixel along one axis.
#pragma once

#include <cstdint>

#include "batchwarp/fill_mode.hpp"
#include "batchwarp/host_device.hpp"
#include "spline/spline.hpp"
#include "warp/border.hpp"

namespace batchwarp {

/// T is what the weights are computed in; Index holds the extent of an axis.
///
/// `place` does it all. A card does the steps for both axes in turn, since it has fewer registers
/// to keep the results of one in.
template <int Order, class T, class Index = std::int64_t>
struct Taps {
    Index index[Order + 1];  // -1: outside, reads cval (grid-constant only)
    T weight[Order + 1];
    T offset;      // spline_offset, of which the weights are made
    bool outside;  // the pixel is cval as a whole (constant only), and there are no taps
    double at;     // where in the samples, padding included

    /// @param n     samples along the axis, padding included
    /// @param mode  canonical
    BATCHWARP_HD void place(double coordinate, std::int64_t n, std::int64_t padding,
                            FillMode mode) noexcept {
        locate(coordinate, n, padding, mode);
        if (outside) return;
        find(n, mode);
        weigh();
    }

    BATCHWARP_HD void locate(double coordinate, std::int64_t n, std::int64_t padding,
                             FillMode mode) noexcept {
        at = bounded_coordinate(coordinate) + static_cast<double>(padding);
        outside = false;
        if (mode == FillMode::nearest || mode == FillMode::grid_constant) {
            // Farther out every tap is the same; this bound keeps the weights exact.
            const double reach = 2 * max_order + 2;
            const double last = static_cast<double>(n - 1) + reach;
            at = at < -reach ? -reach : (at > last ? last : at);
        } else {
            at = map_coordinate(at, n, mode);
            outside = !(at > -1);
        }
    }

    BATCHWARP_HD void find(std::int64_t n, FillMode mode) noexcept {
        offset = static_cast<T>(spline_offset(at, Order));
        const std::int64_t first = first_tap(at, Order);
        if (first >= 0 && first + Order < n) {
            for (int i = 0; i <= Order; ++i) index[i] = static_cast<Index>(first + i);
        } else {
            for (int i = 0; i <= Order; ++i) {
                const std::int64_t tap = first + i;
                if (mode == FillMode::grid_constant)
                    index[i] = static_cast<Index>(tap >= 0 && tap < n ? tap : -1);
                else
                    index[i] = static_cast<Index>(map_tap(tap, n, tap_mode(mode)));
            }
        }
    }

    BATCHWARP_HD void weigh() noexcept { spline_weights_at(offset, Order, weight); }
};

}  // namespace batchwarp
