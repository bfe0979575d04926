// The image seen from elsewhere: its corners move inwards, each by itself.
#pragma once

#include "ops/operation.hpp"

namespace batchwarp::ops {

struct Perspective {
    static constexpr Description description{
        .name = "perspective",
        .scope = Scope::coordinates,
        // Of half the width and half the height. From the upper left corner clockwise.
        .columns = {{"x0", 0, 0, 0.4},
                    {"y0", 0, 0, 0.4},
                    {"x1", 0, 0, 0.4},
                    {"y1", 0, 0, 0.4},
                    {"x2", 0, 0, 0.4},
                    {"y2", 0, 0, 0.4},
                    {"x3", 0, 0, 0.4},
                    {"y3", 0, 0, 0.4}}};

    static void settle(const Settings& settings, const PlanOptions& options, Step& step);
    static void place(const double* row, const Step& step, Coordinates& coordinates) noexcept;
};

}  // namespace batchwarp::ops
