// Another size.
#pragma once

#include "ops/operation.hpp"

namespace batchwarp::ops {

struct Resize {
    static constexpr Description description{.name = "resize",
                                             .scope = Scope::coordinates,
                                             .settings = {{"height", Setting::number},
                                                          {"width", Setting::number},
                                                          {"antialias", Setting::flag}},
                                             .sets_size = true};

    static void settle(const Settings& settings, const PlanOptions& options, Step& step);
    static void place(const double* row, const Step& step, Coordinates& coordinates) noexcept;

    /// Whether a step reduces images by a filter, which only the first that moves pixels can.
    static bool antialiases(const Settings& settings, const Step& step);
    /// A window becomes the whole image.
    static void stretch(const Window& window, bool antialias, const Step& step,
                        Coordinates& coordinates) noexcept;
};

}  // namespace batchwarp::ops
