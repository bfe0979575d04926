#include "ops/normalize.hpp"

#include "batchwarp/plan.hpp"

namespace batchwarp::ops {

void Normalize::settle(const Settings& settings, Normalization& normalization) {
    normalization.rescale = settings.number("rescale");
    normalization.mean = settings.numbers("mean");
    normalization.std = settings.numbers("std");
}

}  // namespace batchwarp::ops
