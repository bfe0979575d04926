// The 256 levels of an image's channels.
#pragma once

#include <cstdint>

#include "color/planes.hpp"
#include "ops/range.hpp"

namespace batchwarp {

/// What becomes of 256 levels, from how often there is each; false: the channel stays.
using LevelMap = bool (*)(const std::int64_t* counts, std::uint8_t* levels);

/// Replaces the levels of each channel by those that `map` says. What is outside of `limits` is
/// brought to them.
template <class T>
void map_levels(const Planes<T>& image, Range<T> limits, LevelMap map);

}  // namespace batchwarp
