// The slow oracles: the whole pipeline for one image, pixel by pixel, in double, as one would write
// it from SciPy's and Keras' documentation; and a resize as Pillow does it, whole image by whole
// image. Every kernel is tested against them; nothing else calls them.
#pragma once

#include "batchwarp/image.hpp"
#include "batchwarp/plan.hpp"
#include "batchwarp/resize.hpp"

namespace batchwarp {

/// Same contract as `augment_batch` for one image. `row`, its parameters, may be null. Source and
/// target must not overlap.
void reference_augment(const Plan& plan, const ImageView& source, const double* row,
                       const MutableImageView& target);

/// Same contract as `resize`, for any layout of the target.
void reference_resize(const ImageView& source, const MutableImageView& target, Interpolation method,
                      const Box& box, PillowVersion pillow = {});

}  // namespace batchwarp
