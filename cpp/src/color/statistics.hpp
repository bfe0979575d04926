// Mean and standard deviation of all values of an image.
#pragma once

#include "color/planes.hpp"

namespace batchwarp {

struct Moments {
    double mean, deviation;
};

template <class T>
Moments moments_of(const Planes<T>& image) noexcept;

}  // namespace batchwarp
