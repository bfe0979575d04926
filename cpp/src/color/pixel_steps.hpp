// The steps of a plan that change pixels.
#pragma once

#include "batchwarp/plan.hpp"
#include "color/planes.hpp"

namespace batchwarp {

/// Does those steps for which `row`, an image's parameters, has something to do. It may be null.
/// Whether values are normalised, too, as the plan says: that is done where a step passes over all
/// of them at the end.
template <class T>
bool change_pixels(const Plan& plan, const double* row, const Planes<T>& image);

}  // namespace batchwarp
