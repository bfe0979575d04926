// Overwrites a square whose centre is any pixel, so that it may reach over the edges: cutout.
#pragma once

#include "ops/holes.hpp"

namespace batchwarp::ops {

struct EraseSquare : HoleValue {
    static constexpr Description description{
        .name = "erase_square",
        .scope = Scope::pixel,
        .columns = {{"top", 0, -10, 20},
                    {"left", 0, -10, 20},
                    {"height", 0, 1, 20},
                    {"width", 0, 1, 20}},
        .settings = {{"value", Setting::numbers},     // of all channels, or of each
                     {"length", Setting::numbers}}};  // of a side in whole pixels, from and to

    static void settle(const Settings& settings, const PlanOptions& options, Step& step);
    static void draw(const KeyedNumbers& number, const Step& step, double* row) noexcept;

    static Holes holes(const double* row) noexcept { return {window_of(row)}; }
};

}  // namespace batchwarp::ops
