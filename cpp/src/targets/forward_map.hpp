// Where the points of an image go: the inverse of the map by which it is sampled.
#pragma once

#include <cmath>
#include <optional>
#include <vector>

#include "batchwarp/targets.hpp"

namespace batchwarp {

/// The displacements of a field, between its points as well.
class FieldSurface {
  public:
    explicit FieldSurface(const Field& field);

    /// Of what lies at a place of the field's image.
    Point at(const Point& place) const noexcept;
    /// A place that is displaced to `sampled`: of several, where the field folds, one of the
    /// nearest.
    Point origin_of(const Point& sampled) const noexcept;

  private:
    // What the points around a place weigh, along an axis.
    struct Taps {
        std::int64_t first = 0;
        double weight[4] = {};  // fields have order 1 or 3
    };
    Taps taps_of(double place, const Field::Axis& axis) const noexcept;

    // From `sampled` to where a place is displaced to.
    Point miss(const Point& place, const Point& sampled) const noexcept;
    // Brings a place that is near to the one that is wanted there; false: it got stuck.
    bool refine(Point& place, const Point& sampled) const noexcept;
    bool find_in_cell(const Point& corner, double side, double slack, const Point& sampled,
                      Point& found) const noexcept;
    bool search(const Point& centre, double side, std::int64_t rings, int depth, double slack,
                const Point& sampled, Point& found) const noexcept;

    Field field_;
    std::int64_t columns_;
    std::vector<Point> points_;
    double farthest_ = 0;  // along an axis, in pixels
};

class ForwardMap {
  public:
    /// @param row  parameters of an image, or null
    ForwardMap(const Plan& plan, const double* row);

    /// Homogeneous coordinates.
    struct Place {
        double x, y, w;

        /// Whether it lies in front of the horizon.
        bool is_seen() const noexcept { return w > 1e-9; }
    };
    /// Of a point that has gone.
    Place place(const Point& from) const noexcept;
    /// NaN if it is not seen.
    Point operator()(const Point& from) const noexcept;

    /// Whether lines stay parallel, too, and nothing is beyond a horizon.
    bool is_affine() const noexcept {
        const auto& divisor = to_field_.m[2];
        return !surface_ && divisor[0] == 0 && divisor[1] == 0 && divisor[2] == 1;
    }
    /// All of it, if it is affine.
    const Map& matrix() const noexcept { return to_field_; }
    /// Whether lines do not stay straight.
    bool bends() const noexcept { return surface_.has_value(); }
    /// Whether the image is seen as in a mirror, at its centre.
    bool mirrors() const noexcept;

  private:
    Size from_size_;
    Map to_field_, from_field_;  // without a field, all is in the former
    std::optional<FieldSurface> surface_;
};

/// A map that is affine, for many points.
class AffineMap {
  public:
    explicit AffineMap(const ForwardMap& map) noexcept : map_(map.matrix()) {}

    Point operator()(const Point& from) const noexcept { return {along(1, from), along(0, from)}; }
    /// Where a box reaches, half its width and height from its centre.
    Point reach(double half_width, double half_height) const noexcept {
        const auto& m = map_.m;
        return {std::abs(m[1][1]) * half_width + std::abs(m[1][0]) * half_height,
                std::abs(m[0][1]) * half_width + std::abs(m[0][0]) * half_height};
    }

  private:
    double along(int i, const Point& from) const noexcept {
        return map_.m[i][0] * from.y + map_.m[i][1] * from.x + map_.m[i][2];
    }

    Map map_;
};

}  // namespace batchwarp
