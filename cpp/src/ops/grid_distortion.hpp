// The cells of a grid made wider and narrower, with straight lines between them.
#pragma once

#include "ops/operation.hpp"

namespace batchwarp::ops {

struct GridDistortion {
    static constexpr Description description{
        .name = "grid_distortion",
        .scope = Scope::coordinates,
        .columns = {{"key_low", not_applied, 0, 4294967295.0},
                    {"key_high", not_applied, 0, 4294967295.0}},
        .settings = {{"num_steps", Setting::number},
                     {"low", Setting::number},
                     {"high", Setting::number}},
        .displaces = true};

    static void settle(const Settings& settings, const PlanOptions& options, Step& step);
    static void draw(const KeyedNumbers& number, const Step& step, double* row) noexcept;
    static void place(const double* row, const Step& step, Coordinates& coordinates) noexcept;
};

}  // namespace batchwarp::ops
