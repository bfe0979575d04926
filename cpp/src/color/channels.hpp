// What is known of each channel of an image.
#pragma once

#include <vector>

#include "color/planes.hpp"
#include "ops/range.hpp"

namespace batchwarp {

template <class T>
std::vector<double> channel_means(const Planes<T>& image);

/// NaN does not count.
template <class T>
std::vector<Range<T>> channel_ranges(const Planes<T>& image);

}  // namespace batchwarp
