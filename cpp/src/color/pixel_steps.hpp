// The steps of a plan that change pixels.
#pragma once

#include <cstdint>

#include "batchwarp/plan.hpp"
#include "color/planes.hpp"

namespace batchwarp {

/// Does those steps for which `row`, an image's parameters, has something to do. It may be null.
/// Whether values are normalised, too, as the plan says: that is done where a step passes over all
/// of them at the end.
/// @param unread  the image as packed bytes, one plane, if it has not been read yet: the first step
///                does that, or has no need to
template <class T>
bool change_pixels(const Plan& plan, const double* row, const Planes<T>& image,
                   const std::uint8_t* unread = nullptr);

}  // namespace batchwarp
