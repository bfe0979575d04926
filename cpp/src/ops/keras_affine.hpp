// Rotation, shifts, shear and zoom: the matrix that Keras' `apply_affine_transform` gives to SciPy.
#pragma once

#include "ops/operation.hpp"

namespace batchwarp::ops {

struct KerasAffine {
    static constexpr Description description{
        .name = "keras_affine",
        .scope = Scope::coordinates,
        .columns = {{"theta", 0, -20, 20},  // degrees
                    {"tx", 0, -3, 3},       // Keras' height shift, pixels
                    {"ty", 0, -3, 3},       // Keras' width shift, pixels
                    {"shear", 0, -10, 10},  // degrees
                    {"zx", 1, 0.9, 1.1},    // factor; above 1 the image shrinks
                    {"zy", 1, 0.9, 1.1}},   // factor
        .keras = true,
        .on_devices = true};

    static void place(const double* row, const Step& step, Coordinates& coordinates) noexcept;
};

}  // namespace batchwarp::ops
