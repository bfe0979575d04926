// What lies beyond the edges: the rule of each fill mode, and how it brings a coordinate or a tap
// back inside. The rules, their order of operations included, are those of scipy.ndimage
// (map_coordinate in ni_interpolation.c).
//
// A mode is named here and nowhere else: whatever depends on it reads its `BorderRule`. Switches
// over these enumerations have no default, so that a new mode, or a new way to extend a line, is an
// error of the compiler wherever it has to be thought of.
//
// The functions are `static`: kernel files include this header with other compiler flags, and an
// external inline function compiled for AVX2 could be the copy that the linker keeps for everybody.
#pragma once

#include <stdint.h>

#include "batchwarp/fill_mode.hpp"
#include "batchwarp/host_device.hpp"

namespace batchwarp {

/// How a line of n samples, a b c d, goes on beyond its ends.
enum class Extension : unsigned char {
    none,             ///< of coordinates only: they stay where they are
    constant,         ///< k k k | a b c d | k k k, the fill value
    replicate,        ///< a a a | a b c d | d d d
    half_symmetric,   ///< c b a | a b c d | d c b, about half a sample outside; period 2n
    whole_symmetric,  ///< d c b | a b c d | c b a, about the last sample; period 2n - 2
    periodic,         ///< b c d | a b c d | a b c, period n
    overlapping,      ///< period n - 1: the first sample takes the place of the last one
};

/// The boundaries that the recursive filter of a spline can express.
enum class FilterBoundary : unsigned char { half_symmetric, whole_symmetric, periodic };

/// What a fill mode amounts to.
struct BorderRule {
    Extension
        coordinates;  ///< brings a pixel's coordinate inside; none: its taps decide, one by one
    Extension taps;   ///< brings each tap inside afterwards
    FilterBoundary filter;  ///< of splines of order 2 to 5
    bool padded;  ///< no such boundary fits: samples are extended as `taps` says, then filtered
};

/// SciPy has no spline of its own for `constant` and `wrap`, and extends by mirroring once the
/// coordinate is inside.
static constexpr BorderRule border_rule(FillMode mode) noexcept {
    using enum Extension;
    switch (mode) {
        case FillMode::nearest:
            return {none, replicate, FilterBoundary::half_symmetric, true};
        case FillMode::constant:
            return {constant, whole_symmetric, FilterBoundary::whole_symmetric, false};
        case FillMode::reflect:
        case FillMode::grid_mirror:
            return {half_symmetric, half_symmetric, FilterBoundary::half_symmetric, false};
        case FillMode::wrap:
            return {overlapping, whole_symmetric, FilterBoundary::whole_symmetric, false};
        case FillMode::mirror:
            return {whole_symmetric, whole_symmetric, FilterBoundary::whole_symmetric, false};
        case FillMode::grid_wrap:
            return {periodic, periodic, FilterBoundary::periodic, false};
        case FillMode::grid_constant:
            return {none, constant, FilterBoundary::whole_symmetric, true};
    }
    return {};
}

/// Whether coordinates beyond the samples stand for the last one.
BATCHWARP_HD static constexpr bool replicates(BorderRule rule) noexcept {
    return rule.coordinates == Extension::none && rule.taps == Extension::replicate;
}

/// Whether what is outside is the last sample, or the fill value as a whole: no sample is read but
/// those next to the coordinate, or to the edge.
static constexpr bool clamps(BorderRule rule) noexcept {
    return replicates(rule) || rule.coordinates == Extension::constant;
}

/// Whether there are pixels or taps that are the fill value.
static constexpr bool fills(BorderRule rule) noexcept {
    return rule.coordinates == Extension::constant || rule.taps == Extension::constant;
}

/// After how many samples an extension of n samples repeats itself; n where it never does.
template <class Number>
BATCHWARP_HD static constexpr Number period_of(Extension extension, Number n) noexcept {
    switch (extension) {
        case Extension::half_symmetric:
            return 2 * n;
        case Extension::whole_symmetric:
            return 2 * n - 2;
        case Extension::overlapping:
            return n - 1;
        case Extension::periodic:
        case Extension::none:
        case Extension::constant:
        case Extension::replicate:
            return n;
    }
    return n;
}

/// The coordinate inside of an axis of `n` samples that stands for `in`; -1 if it is the fill
/// value.
BATCHWARP_HD_CALL static inline double map_coordinate(double in, int64_t n,
                                                      Extension extension) noexcept {
    const double last = static_cast<double>(n - 1);
    const bool below = in < 0;
    if (!below && !(in > last)) return in;
    const double size = static_cast<double>(n), period = period_of(extension, size);
    // Whole periods in a distance.
    const auto turns = [period](double distance) {
        return static_cast<double>(static_cast<int64_t>(distance / period));
    };
    switch (extension) {
        case Extension::none:
            return in;
        case Extension::constant:
            return -1;
        case Extension::replicate:
            return below ? 0 : last;
        case Extension::whole_symmetric:
            if (n <= 1) return 0;
            if (below) {
                in = period * turns(-in) + in;
                return in <= 1 - size ? in + period : -in;
            }
            in -= period * turns(in);
            return in >= size ? period - in : in;
        case Extension::half_symmetric:
            if (n <= 1) return 0;
            if (below) {
                if (in < -period) in = period * turns(-in) + in;
                // The bound keeps the result above -1, which means the fill value.
                return in < -size ? in + period : (in > -1e-15 ? 1e-15 : -in) - 1;
            }
            in -= period * turns(in);
            return in >= size ? period - in - 1 : in;
        case Extension::overlapping:
            if (n <= 1) return 0;
            return below ? in + period * (turns(-in) + 1) : in - period * turns(in);
        case Extension::periodic:
            if (n <= 1) return 0;
            return below ? in + period * (turns(-1 - in) + 1) : in - period * turns(in);
    }
    return in;
}

/// Coordinates beyond this bound (and NaN) are moved to it: they are far outside of any image, and
/// their integer parts would not fit.
BATCHWARP_HD static inline double bounded_coordinate(double in) noexcept {
    constexpr double bound = 1e15;
    return in > -bound ? (in < bound ? in : bound) : -bound;
}

/// The sample that stands for tap `index` of an axis of `n` samples; -1 if it is the fill value.
BATCHWARP_HD_CALL static inline int64_t map_tap(int64_t index, int64_t n,
                                                Extension extension) noexcept {
    if (index >= 0 && index < n) return index;
    if (extension == Extension::constant) return -1;
    const int64_t mapped =
        static_cast<int64_t>(map_coordinate(static_cast<double>(index), n, extension));
    return mapped < 0   ? 0
           : mapped < n ? mapped
                        : n - 1;  // holds for every input, rounding included
}

}  // namespace batchwarp
