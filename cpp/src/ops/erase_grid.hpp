// Overwrites squares on a grid over the whole image, one in each of its cells: GridMask.
#pragma once

#include "ops/holes.hpp"

namespace batchwarp::ops {

struct EraseGrid : HoleValue {
    static constexpr Description description{
        .name = "erase_grid",
        .scope = Scope::pixel,
        .columns = {{"top", 0, -10, 20},  // of one of the holes
                    {"left", 0, -10, 20},
                    {"unit", 0, 2, 20},  // from one hole to the next
                    {"hole", 0, 1, 12}},
        .settings = {{"value", Setting::numbers},         // of all channels, or of each
                     {"length", Setting::numbers},        // of a unit in whole pixels, from and to
                     {"hole_ratio", Setting::numbers}}};  // of hole to unit

    static void settle(const Settings& settings, const PlanOptions& options, Step& step);
    static void draw(const KeyedNumbers& number, const Step& step, double* row) noexcept;

    static Holes holes(const double* row) noexcept {
        const Window found = window_of(row);
        const int64_t unit = found.height, hole = found.width;
        if (unit < 1) return {};
        return {{found.top, found.left, hole, hole}, unit};
    }
};

}  // namespace batchwarp::ops
