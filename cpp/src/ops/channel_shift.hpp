// Keras' `apply_channel_shift`.
#pragma once

#include "ops/operation.hpp"

namespace batchwarp::ops {

struct ChannelShift {
    static constexpr Description description{.name = "channel_shift",
                                             .scope = Scope::pixel,
                                             .needs = {.range = true},
                                             .columns = {{"channel_shift_intensity", not_applied}}};
};

}  // namespace batchwarp::ops
