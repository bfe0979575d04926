// The fill modes as tests go over them.
#pragma once

#include <array>
#include <cstddef>
#include <iterator>

#include "batchwarp/fill_mode.hpp"

namespace testing {

using namespace batchwarp;

/// Every fill mode that has a name.
inline constexpr auto all_modes = [] {
    std::array<FillMode, std::size(fill_mode_names)> modes{};
    for (std::size_t i = 0; i < modes.size(); ++i) modes[i] = static_cast<FillMode>(i);
    return modes;
}();

inline const char* name_of(FillMode mode) {
    return fill_mode_names[static_cast<std::size_t>(mode)];
}

}  // namespace testing
