#include "targets/forward_map.hpp"

#include <algorithm>
#include <cmath>

#include "resize/reduction.hpp"
#include "spline/spline.hpp"

namespace batchwarp {
namespace {

// By cofactors. Of a map that cannot be inverted, as zooms by 0 are, nothing is finite.
Map inverse(const Map& map) noexcept {
    const auto& m = map.m;
    Map to;
    for (int i = 0; i < 3; ++i)
        for (int j = 0; j < 3; ++j) {
            const int r = (j + 1) % 3, s = (j + 2) % 3, c = (i + 1) % 3, d = (i + 2) % 3;
            to.m[i][j] = m[r][c] * m[s][d] - m[r][d] * m[s][c];
        }
    const double determinant = m[0][0] * to.m[0][0] + m[0][1] * to.m[1][0] + m[0][2] * to.m[2][0];
    for (auto& line : to.m)
        for (double& value : line) value /= determinant;
    if (m[2][0] == 0 && m[2][1] == 0 && m[2][2] == 1) {  // whatever rounding has made of it
        to.m[2][0] = to.m[2][1] = 0;
        to.m[2][2] = 1;
    }
    return to;
}

ForwardMap::Place through(const Map& map, double x, double y) noexcept {
    const auto along = [&](int i) { return map.m[i][0] * y + map.m[i][1] * x + map.m[i][2]; };
    return {along(1), along(0), along(2)};
}

Map mirror_of(const Coordinates& from, const Size& size) noexcept {
    Map map;
    if (from.flip_vertical) {
        map.m[0][0] = -1;
        map.m[0][2] = static_cast<double>(size.height - 1);
    }
    if (from.flip_horizontal) {
        map.m[1][1] = -1;
        map.m[1][2] = static_cast<double>(size.width - 1);
    }
    return map;
}

// From a pixel of a reduced image to the place in the image that it stands for.
Map reduction_of(const Coordinates& from, const Size& image) noexcept {
    const Window window = clipped(from.window, image);
    const auto scale = [](std::int64_t of, std::int64_t to) {
        return static_cast<double>(of) / static_cast<double>(to);
    };
    Map map;
    map.m[0][0] = scale(window.height, from.reduced.height);
    map.m[1][1] = scale(window.width, from.reduced.width);
    map.m[0][2] = static_cast<double>(window.top) + (map.m[0][0] - 1) / 2;
    map.m[1][2] = static_cast<double>(window.left) + (map.m[1][1] - 1) / 2;
    return map;
}

double length(const Point& p) noexcept { return std::hypot(p.x, p.y); }

}  // namespace

FieldSurface::FieldSurface(const Field& field) : field_(field) {
    const auto count = [&](const Field::Axis& axis) {
        return static_cast<std::int64_t>(axis.origin + axis.extent) - field.order / 2 +
               field.order + 1;
    };
    const std::int64_t rows = count(field.y);
    columns_ = count(field.x);
    points_.reserve(static_cast<std::size_t>(rows * columns_));
    std::vector<double> down(static_cast<std::size_t>(columns_)), right(down.size());
    for (std::int64_t row = 0; row < rows; ++row) {
        field.points(field, row, columns_, down.data(), right.data());
        for (std::size_t i = 0; i < down.size(); ++i) {
            points_.push_back({right[i], down[i]});
            // What splines join is not farther out than their points.
            farthest_ = std::max({farthest_, std::abs(right[i]), std::abs(down[i])});
        }
    }
}

FieldSurface::Taps FieldSurface::taps_of(double place, const Field::Axis& axis) const noexcept {
    const double point = place * axis.density;
    const double at = axis.origin + (point > 0 ? std::min(point, axis.extent) : 0);  // NaN, too
    const auto whole = static_cast<std::int64_t>(at);  // which is not below 0
    Taps taps;
    taps.first = whole - field_.order / 2;
    spline_weights_at(at - static_cast<double>(whole), field_.order, taps.weight);
    return taps;
}

Point FieldSurface::at(const Point& place) const noexcept {
    const Taps down = taps_of(place.y, field_.y), across = taps_of(place.x, field_.x);
    Point sum;
    for (int i = 0; i <= field_.order; ++i) {
        const Point* row = points_.data() + (down.first + i) * columns_ + across.first;
        for (int j = 0; j <= field_.order; ++j) {
            const double weight = down.weight[i] * across.weight[j];
            sum.x += weight * row[j].x;
            sum.y += weight * row[j].y;
        }
    }
    return sum;
}

Point FieldSurface::miss(const Point& place, const Point& sampled) const noexcept {
    const Point by = at(place);
    return {place.x + by.x - sampled.x, place.y + by.y - sampled.y};
}

// Newton's method, with differences for derivatives, and half a step where a whole one leads
// astray: what splines join is smooth enough for it.
bool FieldSurface::refine(Point& place, const Point& sampled) const noexcept {
    constexpr double close = 1e-7, side = 1e-4;  // pixels
    constexpr int most = 50, most_halved = 10;
    Point error = miss(place, sampled);
    for (int step = 0; step < most && length(error) > close; ++step) {
        const Point by_x = miss({place.x + side, place.y}, sampled),
                    by_y = miss({place.x, place.y + side}, sampled);
        const double xx = (by_x.x - error.x) / side, yx = (by_x.y - error.y) / side;
        const double xy = (by_y.x - error.x) / side, yy = (by_y.y - error.y) / side;
        const double determinant = xx * yy - xy * yx;
        Point move = error;  // as if displacements did not change
        if (std::abs(determinant) > 1e-3)
            move = {(yy * error.x - xy * error.y) / determinant,
                    (xx * error.y - yx * error.x) / determinant};
        Point next = place, rest = error;
        double part = 1;
        for (int halved = 0; halved < most_halved; ++halved, part /= 2) {
            next = {place.x - part * move.x, place.y - part * move.y};
            rest = miss(next, sampled);
            if (length(rest) < length(error)) break;
        }
        if (!(length(rest) < length(error))) return false;
        place = next;
        error = rest;
    }
    return length(error) <= close;
}

// Whether a place in a cell is displaced to `sampled`, if the cell is bent little. Each of its two
// triangles becomes another one; what that holds, or misses by `slack` of its sides, comes from
// there.
bool FieldSurface::find_in_cell(const Point& corner, double side, double slack,
                                const Point& sampled, Point& found) const noexcept {
    const Point right{corner.x + side, corner.y}, below{corner.x, corner.y + side};
    const Point far{corner.x + side, corner.y + side};
    const Point b = miss(right, sampled), c = miss(below, sampled);
    for (const Point& first : {corner, far}) {
        const Point a = miss(first, sampled);
        const double bx = b.x - a.x, by = b.y - a.y, cx = c.x - a.x, cy = c.y - a.y;
        const double area = bx * cy - cx * by;
        if (area == 0) continue;
        const double to_b = (cx * a.y - cy * a.x) / area, to_c = (by * a.x - bx * a.y) / area;
        if (to_b < -slack || to_c < -slack || to_b + to_c > 1 + slack) continue;
        found = {first.x + to_b * (right.x - first.x) + to_c * (below.x - first.x),
                 first.y + to_b * (right.y - first.y) + to_c * (below.y - first.y)};
        return true;
    }
    return false;
}

// Looks at cells around `centre` ring by ring, and closer at those in which there is something that
// a step by step approach does not find.
// NOLINTBEGIN(misc-no-recursion): `depth` levels
bool FieldSurface::search(const Point& centre, double side, std::int64_t rings, int depth,
                          double slack, const Point& sampled, Point& found) const noexcept {
    constexpr std::int64_t parts = 8;
    const auto look = [&](std::int64_t row, std::int64_t column) {
        const Point corner{centre.x + (static_cast<double>(column) - 0.5) * side,
                           centre.y + (static_cast<double>(row) - 0.5) * side};
        if (!find_in_cell(corner, side, slack, sampled, found)) return false;
        if (refine(found, sampled)) return true;
        const Point middle{corner.x + side / 2, corner.y + side / 2};
        return depth > 0 &&
               search(middle, side / parts, parts / 2, depth - 1, slack, sampled, found);
    };
    for (std::int64_t ring = 0; ring <= rings; ++ring)
        for (std::int64_t row = -ring; row <= ring; ++row) {
            const bool whole = row == -ring || row == ring;
            for (std::int64_t column = -ring; column <= ring; column += whole ? 1 : 2 * ring)
                if (look(row, column)) return true;
        }
    return false;
}
// NOLINTEND(misc-no-recursion)

// Where a field folds there is more than one such place; this finds one that is near. There always
// is one: far outside of the image, all is displaced alike.
Point FieldSurface::origin_of(const Point& sampled) const noexcept {
    Point place = sampled;
    if (refine(place, sampled) || !std::isfinite(sampled.x) || !std::isfinite(sampled.y))
        return place;
    // Cells that are small beside what is between the field's points.
    const double side = 0.5 / std::max({field_.x.density, field_.y.density, 0.5});
    constexpr int depth = 2;
    Point found = place;
    constexpr double most_rings = 256;  // of fields that nobody recognizes anything behind
    const auto rings = static_cast<std::int64_t>(std::min(farthest_ / side + 2, most_rings));
    // Where a fold bends a cell much, its triangles miss what it holds.
    constexpr double rounding = 1e-9, bent = 0.5;
    for (const double slack : {rounding, bent})
        if (search(sampled, side, rings, depth, slack, sampled, found)) return found;
    return place;
}

ForwardMap::ForwardMap(const Plan& plan, const double* row)
    : from_size_{plan.options().height, plan.options().width} {
    const Coordinates from = plan.coordinates(row);
    const Size target{plan.target_height(), plan.target_width()};
    Map sampled;  // from an output pixel that has been mirrored to what is sampled
    if (from.warps)
        sampled = {{{from.affine.m00, from.affine.m01, from.affine.o0},
                    {from.affine.m10, from.affine.m11, from.affine.o1},
                    {from.divisor.r, from.divisor.c, from.divisor.one}}};
    const Map image = from.reduces ? reduction_of(from, from_size_) : Map{};
    const Map mirror = mirror_of(from, target);
    if (!from.displaces) {
        to_field_ = inverse(image * sampled * mirror);
        return;
    }
    to_field_ = inverse(from.displacement.to_field * mirror);
    from_field_ = inverse(image * from.displacement.from_field);
    surface_.emplace(from.displacement.field);
}

ForwardMap::Place ForwardMap::place(const Point& from) const noexcept {
    if (!surface_) return through(to_field_, from.x, from.y);
    const Place displaced = through(from_field_, from.x, from.y);
    if (!displaced.is_seen()) return {NAN, NAN, NAN};
    const Point origin =
        surface_->origin_of({displaced.x / displaced.w, displaced.y / displaced.w});
    return through(to_field_, origin.x, origin.y);
}

Point ForwardMap::operator()(const Point& from) const noexcept {
    const Place to = place(from);
    if (!to.is_seen()) return {NAN, NAN};
    return {to.x / to.w, to.y / to.w};
}

bool ForwardMap::mirrors() const noexcept {
    const Point centre{static_cast<double>(from_size_.width - 1) / 2,
                       static_cast<double>(from_size_.height - 1) / 2};
    constexpr double side = 1e-3;  // pixels
    const Point at = (*this)(centre), right = (*this)({centre.x + side, centre.y}),
                below = (*this)({centre.x, centre.y + side});
    return (right.x - at.x) * (below.y - at.y) < (right.y - at.y) * (below.x - at.x);
}

}  // namespace batchwarp
