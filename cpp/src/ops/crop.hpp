// A window of the image, the same for all; where it reaches beyond the edges, it pads.
#pragma once

#include "ops/operation.hpp"

namespace batchwarp::ops {

struct Crop {
    static constexpr Description description{.name = "crop",
                                             .scope = Scope::coordinates,
                                             .settings = {{"top", Setting::number},
                                                          {"left", Setting::number},
                                                          {"height", Setting::number},
                                                          {"width", Setting::number}},
                                             .sets_size = true};

    static void settle(const Settings& settings, const PlanOptions& options, Step& step);
    static void place(const double* row, const Step& step, Coordinates& coordinates) noexcept;
};

}  // namespace batchwarp::ops
