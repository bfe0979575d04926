// The 256 levels of an image's channels.
#pragma once

#include <cstdint>

#include "color/planes.hpp"
#include "ops/range.hpp"

namespace batchwarp {

/// What becomes of 256 levels, from how often there is each; false: the channel stays.
using LevelMap = bool (*)(const std::int64_t* counts, std::uint8_t* levels);

/// Replaces the levels of each channel by those that `map` says. What is outside of `limits` is
/// brought to them. `unread`: the image as packed bytes, if it has not been read yet, or null.
template <class T>
void map_levels(const Planes<T>& image, const std::uint8_t* unread, Range<T> limits, LevelMap map);

/// Makes of each byte the number that a table of 256 has for it.
void look_up(const std::uint8_t* bytes, std::int64_t count, const float* table, float* to) noexcept;

}  // namespace batchwarp
