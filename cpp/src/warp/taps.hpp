// The taps of one pixel along one axis.
#pragma once

#include <cstdint>

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
    Index index[Order + 1];  // -1: reads cval, where taps extend by a constant
    T weight[Order + 1];
    T offset;      // spline_offset, of which the weights are made
    bool outside;  // the pixel is cval as a whole, and there are no taps
    double at;     // where in the samples, padding included

    /// @param n  samples along the axis, padding included
    BATCHWARP_HD void place(double coordinate, std::int64_t n, std::int64_t padding,
                            BorderRule border) noexcept {
        locate(coordinate, n, padding, border);
        if (outside) return;
        find(n, border);
        weigh();
    }

    BATCHWARP_HD void locate(double coordinate, std::int64_t n, std::int64_t padding,
                             BorderRule border) noexcept {
        at = bounded_coordinate(coordinate) + static_cast<double>(padding);
        outside = false;
        if (border.coordinates == Extension::none) {
            // Farther out every tap is the same; this bound keeps the weights exact.
            const double reach = 2 * max_order + 2;
            const double last = static_cast<double>(n - 1) + reach;
            at = at < -reach ? -reach : (at > last ? last : at);
        } else {
            at = map_coordinate(at, n, border.coordinates);
            outside = !(at > -1);
        }
    }

    BATCHWARP_HD void find(std::int64_t n, BorderRule border) noexcept {
        offset = static_cast<T>(spline_offset(at, Order));
        const std::int64_t first = first_tap(at, Order);
        if (first >= 0 && first + Order < n) {
            for (int i = 0; i <= Order; ++i) index[i] = static_cast<Index>(first + i);
        } else {
            for (int i = 0; i <= Order; ++i)
                index[i] = static_cast<Index>(map_tap(first + i, n, border.taps));
        }
    }

    BATCHWARP_HD void weigh() noexcept { spline_weights_at(offset, Order, weight); }
};

}  // namespace batchwarp
