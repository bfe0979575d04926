#include "ops/perspective.hpp"

#include <algorithm>

#include "batchwarp/plan.hpp"
#include "runtime/refuse.hpp"

namespace batchwarp::ops {
namespace {

struct Point {
    double y, x;
};

// From the unit square to a quadrilateral, its corners clockwise from that of (0, 0): Heckbert,
// "Fundamentals of Texture Mapping and Image Warping" (1989), section 2.2.3.
Map from_unit_square(const Point (&p)[4]) noexcept {
    const Point a{p[1].y - p[2].y, p[1].x - p[2].x}, b{p[3].y - p[2].y, p[3].x - p[2].x};
    const Point s{p[0].y - p[1].y + p[2].y - p[3].y, p[0].x - p[1].x + p[2].x - p[3].x};
    const double area = a.x * b.y - a.y * b.x;
    const double across = (s.x * b.y - s.y * b.x) / area, down = (a.x * s.y - a.y * s.x) / area;
    return {{{p[3].y - p[0].y + down * p[3].y, p[1].y - p[0].y + across * p[1].y, p[0].y},
             {p[3].x - p[0].x + down * p[3].x, p[1].x - p[0].x + across * p[1].x, p[0].x},
             {down, across, 1}}};
}

// The inverse, but for a factor, which is one of all three homogeneous coordinates.
Map adjugate(const Map& map) noexcept {
    const auto& m = map.m;
    return {{{m[1][1] * m[2][2] - m[1][2] * m[2][1], m[0][2] * m[2][1] - m[0][1] * m[2][2],
              m[0][1] * m[1][2] - m[0][2] * m[1][1]},
             {m[1][2] * m[2][0] - m[1][0] * m[2][2], m[0][0] * m[2][2] - m[0][2] * m[2][0],
              m[0][2] * m[1][0] - m[0][0] * m[1][2]},
             {m[1][0] * m[2][1] - m[1][1] * m[2][0], m[0][1] * m[2][0] - m[0][0] * m[2][1],
              m[0][0] * m[1][1] - m[0][1] * m[1][0]}}};
}

}  // namespace

void Perspective::settle(const Settings&, const PlanOptions&, Step& step) {
    // Corners that meet leave nothing of the image.
    const double shortest = static_cast<double>(std::min(step.from.height, step.from.width));
    for (const Distribution& d : step.draws) {
        const double low = d.centre + std::min(d.low, d.high);
        const double high = d.centre + std::max(d.low, d.high);
        if (d.mirrored || low < 0 || high > 1 - 1 / shortest)
            refuse("`draws` of `perspective` must be from 0 to ", 1 - 1 / shortest,
                   " for images of ", step.from.height, " x ", step.from.width, ". Received: ", low,
                   " to ", high);
    }
}

void Perspective::place(const double* row, const Step& step, Coordinates& coordinates) noexcept {
    const auto height = static_cast<double>(step.from.height);
    const auto width = static_cast<double>(step.from.width);
    const double right = width - 1, bottom = height - 1;
    const auto x = [&](int corner) { return row[2 * corner] * width / 2; };
    const auto y = [&](int corner) { return row[2 * corner + 1] * height / 2; };
    const Point corners[4] = {
        {y(0), x(0)}, {y(1), right - x(1)}, {bottom - y(2), right - x(2)}, {bottom - y(3), x(3)}};
    const Map to_image{{{bottom, 0, 0}, {0, right, 0}, {0, 0, 1}}};
    Map map = to_image * adjugate(from_unit_square(corners));
    // With w about 1: it divides, and so has to keep away from 0.
    const double w = map.m[2][0] * bottom / 2 + map.m[2][1] * right / 2 + map.m[2][2];
    for (auto& line : map.m)
        for (double& value : line) value /= w;
    coordinates.follow(map, step.from);
}

}  // namespace batchwarp::ops
