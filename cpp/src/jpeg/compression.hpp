// What JPEG loses of an image.
#pragma once

#include "color/planes.hpp"
#include "ops/range.hpp"

namespace batchwarp {

/// Makes of an image, of one or of three channels, what libjpeg makes of it that writes it with
/// `quality`, from 1 to 100, and reads it again. That is done to the nearest of 256 levels between
/// black and white, `limits`.
template <class T>
void compress(const Planes<T>& image, Range<T> limits, int quality);

}  // namespace batchwarp
