// Which pixels of an image a plan reads.
#pragma once

#include "batchwarp/plan.hpp"
#include "batchwarp/resize.hpp"

namespace batchwarp {

/// The part of an image of the plan's size that is enough to make what `row` says, at least one
/// pixel. Images that agree there give the same.
///
/// @param row  parameters, or null
Box footprint(const Plan& plan, const double* row) noexcept;

}  // namespace batchwarp
