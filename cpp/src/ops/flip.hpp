// Mirror images.
#pragma once

#include "ops/operation.hpp"

namespace batchwarp::ops {

struct Flip {
    static constexpr Description description{
        .name = "flip",
        .scope = Scope::coordinates,
        .columns = {{"flip_horizontal", 0, 0, 1}, {"flip_vertical", 0, 0, 1}},  // 0: not
        .on_devices = true};

    static void place(const double* row, const Step&, Coordinates& coordinates) noexcept {
        coordinates.flip_horizontal ^= row[0] != 0;
        coordinates.flip_vertical ^= row[1] != 0;
    }
};

}  // namespace batchwarp::ops
