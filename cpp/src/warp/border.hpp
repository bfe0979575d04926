// Fill modes: how a coordinate or a tap outside of the image is brought back inside. The rules,
// their order of operations included, are those of scipy.ndimage (map_coordinate in
// ni_interpolation.c).
//
// The functions are `static`: kernel files include this header with other compiler flags, and an
// external inline function compiled for AVX2 could be the copy that the linker keeps for everybody.
#pragma once

#include <stdint.h>

#include "batchwarp/fill_mode.hpp"
#include "batchwarp/host_device.hpp"

namespace batchwarp {

/// `grid-mirror` is another name of `reflect`.
BATCHWARP_HD static constexpr FillMode canonical(FillMode mode) noexcept {
    return mode == FillMode::grid_mirror ? FillMode::reflect : mode;
}

/// The mode that taps of the interpolation use once the coordinate itself was mapped: SciPy has no
/// spline of its own for `constant` and `wrap` and extends by mirroring.
BATCHWARP_HD static constexpr FillMode tap_mode(FillMode mode) noexcept {
    return mode == FillMode::constant || mode == FillMode::wrap ? FillMode::mirror
                                                                : canonical(mode);
}

/// The coordinate inside of an axis of `n` samples that stands for `in`; -1 where `constant`
/// applies. Not to be called for grid-constant, whose taps decide one by one.
BATCHWARP_HD_CALL static inline double map_coordinate(double in, int64_t n,
                                                      FillMode mode) noexcept {
    const auto times = [](double length, double quotient) {
        return length * static_cast<double>(static_cast<int64_t>(quotient));
    };
    const double last = static_cast<double>(n - 1);
    const bool below = in < 0;
    if (!below && !(in > last)) return in;
    switch (canonical(mode)) {
        case FillMode::nearest:
            return below ? 0 : last;
        case FillMode::constant:
            return -1;
        default:
            break;
    }
    if (n <= 1) return 0;
    const double size = static_cast<double>(n);
    switch (canonical(mode)) {
        case FillMode::mirror: {
            const double period = 2 * size - 2;
            if (below) {
                in = times(period, -in / period) + in;
                return in <= 1 - size ? in + period : -in;
            }
            in -= times(period, in / period);
            return in >= size ? period - in : in;
        }
        case FillMode::reflect: {
            const double period = 2 * size;
            if (below) {
                if (in < -period) in = times(period, -in / period) + in;
                // The bound keeps the result above -1, which means "outside".
                return in < -size ? in + period : (in > -1e-15 ? 1e-15 : -in) - 1;
            }
            in -= times(period, in / period);
            return in >= size ? period - in - 1 : in;
        }
        case FillMode::wrap:  // period n - 1: SciPy's first and last sample coincide
            if (below)
                return in + last * (static_cast<double>(static_cast<int64_t>(-in / last)) + 1);
            return in - times(last, in / last);
        case FillMode::grid_wrap:
            if (below)
                return in +
                       size * (static_cast<double>(static_cast<int64_t>((-1 - in) / size)) + 1);
            return in - times(size, in / size);
        default:
            return in;
    }
}

/// Coordinates beyond this bound (and NaN) are moved to it: they are far outside of any image, and
/// their integer parts would not fit.
BATCHWARP_HD static inline double bounded_coordinate(double in) noexcept {
    constexpr double bound = 1e15;
    return in > -bound ? (in < bound ? in : bound) : -bound;
}

/// The sample that stands for tap `index` of an axis of `n` samples.
BATCHWARP_HD_CALL static inline int64_t map_tap(int64_t index, int64_t n, FillMode taps) noexcept {
    if (index >= 0 && index < n) return index;
    const int64_t mapped =
        static_cast<int64_t>(map_coordinate(static_cast<double>(index), n, taps));
    return mapped < 0   ? 0
           : mapped < n ? mapped
                        : n - 1;  // holds for every input, rounding included
}

}  // namespace batchwarp
