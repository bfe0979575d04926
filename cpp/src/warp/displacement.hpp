// How far a field displaces the pixels of a target, in pixels of the source.
#pragma once

#include <cstdint>

#include "spline/spline.hpp"
#include "warp/warp.hpp"

namespace batchwarp {

/// No pixel is displaced by more along an axis, if the map does not project.
double reach_of(const Displacement& displacement) noexcept;

/// Makes the displacements of rows of a target, in memory of this thread: one object at a time.
class DisplacedRows {
  public:
    explicit DisplacedRows(const WarpGeometry& geometry);

    /// Of rows [begin, end): for each row what is added to y, to x and, if the map projects, to w,
    /// `columns` numbers of each. They stay until the next call.
    const double* make(std::int64_t begin, std::int64_t end);

    /// The target's, up to the end of the kernels' last block.
    std::int64_t columns() const noexcept { return columns_; }

  private:
    // The points that a place depends on, along an axis.
    struct Taps {
        std::int64_t first;
        double weight[max_order + 1];
    };

    static Taps taps_of(double place, const Field::Axis& axis, int order) noexcept;
    void points(std::int64_t row, std::int64_t next_point, std::int64_t next_plane,
                double* to) const noexcept;
    void start_columns() noexcept;
    const double* spread(std::int64_t row) noexcept;
    void make_apart(double r, double* to) noexcept;
    template <int Order, int Planes>
    void make_together(double r, double* to) const noexcept;

    const WarpGeometry& geometry_;
    const Field& field_;
    // Whether the target's rows are rows of the field, so that axes can be interpolated apart.
    bool apart_;
    std::int64_t taps_, planes_, columns_, across_;
    double *drawn_, *points_, *weights_, *spread_;
    std::int64_t* firsts_;
    std::int64_t spread_rows_[4] = {-1, -1, -1, -1};  // of the field, that `spread_` has
};

}  // namespace batchwarp
