// The slow oracle: the whole pipeline for one image, pixel by pixel, in double, as one would write
// it from SciPy's and Keras' documentation. Every kernel is tested against it; nothing else calls
// it.
#pragma once

#include "batchwarp/image.hpp"
#include "batchwarp/params.hpp"
#include "batchwarp/plan.hpp"

namespace batchwarp {

/// Same contract as `augment_batch` for one image. `params` may be null. Source and target must not
/// overlap.
void reference_augment(const Plan& plan, const ImageView& source, const TransformParams* params,
                       const MutableImageView& target);

}  // namespace batchwarp
