// Keras' samplewise statistics: minus the image's own mean, over its own standard deviation.
#pragma once

#include "ops/operation.hpp"

namespace batchwarp::ops {

struct Standardize {
    static constexpr Description description{
        .name = "standardize",
        .scope = Scope::store,
        .needs = {.moments = true},
        .settings = {{"center", Setting::flag}, {"std", Setting::flag}}};
};

}  // namespace batchwarp::ops
