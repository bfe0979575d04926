// A window of the padded image, anywhere in it.
#pragma once

#include "ops/operation.hpp"

namespace batchwarp::ops {

struct RandomCrop {
    static constexpr Description description{
        .name = "random_crop",
        .scope = Scope::coordinates,
        .columns = {{"top", not_applied, -4, 4}, {"left", not_applied, -4, 4}},  // else centred
        .settings = {{"height", Setting::number},
                     {"width", Setting::number},
                     {"padding", Setting::numbers}},  // left, top, right, bottom
        .sets_size = true};

    static void settle(const Settings& settings, const PlanOptions& options, Step& step);
    static void draw(const KeyedNumbers& number, const Step& step, double* row) noexcept;
    static void place(const double* row, const Step& step, Coordinates& coordinates) noexcept;
};

}  // namespace batchwarp::ops
