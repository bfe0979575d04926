#include "ops/standardize.hpp"

#include "batchwarp/plan.hpp"

namespace batchwarp::ops {

void Standardize::settle(const Settings& settings, Normalization& normalization) {
    normalization.samplewise_center = settings.flag("center");
    normalization.samplewise_std = settings.flag("std");
}

}  // namespace batchwarp::ops
