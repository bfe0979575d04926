// Every channel becomes the pixel's grey.
#pragma once

#include "ops/color_matrix.hpp"
#include "ops/operation.hpp"

namespace batchwarp::ops {

struct Grayscale {
    static constexpr Description description{.name = "grayscale",
                                             .scope = Scope::pixel,
                                             .columns = {{"grayscale", 0, 0, 1}},
                                             .colors = true};

    static void mix(const double* /*row*/, const Context<double>& /*image*/,
                    ColorMatrix& matrix) noexcept {
        constexpr const double (&grey)[3] = grey_weights;
        matrix.mix({{grey[0], grey[1], grey[2]},
                    {grey[0], grey[1], grey[2]},
                    {grey[0], grey[1], grey[2]}});
    }
};

}  // namespace batchwarp::ops
