#include "ops/affine.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "batchwarp/plan.hpp"
#include "runtime/refuse.hpp"

namespace batchwarp::ops {

void AffineTransform::settle(const Settings&, const PlanOptions&, Step& step) {
    if (step.draws.empty()) return;
    const Distribution& zoom = step.draws[1];
    const double farthest = std::max(std::abs(zoom.low), std::abs(zoom.high));
    const double least = zoom.centre + (zoom.mirrored ? -farthest : std::min(zoom.low, zoom.high));
    if (!(least > 0)) refuse("`draws` of the zoom of `affine` must be above 0. Received: ", least);
}

void AffineTransform::place(const double* row, const Step& step,
                            Coordinates& coordinates) noexcept {
    constexpr double radians = std::numbers::pi / 180.0;
    const double cos = std::cos(row[0] * radians), sin = std::sin(row[0] * radians);
    const double zoom = row[1];
    const double shear_x = std::tan(row[2] * radians), shear_y = std::tan(row[3] * radians);
    const auto height = static_cast<double>(step.from.height);
    const auto width = static_cast<double>(step.from.width);

    // Where a pixel goes, as seen from the centre: x' = a x + b y, y' = c x + d y.
    const double a = zoom * (cos + sin * shear_y), b = zoom * (cos * shear_x + sin);
    const double c = zoom * (cos * shear_y - sin), d = zoom * (cos - sin * shear_x);
    // The way back.
    const double determinant = a * d - b * c;
    const double xx = d / determinant, xy = -b / determinant;
    const double yx = -c / determinant, yy = a / determinant;
    const double cx = (width - 1) / 2, cy = (height - 1) / 2;
    const double to_x = cx + row[4] * width, to_y = cy + row[5] * height;
    coordinates.follow({{{yy, yx, cy - (yy * to_y + yx * to_x)},
                         {xy, xx, cx - (xy * to_y + xx * to_x)},
                         {0, 0, 1}}},
                       step.from);
}

}  // namespace batchwarp::ops
