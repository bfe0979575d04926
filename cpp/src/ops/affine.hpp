// Rotation, zoom, shears and shifts about the centre: what is turned is what one sees.
#pragma once

#include "ops/operation.hpp"

namespace batchwarp::ops {

struct AffineTransform {
    static constexpr Description description{
        .name = "affine",
        .scope = Scope::coordinates,
        .columns = {{"rotation", 0, -20, 20},    // degrees, counter-clockwise
                    {"zoom", 1, 0.9, 1.1},       // factor; above 1 the image grows
                    {"shear_x", 0, -10, 10},     // degrees
                    {"shear_y", 0, -10, 10},     // degrees
                    {"shift_x", 0, -0.1, 0.1},   // of the width, to the right
                    {"shift_y", 0, -0.1, 0.1}},  // of the height, downwards
        .on_devices = true};

    static void settle(const Settings& settings, const PlanOptions& options, Step& step);
    static void place(const double* row, const Step& step, Coordinates& coordinates) noexcept;
};

}  // namespace batchwarp::ops
