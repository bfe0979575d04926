// What the AVX-512 tier does otherwise where a processor permutes bytes, too (VBMI).
#include <immintrin.h>
#include <math.h>
#include <string.h>

#include "kernels.hpp"
#include "portable.hpp"
#include "tier.hpp"
#include "warp/border.hpp"
#include "warp/projection.hpp"

// clang-format off: the order matters
#include "lanes_avx512.inl"
#include "coordinates.inl"
#include "point_bytes.inl"
#include "picks_vbmi.inl"
#include "words_avx512.inl"
#include "point_windows.inl"
// clang-format on

namespace batchwarp {
namespace {

void point_bytes_by_shuffles(const PointBytesJob& job) { avx512_kernels.point_bytes(job); }

}  // namespace

void point_bytes_by_permutes(const PointBytesJob& job) {
    point_bytes_by_windows<point_bytes_by_shuffles>(job);
}

}  // namespace batchwarp
