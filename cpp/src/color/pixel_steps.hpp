// The steps of a plan that change pixels.
#pragma once

#include "batchwarp/plan.hpp"
#include "color/planes.hpp"

namespace batchwarp {

/// Does those steps for which `row`, an image's parameters, has something to do. It may be null.
template <class T>
void change_pixels(const Plan& plan, const double* row, const Planes<T>& image);

}  // namespace batchwarp
