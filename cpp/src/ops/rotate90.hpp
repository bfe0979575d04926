// Quarter turns, counter-clockwise as NumPy's `rot90`.
#pragma once

#include "ops/operation.hpp"

namespace batchwarp::ops {

struct Rotate90 {
    static constexpr Description description{.name = "rotate90",
                                             .scope = Scope::coordinates,
                                             .columns = {{"turns", 0, 0, 3}},
                                             .settings = {{"turns", Setting::numbers}},
                                             .on_devices = true};

    /// The numbers of turns that are drawn from; odd ones keep the size of squares only.
    static void settle(const Settings& settings, const PlanOptions& options, Step& step);
    static void draw(const KeyedNumbers& number, const Step& step, double* row) noexcept;
    static void place(const double* row, const Step& step, Coordinates& coordinates) noexcept;
};

}  // namespace batchwarp::ops
