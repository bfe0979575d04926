// Keras' `rescale` and featurewise statistics.
#pragma once

#include "ops/operation.hpp"

namespace batchwarp::ops {

struct Normalize {
    static constexpr Description description{.name = "normalize",
                                             .scope = Scope::store,
                                             .settings = {{"rescale", Setting::number, true},
                                                          {"mean", Setting::per_channel, false},
                                                          {"std", Setting::per_channel, true}}};
};

}  // namespace batchwarp::ops
