// Rotation, shifts, shear and zoom: Keras' `apply_affine_transform`.
#pragma once

#include "ops/operation.hpp"

namespace batchwarp::ops {

struct Affine {
    static constexpr Description description{
        .name = "affine",
        .scope = Scope::coordinates,
        .columns = {{"theta", 0},  // degrees
                    {"tx", 0},     // Keras' height shift, pixels
                    {"ty", 0},     // Keras' width shift, pixels
                    {"shear", 0},  // degrees
                    {"zx", 1},     // factor; above 1 the image shrinks
                    {"zy", 1}}};
};

}  // namespace batchwarp::ops
