// B-splines of order 0 to 5: interpolation weights, and the prefilter that orders 2 to 5 need.
#pragma once

#include <cmath>
#include <cstdint>

#include "batchwarp/host_device.hpp"
#include "warp/border.hpp"

namespace batchwarp {

inline constexpr int max_order = 5;

/// Samples that SciPy adds on every side before it filters, where no filter's boundary fits.
constexpr std::int64_t spline_padding(int order, BorderRule border) noexcept {
    return order > 1 && border.padded ? 12 : 0;
}

/// First of the order + 1 samples that a spline of this order needs at `coordinate`. The coordinate
/// must lie within 2^62 of zero.
BATCHWARP_HD inline std::int64_t first_tap(double coordinate, int order) noexcept {
    const double base = order % 2 == 1 ? std::floor(coordinate) : std::floor(coordinate + 0.5);
    return static_cast<std::int64_t>(base) - order / 2;
}

/// How far `coordinate` is from the sample at or before it; for even orders, from the nearest one.
BATCHWARP_HD inline double spline_offset(double coordinate, int order) noexcept {
    return coordinate - (order % 2 == 1 ? std::floor(coordinate) : std::floor(coordinate + 0.5));
}

/// The order + 1 weights at `spline_offset` x; they add up to 1. Central B-splines as in M. Unser,
/// "Splines: a perfect fit for signal and image processing" (1999), in SciPy's arrangement of
/// terms. T is what they are computed in.
template <class T>
BATCHWARP_HD void spline_weights_at(T x, int order, T* weights) noexcept {
    const T z = 1 - x;
    switch (order) {
        case 0:
            weights[0] = 1;
            return;
        case 1:
            weights[0] = 1 - x;
            break;
        case 2: {
            const T y = T(0.5) - x;
            weights[0] = T(0.5) * y * y;
            weights[1] = T(0.75) - x * x;
            break;
        }
        case 3:
            weights[0] = z * z * z / 6;
            weights[1] = (x * x * (x - 2) * 3 + 4) / 6;
            weights[2] = (z * z * (z - 2) * 3 + 4) / 6;
            break;
        case 4: {
            const auto outer = [](T u) {
                return u * (u * (u * (5 - u) / 6 - T(1.25)) + T(5.0 / 24)) + T(55.0 / 96);
            };
            const T y = (T(0.5) - x) * (T(0.5) - x), t = x * x;
            weights[0] = y * y / 24;
            weights[1] = outer(1 + x);
            weights[2] = t * (t * T(0.25) - T(0.625)) + T(115.0 / 192);
            weights[3] = outer(z);
            break;
        }
        default: {
            const auto inner = [](T u) {
                const T t = u * u;
                return t * (t * (T(0.25) - u / 12) - T(0.5)) + T(0.55);
            };
            const auto outer = [](T u) {
                return u * (u * (u * (u * (u / 24 - T(0.375)) + T(1.25)) - T(1.75)) + T(0.625)) +
                       T(0.425);
            };
            const T t = z * z;
            weights[0] = z * t * t / 120;
            weights[1] = outer(x + 1);
            weights[2] = inner(x);
            weights[3] = inner(z);
            // NOLINTNEXTLINE(clang-analyzer-security.ArrayBound): as below
            weights[4] = outer(z + 1);
            break;
        }
    }
    T last = 1;
    for (int i = 0; i < order; ++i) last -= weights[i];
    weights[order] = last;  // NOLINT(clang-analyzer-security.ArrayBound): plans check the order
}

template <class T>
BATCHWARP_HD void spline_weights(double coordinate, int order, T* weights) noexcept {
    spline_weights_at(static_cast<T>(spline_offset(coordinate, order)), order, weights);
}

struct SplinePoles {
    int count;
    double z[2];
};

/// Roots of the B-splines' z-transforms inside the unit circle (Unser et al. 1991, table I), for
/// orders 2 to 5.
constexpr SplinePoles spline_poles(int order) noexcept {
    switch (order) {
        case 2:
            return {1, {-0.171572875253809902396622551580603843, 0}};
        case 3:
            return {1, {-0.267949192431122706472553658494127633, 0}};
        case 4:
            return {
                2,
                {-0.361341225900220177092212841325675255, -0.013725429297339121360331226939128204}};
        default:
            return {
                2,
                {-0.430575347099973791851434783493520110, -0.043096288203264653822712376822550182}};
    }
}

/// Turns height x width x channels samples into B-spline coefficients, in place, both axes.
///
/// @param data  packed, interleaved channels
void spline_prefilter(double* data, std::int64_t height, std::int64_t width, std::int64_t channels,
                      int order, FilterBoundary boundary) noexcept;

}  // namespace batchwarp
