// The blur of images in float32 by lines that are near.
#pragma once

#include <cstdint>
#include <vector>

#include "color/planes.hpp"
#include "ops/range.hpp"

namespace batchwarp {

/// Whether there are kernels for so many weights.
bool blurs_near(const std::vector<double>& weights) noexcept;

/// As `blur`, of a plane, or of all of an image whose channels are interleaved.
void blur_near_lines(float* data, const Planes<float>& image, const std::uint8_t* unread,
                     Range<float> limits, const std::vector<double>& weights);

}  // namespace batchwarp
