// Keras' `apply_brightness_shift(scale=False)`.
#pragma once

#include "ops/operation.hpp"

namespace batchwarp::ops {

struct Brightness {
    static constexpr Description description{.name = "brightness",
                                             .scope = Scope::pixel,
                                             .needs = {.range = true},
                                             .columns = {{"brightness", not_applied}}};
};

}  // namespace batchwarp::ops
