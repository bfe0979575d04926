// Overwrites a rectangle: random erasing.
#pragma once

#include "ops/holes.hpp"

namespace batchwarp::ops {

struct Erase : HoleValue {
    static constexpr Description description{
        .name = "erase",
        .scope = Scope::pixel,
        .columns = {{"top", 0, -2, 20},
                    {"left", 0, -2, 20},
                    {"height", 0, 1, 20},
                    {"width", 0, 1, 20}},
        .settings = {{"value", Setting::numbers},    // of all channels, or of each
                     {"scale", Setting::numbers},    // of the area, from and to
                     {"ratio", Setting::numbers}}};  // of height to width, from and to

    static void settle(const Settings& settings, const PlanOptions& options, Step& step);
    static void draw(const KeyedNumbers& number, const Step& step, double* row) noexcept;

    static Holes holes(const double* row) noexcept { return {window_of(row)}; }
};

}  // namespace batchwarp::ops
