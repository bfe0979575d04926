// The rule of projective maps at their horizon. Kernel files include this header, as they do
// warp/border.hpp.
#pragma once

namespace batchwarp {

/// How far away a projective map can place a pixel, in pixels; coordinates beyond it are moved to
/// it.
static constexpr double farthest = 1 << 20;

/// Pixels with this divisor, or a smaller one, lie at the horizon or behind it, and are placed as
/// far away as can be.
static constexpr double horizon = 1e-9;

/// One coordinate of a projective map. Its last bit decides about a pixel on an edge, so all that
/// decide divide like this.
static inline double projected(double numerator, double divisor) noexcept {
    const bool before = divisor > horizon;
    const double at = numerator / (before ? divisor : 1);
    if (!before) return numerator < 0 ? -farthest : farthest;
    return at > -farthest ? (at < farthest ? at : farthest) : -farthest;
}

}  // namespace batchwarp
