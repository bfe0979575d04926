// Keras' `rescale` and featurewise statistics.
#pragma once

#include "ops/operation.hpp"

namespace batchwarp::ops {

struct Normalize {
    static constexpr Description description{
        .name = "normalize",
        .scope = Scope::store,
        .settings = {{.name = "rescale", .kind = Setting::number, .neutral = 1, .divides = true},
                     {.name = "mean", .kind = Setting::per_channel},
                     {.name = "std", .kind = Setting::per_channel, .divides = true}},
        .on_devices = true};

    static void settle(const Settings& settings, Normalization& normalization);
};

}  // namespace batchwarp::ops
