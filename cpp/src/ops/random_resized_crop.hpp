// A part of random size and proportions, resized: torchvision's `RandomResizedCrop`.
#pragma once

#include "ops/operation.hpp"

namespace batchwarp::ops {

struct RandomResizedCrop {
    static constexpr Description description{
        .name = "random_resized_crop",
        .scope = Scope::coordinates,
        .columns = {{"top", 0, 0, 4},
                    {"left", 0, 0, 4},
                    {"height", not_applied, 4, 8},  // else the whole image's
                    {"width", not_applied, 4, 8}},
        .settings = {{"height", Setting::number},
                     {"width", Setting::number},
                     {"antialias", Setting::flag},
                     {"scale", Setting::numbers},   // of the area, from and to
                     {"ratio", Setting::numbers}},  // of width to height, from and to
        .sets_size = true};

    static void settle(const Settings& settings, const PlanOptions& options, Step& step);
    static void draw(const KeyedNumbers& number, const Step& step, double* row) noexcept;
    static void place(const double* row, const Step& step, Coordinates& coordinates) noexcept;
};

}  // namespace batchwarp::ops
