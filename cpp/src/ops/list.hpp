// The operations that there are. A new one is a header of its own, and its name here.
#pragma once

#include "ops/affine.hpp"
#include "ops/brightness.hpp"
#include "ops/channel_shift.hpp"
#include "ops/flip.hpp"
#include "ops/normalize.hpp"
#include "ops/operation.hpp"
#include "ops/standardize.hpp"

namespace batchwarp::ops {

template <Operation... Operations>
struct List {
    static constexpr int count = sizeof...(Operations);
    static constexpr const Description* descriptions[] = {&Operations::description...};
};

/// Keras' are first, in the order in which it applies them.
using All = List<Affine, Flip, ChannelShift, Brightness, Standardize, Normalize>;

}  // namespace batchwarp::ops
