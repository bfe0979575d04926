// Rescale, samplewise and featurewise normalisation of one image, in one pass over its values.
#pragma once

#include "batchwarp/plan.hpp"
#include "color/planes.hpp"

namespace batchwarp {

/// (v * rescale -> minus own mean -> over own std + 1e-6 -> minus mean -> over std), as the plan
/// says. Samplewise statistics span all channels.
template <class T>
void normalize_image(const Plan& plan, const Planes<T>& image);

}  // namespace batchwarp
