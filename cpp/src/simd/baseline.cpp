// The baseline tier: what every x86-64 (SSE2) and every AArch64 (NEON) processor runs. No
// intrinsics but those of samples_sse2.inl and of the files that are named after NEON.
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

#if defined(BATCHWARP_NEON)
#include <arm_neon.h>
#endif

// clang-format off: the order matters
#include "four.inl"
#if defined(BATCHWARP_NEON)
#include "lanes_neon.inl"
#else
#include "scalar_lanes.inl"
#endif
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
#if defined(BATCHWARP_NEON)
#include "byte_pairs.inl"
#include "linear_neon.inl"
#else
#include "four_lanes.inl"
#endif
#include "point.inl"
#include "point_values.inl"
#include "point_bytes.inl"
#include "spline_rows.inl"
#include "sixteen.inl"
#include "blur.inl"
#include "blur_near_plain.inl"
#if defined(BATCHWARP_NEON)
#include "samples_neon.inl"
#elif defined(__SSE2__) || defined(_M_X64)
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
#if defined(BATCHWARP_NEON)
#include "words_neon.inl"
#include "resize_words.inl"
#include "level_tables.inl"
#else
#include "resize_plain.inl"
#include "level_tables_plain.inl"
#endif
#include "reduction.inl"
#include "philox.inl"
#include "noise.inl"
#include "table.inl"
// clang-format on

namespace batchwarp {

#if defined(BATCHWARP_NEON)
constinit const KernelTable baseline_kernels = with_c4_bytes<NeonChannels<4, uint8_t>>(
    make_table<NeonC1, NeonC1Pairs, NeonChannels<3, float>, NeonChannels<4, float>>(
        "baseline", point_bytes,
        {linear_fixed<NeonC1Bytes>, linear_fixed<NeonChannels<3, uint8_t>>,
         linear_fixed<NeonBytePairs>, pair_bytes}));
#else
constinit const KernelTable baseline_kernels =
    make_table<OneLane, OneLanePairs, FourLanes<3>, FourLanes<4>>("baseline", point_bytes);
#endif

}  // namespace batchwarp
