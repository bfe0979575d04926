// Where the pixels of a target lie that a field displaces.
#pragma once

#include <cstdint>

#include "simd/kernels.hpp"
#include "spline/spline.hpp"
#include "warp/warp.hpp"

namespace batchwarp {

/// No pixel is displaced by more along an axis, in pixels of the source, if the map does not
/// project.
double reach_of(const Displacement& displacement) noexcept;

/// Makes the places of rows of a target, in memory of this thread: one object at a time.
class PlacedRows {
  public:
    explicit PlacedRows(const WarpGeometry& geometry);

    /// Of rows [begin, end): for each row the y of all pixels, then their x, `columns` numbers
    /// each. They stay until the next call.
    const double* make(std::int64_t begin, std::int64_t end);

    /// The target's, up to the end of the kernels' last block.
    std::int64_t columns() const noexcept { return job_.columns; }

  private:
    // The points that a place depends on, along an axis.
    struct Taps {
        std::int64_t first;
        double weight[max_order + 1];
    };

    static Taps taps_of(double place, const Field::Axis& axis, int order) noexcept;
    void start_columns() noexcept;
    const double* spread(std::int64_t row) noexcept;
    void place_apart(double r, double* to) noexcept;

    const WarpGeometry& geometry_;
    const Field& field_;
    // Whether the target's rows are rows of the field, so that axes can be interpolated apart.
    bool apart_;
    std::int64_t taps_, across_;
    FieldJob job_;
    double *points_, *weights_, *spread_;
    std::int64_t* firsts_;
    std::int64_t spread_rows_[4] = {-1, -1, -1, -1};  // of the field, that `spread_` has
};

}  // namespace batchwarp
