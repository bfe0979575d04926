// Keras' samplewise statistics: minus the image's own mean, over its own standard deviation.
#pragma once

#include "ops/operation.hpp"
#include "ops/scaling.hpp"

namespace batchwarp::ops {

struct Standardize {
    static constexpr Description description{
        .name = "standardize",
        .scope = Scope::store,
        .needs = {.moments = true},
        .settings = {{"center", Setting::flag}, {"std", Setting::flag}},
        .on_devices = true};

    static void settle(const Settings& settings, Normalization& normalization);

    /// What `rescale` and then this come to, from the moments before both.
    BATCHWARP_HD static Scaling<double> scaling(double rescale, bool center, bool std, double mean,
                                                double deviation) noexcept {
        const double divisor = std ? fabs(rescale) * deviation + 1e-6 : 1;
        return {center ? mean : 0, rescale / divisor};
    }
};

}  // namespace batchwarp::ops
