// Brighter or darker: the distance from black times a factor.
#pragma once

#include "ops/color_matrix.hpp"
#include "ops/operation.hpp"

namespace batchwarp::ops {

struct Brightness {
    static constexpr Description description{
        .name = "brightness", .scope = Scope::pixel, .columns = {{"brightness", 1, 0.5, 1.5}}};

    static void mix(const double* row, const Context<double>& image, ColorMatrix& matrix) noexcept {
        matrix.scale_about(image.limits.low, row[0]);
    }
};

}  // namespace batchwarp::ops
