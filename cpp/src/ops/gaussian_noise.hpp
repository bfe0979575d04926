// Normal numbers added to values, each its own.
#pragma once

#include "ops/operation.hpp"

namespace batchwarp::ops {

struct GaussianNoise {
    static constexpr Description description{
        .name = "gaussian_noise",
        .scope = Scope::pixel,
        .columns = {{"std", 0, 0.01, 0.2},  // a fraction of the value range
                    {"key_low", not_applied, 0, 4294967295.0},
                    {"key_high", not_applied, 0, 4294967295.0}},
        .settings = {{"std", Setting::numbers}}};  // low, high

    static void settle(const Settings& settings, const PlanOptions& options, Step& step);
    static void draw(const KeyedNumbers& number, const Step& step, double* row) noexcept;
    static Noise noise(const double* row) noexcept;
};

}  // namespace batchwarp::ops
