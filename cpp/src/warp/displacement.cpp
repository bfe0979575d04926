#include "warp/displacement.hpp"

#include <algorithm>
#include <cmath>

#include "runtime/scratch.hpp"

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

}  // namespace

double reach_of(const Displacement& displacement) noexcept {
    const Field& field = displacement.field;
    const auto along = [&field](const double (&line)[3]) {
        return std::abs(line[0]) * field.y.reach + std::abs(line[1]) * field.x.reach;
    };
    return std::max(along(displacement.from_field.m[0]), along(displacement.from_field.m[1]));
}

PlacedRows::PlacedRows(const WarpGeometry& geometry)
    : geometry_(geometry),
      field_(geometry.displacement->field),
      apart_(is_apart(geometry.displacement->to_field)),
      taps_(field_.order + 1),
      across_(point_count(field_.x, field_.order)),
      job_{.displacement = geometry.displacement,
           .affine = geometry.affine,
           .divisor = geometry.divisor,
           .projects = geometry.projects,
           .first = geometry.flip_horizontal ? static_cast<double>(geometry.width - 1) : 0,
           .direction = geometry.flip_horizontal ? -1.0 : 1.0,
           .columns = (geometry.width + warp_block - 1) / warp_block * warp_block,
           .points = nullptr,
           .row_points = across_} {
    const std::int64_t rows = apart_ ? 1 : point_count(field_.y, field_.order);
    const std::int64_t table = apart_ ? taps_ * job_.columns : 0;
    Scratch& scratch = Scratch::of_this_thread();
    points_ = scratch.field.reserve(2 * across_ * (1 + rows) + 3 * table);
    weights_ = points_ + 2 * across_ * (1 + rows);
    spread_ = weights_ + table;
    if (apart_) {
        firsts_ = scratch.field_columns.reserve(job_.columns);
        start_columns();
        return;
    }
    // Both axes of a point lie together.
    double *to = points_ + 2 * across_, *down = points_, *right = points_ + across_;
    job_.points = to;
    for (std::int64_t row = 0; row < rows; ++row) {
        field_.points(field_, row, across_, down, right);
        for (std::int64_t i = 0; i < across_; ++i) {
            *to++ = down[i];
            *to++ = right[i];
        }
    }
}

PlacedRows::Taps PlacedRows::taps_of(double place, const Field::Axis& axis, int order) noexcept {
    const double point = place * axis.density;
    const double inside = point > 0 ? std::min(point, axis.extent) : 0;  // NaN, too
    const double at = axis.origin + inside;
    const auto whole = static_cast<std::int64_t>(at);  // which is not below 0
    Taps taps{whole - order / 2, {}};
    spline_weights_at(at - static_cast<double>(whole), order, taps.weight);
    return taps;
}

// What the columns of the target take from a row of points.
void PlacedRows::start_columns() noexcept {
    const auto& line = geometry_.displacement->to_field.m[1];
    for (std::int64_t c = 0; c < job_.columns; ++c) {
        const double column = job_.first + job_.direction * static_cast<double>(c);
        const Taps taps = taps_of(line[2] + column * line[1], field_.x, field_.order);
        firsts_[c] = taps.first;
        for (std::int64_t t = 0; t < taps_; ++t) weights_[t * job_.columns + c] = taps.weight[t];
    }
}

// A row of points, interpolated at the columns of the target. Rows of the target that follow each
// other need mostly the same.
const double* PlacedRows::spread(std::int64_t row) noexcept {
    const std::int64_t slot = row % taps_, columns = job_.columns;
    double* const to = spread_ + slot * 2 * columns;
    if (spread_rows_[slot] == row) return to;
    spread_rows_[slot] = row;
    field_.points(field_, row, across_, points_, points_ + across_);
    for (std::int64_t axis = 0; axis < 2; ++axis) {
        const double* points = points_ + axis * across_;
        for (std::int64_t c = 0; c < columns; ++c) {
            const double* from = points + firsts_[c];
            double sum = weights_[c] * from[0];
            for (std::int64_t t = 1; t < taps_; ++t) sum += weights_[t * columns + c] * from[t];
            to[axis * columns + c] = sum;
        }
    }
    return to;
}

void PlacedRows::place_apart(double r, double* to) noexcept {
    const auto& line = geometry_.displacement->to_field.m[0];
    const Taps taps = taps_of(line[2] + r * line[0], field_.y, field_.order);
    const double* lines[4];
    for (std::int64_t t = 0; t < taps_; ++t) lines[t] = spread(taps.first + t);
    kernels().place_blended_row(job_, r, lines, taps.weight, to);
}

const double* PlacedRows::make(std::int64_t begin, std::int64_t end) {
    const std::int64_t row = 2 * job_.columns;
    double* const rows = Scratch::of_this_thread().places.reserve((end - begin) * row);
    double* to = rows;
    for (std::int64_t i = begin; i < end; ++i, to += row) {
        const auto r = static_cast<double>(geometry_.flip_vertical ? geometry_.height - 1 - i : i);
        apart_ ? place_apart(r, to) : kernels().place_row(job_, r, to);
    }
    return rows;
}

}  // namespace batchwarp
