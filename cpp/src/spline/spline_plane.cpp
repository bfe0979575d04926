#include "spline/spline_plane.hpp"

#include <algorithm>
#include <cmath>

#include "pixels.hpp"
#include "spline/spline.hpp"

namespace batchwarp {
namespace {

// Weights of all samples of a line, of which the few that matter are kept.
class Sum {
  public:
    explicit Sum(std::int64_t length) : weights_(static_cast<std::size_t>(length)) {}

    double& operator[](std::int64_t i) { return weights_[static_cast<std::size_t>(i)]; }
    void scale(double factor) {
        for (double& w : weights_) w *= factor;
    }

    // Single precision does not see less than this beside a weight near 1.
    static constexpr double negligible = 1e-11;

    SplineStart terms() const {
        SplineStart result{};
        for (std::size_t i = 0; i < weights_.size() && result.count < spline_terms; ++i) {
            if (std::abs(weights_[i]) < negligible) continue;
            result.at[result.count] = static_cast<std::int32_t>(i);
            result.weight[result.count] = static_cast<float>(weights_[i]);
            ++result.count;
        }
        return result;
    }

  private:
    std::vector<double> weights_;
};

// Samples this far from an end and farther do not matter for what starts there.
std::int64_t horizon(double z, std::int64_t n) {
    const double far = std::log(Sum::negligible) / std::log(std::abs(z));
    return std::min(n, static_cast<std::int64_t>(far) + 1);
}

// The first forward value: an infinite sum over the extended line, in closed form.
SplineStart causal_start(double z, std::int64_t n, FilterBoundary boundary) {
    Sum sum(n);
    const std::int64_t near = horizon(z, n);
    double power = z;
    sum[0] = 1;
    switch (boundary) {
        case FilterBoundary::whole_symmetric: {
            const double far = std::pow(z, static_cast<double>(n - 1));
            sum[n - 1] += far;
            for (std::int64_t i = 1; i < std::min(near, n - 1); ++i, power *= z) {
                sum[i] += power;
                sum[n - 1 - i] += power * far;
            }
            sum.scale(1 / (1 - far * far));
            break;
        }
        case FilterBoundary::periodic:
            for (std::int64_t i = 1; i < near; ++i, power *= z) sum[n - i] += power;
            sum.scale(1 / (1 - std::pow(z, static_cast<double>(n))));
            break;
        case FilterBoundary::half_symmetric: {
            const double far = std::pow(z, static_cast<double>(n));
            sum[n - 1] += far;
            for (std::int64_t i = 1; i < near; ++i, power *= z) {
                // The mirror image of the last sample is the sum itself, as in spline.cpp.
                if (i == n - 1)
                    sum.scale(1 + power * far);
                else
                    sum[n - 1 - i] += power * far;
                sum[i] += power;
            }
            sum.scale(z / (1 - far * far));
            sum[0] += 1;
            break;
        }
    }
    return sum.terms();
}

// The first backward value, from the forward ones.
SplineStart anticausal_start(double z, std::int64_t n, FilterBoundary boundary) {
    Sum sum(n);
    sum[n - 1] = 1;
    switch (boundary) {
        case FilterBoundary::whole_symmetric:
            sum[n - 2] += z;
            sum.scale(z / (z * z - 1));
            break;
        case FilterBoundary::periodic: {
            double power = z;
            for (std::int64_t i = 0; i < std::min(horizon(z, n), n - 1); ++i) {
                sum[i] += power;
                power *= z;
            }
            sum.scale(z / (std::pow(z, static_cast<double>(n)) - 1));
            break;
        }
        case FilterBoundary::half_symmetric:
            sum.scale(z / (z - 1));
            break;
    }
    return sum.terms();
}

constexpr std::int64_t column_group = 4 * spline_lanes;  // four cache lines of every row

constexpr std::int64_t round_up(std::int64_t v, std::int64_t step) {
    return (v + step - 1) / step * step;
}

// Rows that all begin at the same place of a cache set would evict each other when columns are
// filtered.
constexpr std::int64_t odd_lines(std::int64_t floats) {
    return (round_up(floats, spline_lanes) / spline_lanes | 1) * spline_lanes;
}

void halo_taps(std::int64_t n, Extension extension, std::int64_t* taps) {
    for (std::int64_t i = 0; i < spline_halo; ++i) {
        taps[i] = map_tap(i - spline_halo, n, extension);
        taps[spline_halo + i] = map_tap(n + i, n, extension);
    }
}

}  // namespace

SplineFilter make_spline_filter(int order, FilterBoundary boundary, std::int64_t length,
                                double& gain) {
    const SplinePoles poles = spline_poles(order);
    SplineFilter filter{};
    filter.poles = poles.count;
    gain = 1;
    for (int i = 0; i < poles.count; ++i) {
        const double z = poles.z[i];
        gain *= (1 - z) * (1 - 1 / z);
        filter.pole[i].z = static_cast<float>(z);
        filter.pole[i].causal = causal_start(z, length, boundary);
        filter.pole[i].anticausal = anticausal_start(z, length, boundary);
    }
    return filter;
}

SplinePlane::SplinePlane(std::int64_t height, std::int64_t width, std::int64_t channels, int order,
                         BorderRule border, double cval)
    : image_height_(height),
      channels_(channels),
      padding_(spline_padding(order, border)),
      height_(height + 2 * padding_),
      width_(width + 2 * padding_),
      // Filters of columns touch whole groups, which may reach past the halo.
      row_stride_(
          odd_lines(spline_halo * channels + std::max(round_up(width_ * channels, spline_lanes),
                                                      (width_ + spline_halo) * channels))),
      border_(border),
      cval_(static_cast<float>(cval)) {
    double vertical_gain = 1, horizontal_gain = 1;
    vertical_ = make_spline_filter(order, border_.filter, height_, vertical_gain);
    horizontal_ = make_spline_filter(order, border_.filter, width_, horizontal_gain);
    gain_ = static_cast<float>(vertical_gain * horizontal_gain);
    column_gain_ = static_cast<float>(vertical_gain);
    halo_taps(height_, border_.taps, halo_rows_);
    halo_taps(width_, border_.taps, halo_columns_);
}

std::int64_t SplinePlane::buffer_size() const noexcept {
    // The last group of rows may be incomplete; what it has too much must have a place.
    return (height_ + 2 * spline_halo + spline_lanes) * row_stride_ +
           warp_read_slack / static_cast<std::int64_t>(sizeof(float));
}

std::int64_t SplinePlane::panel_size() const noexcept {
    return (width_ * channels_ + 3) * spline_lanes;
}

std::int64_t SplinePlane::row_groups() const noexcept {
    return (image_height_ + spline_lanes - 1) / spline_lanes;
}

std::int64_t SplinePlane::column_groups() const noexcept {
    return (width_ * channels_ + column_group - 1) / column_group;
}

void SplinePlane::filter_rows(const ImageView& image, std::int64_t group, float* buffer,
                              float* panel) const {
    const std::int64_t begin = group * spline_lanes;
    const std::int64_t end = std::min(begin + spline_lanes, image_height_);
    float* rows = first_sample(buffer) + (padding_ + begin) * row_stride_;
    const float* constant = border_.taps == Extension::constant ? &cval_ : nullptr;
    for (std::int64_t r = begin; r < end; ++r)
        load_padded_row(image, r, padding_, constant, rows + (r - begin) * row_stride_);
    kernels().spline_filter_rows(rows, row_stride_, static_cast<std::int32_t>(width_),
                                 static_cast<std::int32_t>(channels_), horizontal_, gain_, panel);
}

void SplinePlane::filter_columns(std::int64_t group, float* buffer) const {
    const std::int64_t values = std::min(column_group, width_ * channels_ - group * column_group);
    float* top = first_sample(buffer) + group * column_group;
    // Rows of the padding are alike, and so are their filtered ones.
    float* first = top + padding_ * row_stride_;
    float* last = first + (image_height_ - 1) * row_stride_;
    for (std::int64_t i = 1; i <= padding_; ++i) {
        if (border_.taps == Extension::constant) {
            std::fill_n(first - i * row_stride_, values, cval_ * column_gain_);
            std::fill_n(last + i * row_stride_, values, cval_ * column_gain_);
        } else {
            std::copy_n(first, values, first - i * row_stride_);
            std::copy_n(last, values, last + i * row_stride_);
        }
    }
    kernels().spline_filter_columns(top, row_stride_, static_cast<std::int32_t>(height_), values,
                                    vertical_);
}

void SplinePlane::extend(float* buffer) const {
    float* top = first_sample(buffer);
    const auto beyond = [](std::int64_t i, std::int64_t n) {
        return i < spline_halo ? i - spline_halo : n + i - spline_halo;
    };
    const bool repeats = channels_ == 1 && border_.taps == Extension::replicate;
    for (std::int64_t r = 0; r < height_; ++r) {
        float* row = top + r * row_stride_;
        if (repeats) {  // as fast as two stores
            std::fill_n(row - spline_halo, spline_halo, *row);
            std::fill_n(row + width_, spline_halo, row[width_ - 1]);
            continue;
        }
        for (std::int64_t i = 0; i < 2 * spline_halo; ++i) {
            float* to = row + beyond(i, width_) * channels_;
            const float* from = row + halo_columns_[i] * channels_;
            for (std::int64_t k = 0; k < channels_; ++k)
                to[k] = halo_columns_[i] < 0 ? cval_ : from[k];
        }
    }
    const std::int64_t values = (width_ + 2 * spline_halo) * channels_;
    float* corner = top - spline_halo * channels_;
    for (std::int64_t i = 0; i < 2 * spline_halo; ++i) {
        float* to = corner + beyond(i, height_) * row_stride_;
        if (halo_rows_[i] < 0)
            std::fill_n(to, values, cval_);
        else
            std::copy_n(corner + halo_rows_[i] * row_stride_, values, to);
    }
}

}  // namespace batchwarp
