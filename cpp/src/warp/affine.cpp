#include <cmath>
#include <limits>
#include <numbers>

#include "batchwarp/params.hpp"

namespace batchwarp {

TransformParams::TransformParams()
    : channel_shift(std::numeric_limits<double>::quiet_NaN()),
      brightness(std::numeric_limits<double>::quiet_NaN()) {}

bool affine_from_params(const TransformParams& p, std::int64_t height, std::int64_t width,
                        Affine& affine) noexcept {
    const bool shifts = p.tx != 0 || p.ty != 0;
    const bool zooms = p.zx != 1 || p.zy != 1;
    if (p.theta == 0 && !shifts && p.shear == 0 && !zooms) return false;

    // NumPy's deg2rad multiplies by pi / 180.
    constexpr double radians = std::numbers::pi / 180.0;

    // The upper two rows of Rotation . Translation . Shear . Zoom. The products are those of the
    // chain of 3x3 matrices, terms that are zero or one left out. NumPy's matrix product
    // accumulates with fused multiply-adds wherever the processor has them; so does this, because
    // the last bit decides whether a pixel on the edge, such as the middle row's under a shear, is
    // inside.
    double a = 1, b = 0, c = 0;
    double d = 0, e = 1, f = 0;
    if (p.theta != 0) {
        const double cos = std::cos(p.theta * radians), sin = std::sin(p.theta * radians);
        a = cos;
        b = -sin;
        d = sin;
        e = cos;
    }
    if (shifts) {
        c = std::fma(b, p.ty, a * p.tx);
        f = std::fma(e, p.ty, d * p.tx);
    }
    if (p.shear != 0) {
        const double sin = std::sin(p.shear * radians), cos = std::cos(p.shear * radians);
        b = std::fma(b, cos, a * -sin);
        e = std::fma(e, cos, d * -sin);
    }
    if (zooms) {
        a *= p.zx;
        d *= p.zx;
        b *= p.zy;
        e *= p.zy;
    }

    // Keras moves the origin to (h/2 - .5, w/2 - .5) and then swaps the two axes, centre included.
    const double oy = static_cast<double>(height) / 2 - 0.5;
    const double ox = static_cast<double>(width) / 2 - 0.5;
    const double first = std::fma(b, -ox, a * -oy) + (c + oy);
    const double second = std::fma(e, -ox, d * -oy) + (f + ox);
    affine = {e, d, b, a, second, first};
    return true;
}

}  // namespace batchwarp
