// B-spline coefficients of an image in single precision, laid out for the kernels: with what lies
// beyond the edges written out, so that no tap has to be looked at.
#pragma once

#include <cstdint>
#include <vector>

#include "batchwarp/image.hpp"
#include "simd/kernels.hpp"
#include "warp/border.hpp"

namespace batchwarp {

/// The layout and the filters for images of one shape; immutable. The coefficients themselves are
/// in a buffer of the caller, who calls `filter_rows` and then `filter_columns` for all groups, in
/// any order and on any thread, and then `extend`.
class SplinePlane {
  public:
    /// @param order  2 to 5
    SplinePlane(std::int64_t height, std::int64_t width, std::int64_t channels, int order,
                BorderRule border, double cval);

    std::int64_t padding() const noexcept { return padding_; }
    std::int64_t row_stride() const noexcept { return row_stride_; }  ///< floats
    std::int64_t buffer_size() const noexcept;                        ///< floats
    std::int64_t panel_size() const noexcept;                         ///< floats
    std::int64_t row_groups() const noexcept;
    std::int64_t column_groups() const noexcept;

    /// Loads some rows of the image and filters them horizontally; `panel` is scratch memory.
    void filter_rows(const ImageView& image, std::int64_t group, float* buffer, float* panel) const;
    /// Filters some columns vertically.
    void filter_columns(std::int64_t group, float* buffer) const;
    /// Writes what lies beyond the filtered samples.
    void extend(float* buffer) const;

    /// Sample (0, 0) of the image.
    const float* origin(const float* buffer) const noexcept {
        return buffer + (spline_halo + padding_) * (row_stride_ + channels_);
    }

  private:
    float* first_sample(float* buffer) const noexcept {
        return buffer + spline_halo * (row_stride_ + channels_);
    }

    std::int64_t image_height_, channels_, padding_;
    std::int64_t height_, width_;  // padding included
    std::int64_t row_stride_;
    BorderRule border_;
    float cval_;
    SplineFilter vertical_, horizontal_;
    float gain_, column_gain_;  // of both axes, of the vertical one
    // For each sample of the halo before and behind an axis the one it repeats; -1: cval.
    std::int64_t halo_rows_[2 * spline_halo], halo_columns_[2 * spline_halo];
};

/// The filter of one axis of `length` samples, at least 2; `gain` is what it multiplies by.
SplineFilter make_spline_filter(int order, FilterBoundary boundary, std::int64_t length,
                                double& gain);

}  // namespace batchwarp
