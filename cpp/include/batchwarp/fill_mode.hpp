// The fill modes and their names; what they do is in src/warp/border.hpp. A header of its own, free
// of the standard library, because kernel files include it.
#pragma once

namespace batchwarp {

/// How pixels outside of the image are made; the names and rules are SciPy's.
enum class FillMode : unsigned char {
    nearest,
    constant,
    reflect,
    wrap,
    mirror,
    grid_wrap,
    grid_constant,
    grid_mirror,  ///< another name of reflect
};

/// In the order of the enumeration.
inline constexpr const char* fill_mode_names[] = {"nearest",       "constant",   "reflect",
                                                  "wrap",          "mirror",     "grid-wrap",
                                                  "grid-constant", "grid-mirror"};

}  // namespace batchwarp
