#include "ops/normalize.hpp"

#include "batchwarp/plan.hpp"

namespace batchwarp::ops {

void Normalize::settle(const Settings& settings, Normalization& normalization) {
    normalization.rescale = settings.number("rescale");
    normalization.mean = settings.per_channel("mean");
    normalization.std = settings.per_channel("std");
}

}  // namespace batchwarp::ops
