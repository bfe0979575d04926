// Source coordinates in fixed point. Consumer cards compute doubles at a 32nd or a 64th of their
// speed, and a pixel would need some thirty operations. Where a coordinate is too close to a
// decision for its error, or needs more than being clamped, it is left to the doubles of taps.hpp,
// which decide as SciPy does.
#pragma once

#include <cmath>
#include <cstdint>

#include "batchwarp/coordinates.hpp"
#include "batchwarp/host_device.hpp"
#include "warp/taps.hpp"

namespace batchwarp::cuda {

/// A coordinate in units of 2^-40 pixels, modulo 2^64: sums may overflow on the way if the result
/// does not. It counts from the first sample, padding included, and for even orders from half a
/// pixel before it, so that the whole part is the tap in the middle.
using Fixed = std::uint64_t;

inline constexpr int fixed_bits = 40;

BATCHWARP_HD inline Fixed to_fixed(double pixels) noexcept {
    constexpr double one = static_cast<double>(Fixed{1} << fixed_bits);
    return static_cast<Fixed>(static_cast<std::int64_t>(std::floor(pixels * one + 0.5)));
}

/// Extents and coordinates, in pixels, up to which the error of a fixed coordinate, half a unit for
/// each row and column, is far below `fixed_margin`.
inline constexpr std::int64_t fixed_max_extent = 1 << 16;
inline constexpr double fixed_max_coordinate = 1 << 21;
inline constexpr double fixed_margin = 1.0 / (1 << 14);

/// `Affine` in fixed point.
struct FixedAffine {
    Fixed m00, m01, m10, m11, o0, o1;
    bool usable;  // for this image

    /// @param origin  what to add to both coordinates
    static FixedAffine of(const Affine& a, std::int64_t height, std::int64_t width,
                          double origin) noexcept {
        const double rows = static_cast<double>(height), columns = static_cast<double>(width);
        bool fits = height <= fixed_max_extent && width <= fixed_max_extent;
        // Also beyond the last row and column, so that no factor is huge. NaN does not fit.
        for (const double r : {0.0, rows})
            for (const double c : {0.0, columns})
                fits = fits && std::fabs(a.y(r, c)) <= fixed_max_coordinate &&
                       std::fabs(a.x(r, c)) <= fixed_max_coordinate;
        if (!fits) return {};
        return {to_fixed(a.m00),
                to_fixed(a.m01),
                to_fixed(a.m10),
                to_fixed(a.m11),
                to_fixed(a.o0 + origin),
                to_fixed(a.o1 + origin),
                true};
    }

    BATCHWARP_HD Fixed y(int r, int c) const noexcept { return o0 + times(m00, r) + times(m01, c); }
    BATCHWARP_HD Fixed x(int r, int c) const noexcept { return o1 + times(m10, r) + times(m11, c); }

  private:
    BATCHWARP_HD static Fixed times(Fixed factor, int count) noexcept {
        return factor * static_cast<std::uint32_t>(count);
    }
};

/// What a fixed coordinate along one axis means.
struct FixedAxis {
    Fixed inner, inner_size;  // where every tap exists, and the pixel is inside in every mode
    Fixed outer, outer_size;  // beyond this it is outside in every mode
    int last;                 // sample

    /// What to add to a coordinate to count from where `Fixed` does.
    static double origin(int order, std::int64_t padding) noexcept {
        return static_cast<double>(padding) + (order % 2 == 0 ? 0.5 : 0);
    }

    /// @param n  samples along the axis, padding included
    static FixedAxis of(int order, std::int64_t n) noexcept {
        if (n > 2 * fixed_max_extent) return {};
        const double samples = static_cast<double>(n), half = order % 2 == 0 ? 0.5 : 0;
        const int reach = order / 2;  // taps before the one in the middle
        const double before = order == 0 ? half : reach;
        const double behind = samples - (order == 0 ? half : order - reach);
        FixedAxis axis{};
        axis.inner = to_fixed(before + fixed_margin);
        axis.inner_size = to_fixed(std::fmax(behind - before - 2 * fixed_margin, 0));
        axis.outer = to_fixed(half - fixed_margin);
        axis.outer_size = to_fixed(samples - 1 + 2 * fixed_margin);
        axis.last = static_cast<int>(n - 1);
        return axis;
    }

    /// The taps at `coordinate`, their weights excepted; false if doubles must say.
    template <int Order>
    BATCHWARP_HD bool place(Fixed coordinate, BorderRule border,
                            Taps<Order, float, int>& taps) const noexcept {
        taps.outside = false;
        if (!(coordinate - inner < inner_size)) {
            taps.outside =
                border.coordinates == Extension::constant && coordinate - outer > outer_size;
            if (taps.outside) return true;
            if (!replicates(border)) return false;
        }
        constexpr int kept = 24;  // bits of the fraction
        constexpr auto one = std::uint32_t{1} << kept;
        const std::uint32_t fraction =
            static_cast<std::uint32_t>(coordinate >> (fixed_bits - kept)) & (one - 1);
        if constexpr (Order == 0) {
            constexpr auto margin = static_cast<std::uint32_t>(fixed_margin * one);
            if (fraction - margin > one - 2 * margin) return false;
        }
        const int first =
            static_cast<int>(static_cast<std::int64_t>(coordinate) >> fixed_bits) - Order / 2;
        for (int i = 0; i <= Order; ++i) {
            const int tap = first + i;
            taps.index[i] = tap < 0 ? 0 : (tap < last ? tap : last);
        }
        taps.offset = static_cast<float>(fraction) * (1.0f / one) - (Order % 2 == 0 ? 0.5f : 0.0f);
        return true;
    }
};

}  // namespace batchwarp::cuda
