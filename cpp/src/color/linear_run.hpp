// Linear steps on the pixels of an image that follow each other, as one pass over it.
#pragma once

#include <optional>
#include <vector>

#include "batchwarp/plan.hpp"
#include "color/planes.hpp"
#include "ops/color_matrix.hpp"

namespace batchwarp {

/// Steps gather in a matrix until something else needs the pixels. Nothing is clamped in between.
template <class T>
class LinearRun {
  public:
    LinearRun(const Plan& plan, const Planes<T>& image) noexcept : plan_(plan), image_(image) {}

    /// Whether there is something to do.
    bool pending() const noexcept { return matrix_.has_value(); }

    /// The image's mean grey before the step that comes next.
    double mean_grey();
    /// What the steps so far amount to; the next one is to change it. In a plan that is not fused
    /// they are done first.
    ops::ColorMatrix& next();
    /// Does what is pending, and clamps to the plan's value range. If `normalizes`, values are then
    /// scaled as the plan says, in the same pass.
    void finish(bool normalizes = false);

  private:
    struct Bounds {
        double low, high;
    };
    void apply(Bounds bounds, bool normalizes);

    const Plan& plan_;
    Planes<T> image_;
    std::optional<ops::ColorMatrix> matrix_;
    std::vector<ops::ColorRow> rows_;  // the matrix's memory
    std::vector<double> means_;        // of each channel, before the matrix; empty: unknown
};

}  // namespace batchwarp
