// Mirror images.
#pragma once

#include "ops/operation.hpp"

namespace batchwarp::ops {

struct Flip {
    static constexpr Description description{
        .name = "flip",
        .scope = Scope::coordinates,
        .columns = {{"flip_horizontal", 0, 0, 1}, {"flip_vertical", 0, 0, 1}},  // 0: not
        .settings = {{"horizontal", Setting::number}, {"vertical", Setting::number}},
        .on_devices = true};

    /// How probable either is, for keyed draws.
    static void settle(const Settings& settings, const PlanOptions& options, Step& step);
    static void draw(const KeyedNumbers& number, const Step& step, double* row) noexcept;

    static void place(const double* row, const Step&, Coordinates& coordinates) noexcept {
        coordinates.flip_horizontal ^= row[0] != 0;
        coordinates.flip_vertical ^= row[1] != 0;
    }
};

}  // namespace batchwarp::ops
