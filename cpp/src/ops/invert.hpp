// The negative of an image.
#pragma once

#include "ops/color_matrix.hpp"
#include "ops/operation.hpp"

namespace batchwarp::ops {

struct Invert {
    static constexpr Description description{
        .name = "invert", .scope = Scope::pixel, .columns = {{"invert", 0, 0, 1}}};

    static void mix(const double* /*row*/, const Context<double>& image,
                    ColorMatrix& matrix) noexcept {
        for (int c = 0; c < matrix.channels(); ++c)
            matrix.scale(c, -1, image.limits.low + image.limits.high);
    }
};

}  // namespace batchwarp::ops
