// Means of the pixels around each: along columns first, then along rows.
#pragma once

#include <cstdint>
#include <vector>

#include "color/planes.hpp"
#include "ops/range.hpp"

namespace batchwarp {

/// `weights`: of a pixel and of those at each distance to either side of it; their sum over all is
/// one. Beyond its edges the image goes on mirrored, without its outermost pixels twice. What is
/// outside of `limits` is brought to them first. `unread`: the image as packed bytes, if it has not
/// been read yet, or null.
template <class T>
void blur(const Planes<T>& image, const std::uint8_t* unread, Range<T> limits,
          const std::vector<double>& weights);

}  // namespace batchwarp
