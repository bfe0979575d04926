// More colour or less: the distance from a pixel's own grey times a factor.
#pragma once

#include "ops/color_matrix.hpp"
#include "ops/operation.hpp"

namespace batchwarp::ops {

struct Saturation {
    static constexpr Description description{.name = "saturation",
                                             .scope = Scope::pixel,
                                             .columns = {{"saturation", 1, 0.5, 1.5}},
                                             .colors = true};

    static void mix(const double* row, const Context<double>& /*image*/,
                    ColorMatrix& matrix) noexcept {
        const double factor = row[0];
        double weights[3][3];
        for (int c = 0; c < 3; ++c)
            for (int k = 0; k < 3; ++k)
                weights[c][k] = (1 - factor) * grey_weights[k] + (c == k ? factor : 0);
        matrix.mix(weights);
    }
};

}  // namespace batchwarp::ops
