// Random numbers added to the values of an image.
#pragma once

#include "color/planes.hpp"
#include "ops/operation.hpp"

namespace batchwarp {

/// Adds noise of so many values that are `extent` from black to white. What is then outside of
/// `limits` is brought to them.
template <class T>
void add_noise(const Planes<T>& image, const ops::Noise& noise, T extent, Range<T> limits);

}  // namespace batchwarp
