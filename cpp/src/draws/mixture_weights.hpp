// How much each chain of a mixture counts.
#pragma once

#include "batchwarp/plan.hpp"
#include "draws/keyed_numbers.hpp"

namespace batchwarp {

/// Draws the weights of an image without a chain, and of the chains.
void draw_weights(const KeyedNumbers& number, const MixtureOptions& mixture,
                  double* weights) noexcept;

}  // namespace batchwarp
