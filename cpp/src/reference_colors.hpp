// The steps that change pixels, as the reference does them.
#pragma once

#include <vector>

#include "batchwarp/plan.hpp"

namespace batchwarp {

/// One step after the other, in double, on the interleaved values of a finished image. Keras' own
/// see them in single precision unless `is_double`.
void reference_colors(const Plan& plan, const double* row, bool is_double,
                      std::vector<double>& values);

}  // namespace batchwarp
