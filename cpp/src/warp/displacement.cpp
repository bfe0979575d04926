#include "warp/displacement.hpp"

#include <algorithm>
#include <cmath>

#include "runtime/scratch.hpp"
#include "simd/kernels.hpp"

namespace batchwarp {
namespace {

// Whether y depends on rows only, and x on columns.
bool is_apart(const Map& map) noexcept {
    const auto& m = map.m;
    return m[0][1] == 0 && m[1][0] == 0 && m[2][0] == 0 && m[2][1] == 0 && m[2][2] == 1;
}

// How many points the places of an image depend on, along an axis.
std::int64_t point_count(const Field::Axis& axis, int order) noexcept {
    return static_cast<std::int64_t>(axis.origin + axis.extent) - order / 2 + order + 1;
}

double at(const double (&line)[3], double r, double c) noexcept {
    return (line[2] + r * line[0]) + c * line[1];
}

}  // namespace

double reach_of(const Displacement& displacement) noexcept {
    const Field& field = displacement.field;
    const auto along = [&field](const double (&line)[3]) {
        return std::abs(line[0]) * field.y.reach + std::abs(line[1]) * field.x.reach;
    };
    return std::max(along(displacement.from_field.m[0]), along(displacement.from_field.m[1]));
}

DisplacedRows::DisplacedRows(const WarpGeometry& geometry)
    : geometry_(geometry),
      field_(geometry.displacement->field),
      apart_(is_apart(geometry.displacement->to_field)),
      taps_(field_.order + 1),
      planes_(geometry.projects ? 3 : 2),
      columns_((geometry.width + warp_block - 1) / warp_block * warp_block),
      across_(point_count(field_.x, field_.order)) {
    const std::int64_t rows = point_count(field_.y, field_.order);
    const std::int64_t row = planes_ * across_;
    const std::int64_t values = apart_ ? row : rows * row;
    const std::int64_t table = apart_ ? taps_ * columns_ : 0;
    Scratch& scratch = Scratch::of_this_thread();
    drawn_ = scratch.field.reserve(2 * across_ + values + (1 + planes_) * table);
    points_ = drawn_ + 2 * across_;
    weights_ = points_ + values;
    spread_ = weights_ + table;
    firsts_ = scratch.field_columns.reserve(columns_);
    if (apart_) {
        start_columns();
        return;
    }
    // All planes of a point lie together.
    for (std::int64_t i = 0; i < rows; ++i) points(i, planes_, 1, points_ + i * row);
}

DisplacedRows::Taps DisplacedRows::taps_of(double place, const Field::Axis& axis,
                                           int order) noexcept {
    const double point = place * axis.density;
    const double inside = point > 0 ? std::min(point, axis.extent) : 0;  // NaN, too
    const double at = axis.origin + inside;
    const auto whole = static_cast<std::int64_t>(at);  // which is not below 0
    Taps taps{whole - order / 2, {}};
    spline_weights_at(at - static_cast<double>(whole), order, taps.weight);
    return taps;
}

// The points of a row, as what they add to each of the coordinates.
void DisplacedRows::points(std::int64_t row, std::int64_t next_point, std::int64_t next_plane,
                           double* to) const noexcept {
    const auto& from_field = geometry_.displacement->from_field.m;
    double *y = drawn_, *x = drawn_ + across_;
    field_.points(field_, row, across_, y, x);
    for (std::int64_t p = 0; p < planes_; ++p) {
        const double of_y = from_field[p][0], of_x = from_field[p][1];
        double* plane = to + p * next_plane;
        for (std::int64_t i = 0; i < across_; ++i)
            plane[i * next_point] = of_y * y[i] + of_x * x[i];
    }
}

// What the columns of the target take from a row of points.
void DisplacedRows::start_columns() noexcept {
    const auto last = static_cast<double>(geometry_.width - 1);
    for (std::int64_t c = 0; c < columns_; ++c) {
        const auto column = static_cast<double>(c);
        const double mirrored = geometry_.flip_horizontal ? last - column : column;
        const double x = at(geometry_.displacement->to_field.m[1], 0, mirrored);
        const Taps taps = taps_of(x, field_.x, field_.order);
        firsts_[c] = taps.first;
        for (std::int64_t t = 0; t < taps_; ++t) weights_[t * columns_ + c] = taps.weight[t];
    }
}

// A row of points, interpolated at the columns of the target. Rows of the target that follow each
// other need mostly the same.
const double* DisplacedRows::spread(std::int64_t row) noexcept {
    const std::int64_t slot = row % taps_;
    double* to = spread_ + slot * planes_ * columns_;
    if (spread_rows_[slot] == row) return to;
    spread_rows_[slot] = row;
    points(row, 1, across_, points_);
    for (std::int64_t p = 0; p < planes_; ++p) {
        const double* plane = points_ + p * across_;
        for (std::int64_t c = 0; c < columns_; ++c) {
            const double* from = plane + firsts_[c];
            double sum = weights_[c] * from[0];
            for (std::int64_t t = 1; t < taps_; ++t) sum += weights_[t * columns_ + c] * from[t];
            to[p * columns_ + c] = sum;
        }
    }
    return to;
}

void DisplacedRows::make_apart(double r, double* to) noexcept {
    const double y = at(geometry_.displacement->to_field.m[0], r, 0);
    const Taps taps = taps_of(y, field_.y, field_.order);
    const double* rows[4];
    for (std::int64_t t = 0; t < taps_; ++t) rows[t] = spread(taps.first + t);
    kernels().blend_rows_f64(rows, taps.weight, static_cast<std::int32_t>(taps_),
                             planes_ * columns_, to);
}

template <int Order, int Planes>
void DisplacedRows::make_together(double r, double* to) const noexcept {
    const auto& to_field = geometry_.displacement->to_field.m;
    const bool projects = to_field[2][0] != 0 || to_field[2][1] != 0 || to_field[2][2] != 1;
    const auto last = static_cast<double>(geometry_.width - 1);
    for (std::int64_t c = 0; c < columns_; ++c) {
        const auto column = static_cast<double>(c);
        const double mirrored = geometry_.flip_horizontal ? last - column : column;
        double y = at(to_field[0], r, mirrored), x = at(to_field[1], r, mirrored), w = 1;
        if (projects) {
            w = at(to_field[2], r, mirrored);
            y = projected(y, w);
            x = projected(x, w);
        }
        const Taps rows = taps_of(y, field_.y, Order), across = taps_of(x, field_.x, Order);
        // The points of four rows are added up first, all planes side by side.
        constexpr int values = (Order + 1) * Planes;
        double sums[values] = {};
        const double* from = points_ + (rows.first * across_ + across.first) * Planes;
        for (int i = 0; i <= Order; ++i, from += across_ * Planes)
            for (int k = 0; k < values; ++k) sums[k] += rows.weight[i] * from[k];
        for (int p = 0; p < Planes; ++p) {
            double sum = across.weight[0] * sums[p];
            for (int j = 1; j <= Order; ++j) sum += across.weight[j] * sums[j * Planes + p];
            // It is added to homogeneous coordinates.
            to[p * columns_ + c] = w * sum;
        }
    }
}

const double* DisplacedRows::make(std::int64_t begin, std::int64_t end) {
    const std::int64_t row = planes_ * columns_;
    double* const rows = Scratch::of_this_thread().displaced.reserve((end - begin) * row);
    double* to = rows;
    for (std::int64_t i = begin; i < end; ++i, to += row) {
        const auto r = static_cast<double>(geometry_.flip_vertical ? geometry_.height - 1 - i : i);
        if (apart_)
            make_apart(r, to);
        else if (field_.order == 1)
            planes_ == 2 ? make_together<1, 2>(r, to) : make_together<1, 3>(r, to);
        else
            planes_ == 2 ? make_together<3, 2>(r, to) : make_together<3, 3>(r, to);
    }
    return rows;
}

}  // namespace batchwarp
