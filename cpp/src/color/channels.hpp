// What is known of each channel of an image.
#pragma once

#include <vector>

#include "color/planes.hpp"

namespace batchwarp {

template <class T>
std::vector<double> channel_means(const Planes<T>& image);

}  // namespace batchwarp
