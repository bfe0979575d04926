// The baseline tier: what every x86-64 (SSE2) and every AArch64 (NEON) processor runs. No
// intrinsics.
#include <math.h>
#include <string.h>

#include "../border.hpp"
#include "kernels.hpp"
#include "portable.hpp"

// clang-format off: the order matters
#include "elementwise.inl"
#include "linear.inl"
#include "four_lanes.inl"
// clang-format on

namespace batchwarp {

const KernelTable baseline_kernels = {
    "baseline",
    linear_fixed<OneLane>,
    linear_fixed<FourLanes<3>>,
    linear_fixed<FourLanes<4>>,
    linear_any,
    convert_u8,
    convert_u16,
    min_max,
    add_clip,
    normalize,
    moments,
};

}  // namespace batchwarp
