// The baseline tier: what every x86-64 (SSE2) and every AArch64 (NEON) processor runs. No
// intrinsics but those of samples_sse2.inl.
#include <math.h>
#include <string.h>

#include "half.hpp"
#include "kernels.hpp"
#include "ops/list.hpp"
#include "ops/neighbours.hpp"
#include "portable.hpp"
#include "tier.hpp"
#include "warp/border.hpp"
#include "warp/projection.hpp"

// clang-format off: the order matters
#include "four.inl"
#include "scalar_lanes.inl"
#include "elementwise.inl"
#include "colors.inl"
#include "gamma.inl"
#include "hue_hsv.inl"
#include "pixel_steps.inl"
#include "coordinates.inl"
#include "by_pixel.inl"
#include "field.inl"
#include "repair.inl"
#include "small.inl"
#include "linear.inl"
#include "four_lanes.inl"
#include "point.inl"
#include "point_values.inl"
#include "point_bytes.inl"
#include "spline_rows.inl"
#include "sixteen.inl"
#include "blur.inl"
#include "blur_near_plain.inl"
#if defined(__SSE2__) || defined(_M_X64)
#include "samples_sse2.inl"
#else
#include "samples_plain.inl"
#endif
#include "jpeg_blocks.inl"
#include "jpeg.inl"
#include "jpeg_rows.inl"
#include "spline_filter.inl"
#include "spline.inl"
#include "bytes.inl"
#include "resize.inl"
#include "resize_plain.inl"
#include "level_tables_plain.inl"
#include "reduction.inl"
#include "philox.inl"
#include "noise.inl"
#include "table.inl"
// clang-format on

namespace batchwarp {

constinit const KernelTable baseline_kernels =
    make_table<OneLane, OneLanePairs, FourLanes<3>, FourLanes<4>>("baseline", point_bytes);

}  // namespace batchwarp
