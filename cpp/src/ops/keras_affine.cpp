#include "ops/keras_affine.hpp"

#include <cmath>
#include <numbers>

#include "batchwarp/plan.hpp"

namespace batchwarp::ops {

void KerasAffine::place(const double* row, const Step& step, Coordinates& coordinates) noexcept {
    const double theta = row[0], tx = row[1], ty = row[2], shear = row[3], zx = row[4], zy = row[5];
    const bool shifts = tx != 0 || ty != 0;
    const bool zooms = zx != 1 || zy != 1;

    // NumPy's deg2rad multiplies by pi / 180.
    constexpr double radians = std::numbers::pi / 180.0;

    // The upper two rows of Rotation . Translation . Shear . Zoom. The products are those of the
    // chain of 3x3 matrices, terms that are zero or one left out. NumPy's matrix product
    // accumulates with fused multiply-adds wherever the processor has them; so does this, because
    // the last bit decides whether a pixel on the edge, such as the middle row's under a shear, is
    // inside.
    double a = 1, b = 0, c = 0;
    double d = 0, e = 1, f = 0;
    if (theta != 0) {
        const double cos = std::cos(theta * radians), sin = std::sin(theta * radians);
        a = cos;
        b = -sin;
        d = sin;
        e = cos;
    }
    if (shifts) {
        c = std::fma(b, ty, a * tx);
        f = std::fma(e, ty, d * tx);
    }
    if (shear != 0) {
        const double sin = std::sin(shear * radians), cos = std::cos(shear * radians);
        b = std::fma(b, cos, a * -sin);
        e = std::fma(e, cos, d * -sin);
    }
    if (zooms) {
        a *= zx;
        d *= zx;
        b *= zy;
        e *= zy;
    }

    // Keras moves the origin to (h/2 - .5, w/2 - .5) and then swaps the two axes, centre included.
    const double oy = static_cast<double>(step.from.height) / 2 - 0.5;
    const double ox = static_cast<double>(step.from.width) / 2 - 0.5;
    const double first = std::fma(b, -ox, a * -oy) + (c + oy);
    const double second = std::fma(e, -ox, d * -oy) + (f + ox);
    coordinates.affine = {e, d, b, a, second, first};
    coordinates.warps = true;
}

}  // namespace batchwarp::ops
