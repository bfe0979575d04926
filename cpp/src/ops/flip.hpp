// Mirror images.
#pragma once

#include "ops/operation.hpp"

namespace batchwarp::ops {

struct Flip {
    static constexpr Description description{
        .name = "flip",
        .scope = Scope::coordinates,
        .columns = {{"flip_horizontal", 0}, {"flip_vertical", 0}}};  // 0 or 1
};

}  // namespace batchwarp::ops
