// More contrast or less: the distance from the image's mean grey times a factor.
#pragma once

#include "ops/color_matrix.hpp"
#include "ops/operation.hpp"

namespace batchwarp::ops {

struct Contrast {
    static constexpr Description description{.name = "contrast",
                                             .scope = Scope::pixel,
                                             .needs = {.mean_grey = true},
                                             .columns = {{"contrast", 1, 0.5, 1.5}}};

    static void mix(const double* row, const Context<double>& image, ColorMatrix& matrix) noexcept {
        matrix.scale_about(image.mean_grey, row[0]);
    }
};

}  // namespace batchwarp::ops
