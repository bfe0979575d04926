// Images that are made in several chains, and mixed.
#pragma once

#include "batchwarp/batch.hpp"

namespace batchwarp {

/// `augment_batch` for a plan with a mixture and a request that has been checked.
void augment_mixtures(const Plan& plan, const BatchRequest& request);

}  // namespace batchwarp
