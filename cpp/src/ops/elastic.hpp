// Pixels displaced as by a smooth random field: the image as if on rubber.
#pragma once

#include "ops/operation.hpp"

namespace batchwarp::ops {

struct Elastic {
    static constexpr Description description{
        .name = "elastic",
        .scope = Scope::coordinates,
        .columns = {{"key_low", not_applied, 0, 4294967295.0},
                    {"key_high", not_applied, 0, 4294967295.0}},
        .settings = {{"alpha", Setting::number}, {"sigma", Setting::number}},
        .displaces = true};

    static void settle(const Settings& settings, const PlanOptions& options, Step& step);
    static void draw(const KeyedNumbers& number, const Step& step, double* row) noexcept;
    static void place(const double* row, const Step& step, Coordinates& coordinates) noexcept;
};

}  // namespace batchwarp::ops
