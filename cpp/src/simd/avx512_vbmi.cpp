// What the AVX-512 tier does otherwise where a processor permutes bytes and adds up products of
// four, too (VBMI and VNNI: all that have the one but a single early one have the other).
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
#include "small.inl"
#include "by_pixel.inl"
#include "repair.inl"
#include "linear.inl"
#include "linear_bytes_vbmi.inl"
#include "byte_floats_avx512.inl"
#include "byte_windows_vbmi.inl"
#include "point_values.inl"
#include "point_bytes.inl"
#include "picks_vbmi.inl"
#include "words_avx512.inl"
#include "point_windows.inl"
// clang-format on

namespace batchwarp {
namespace {

void point_bytes_by_shuffles(const PointBytesJob& job) { avx512_kernels.point_bytes(job); }

BATCHWARP_INLINE __m512i sixty_four(const uint8_t* from) { return _mm512_loadu_si512(from); }

// Weights come in three bytes, each of which has sums of its own. Sums wrap around on the way and
// are right in the end, as the weights of a pixel are bounded.
template <bool Two>
void resize_windows_of(const ResizeWindowsJob& job) {
    constexpr int bytes = resize_window;
    const __m512i zero = _mm512_setzero_si512();
    const uint8_t* table = job.tables;
    for (int64_t g = 0; g < job.groups; ++g) {
        const int64_t offset = job.offset[g];
        __m512i first[resize_rows], second[resize_rows], sum[resize_rows][3];
        for (int r = 0; r < resize_rows; ++r) {
            first[r] = sixty_four(job.source[r] + offset);
            if (Two) second[r] = sixty_four(job.source[r] + offset + bytes);
            sum[r][0] = _mm512_set1_epi32(1 << (resize_bits - 1));
            sum[r][1] = sum[r][2] = zero;
        }
        for (int64_t step = 0; step < job.steps; ++step, table += 4 * bytes) {
            const __m512i places = sixty_four(table);
            for (int r = 0; r < resize_rows; ++r) {
                const __m512i taps = Two ? _mm512_permutex2var_epi8(first[r], places, second[r])
                                         : _mm512_permutexvar_epi8(places, first[r]);
                for (int k = 0; k < 3; ++k)
                    sum[r][k] =
                        _mm512_dpbusd_epi32(sum[r][k], taps, sixty_four(table + (k + 1) * bytes));
            }
        }
        for (int r = 0; r < resize_rows; ++r) {
            const __m512i high = _mm512_add_epi32(_mm512_slli_epi32(sum[r][2], 8), sum[r][1]);
            const __m512i all = _mm512_add_epi32(_mm512_slli_epi32(high, 8), sum[r][0]);
            const __m512i value = _mm512_max_epi32(_mm512_srai_epi32(all, resize_bits), zero);
            _mm_storeu_si128(reinterpret_cast<__m128i*>(job.target[r] + g * job.written),
                             _mm512_cvtusepi32_epi8(value));
        }
    }
}

}  // namespace

void point_bytes_by_permutes(const PointBytesJob& job) {
    point_bytes_by_windows<point_bytes_by_shuffles>(job);
}

void linear_c3_bytes_by_permutes(const WarpJob& job) { linear_fixed<VbmiC3Bytes>(job); }

void linear_byte_windows(const WarpJob& job) {
    job.window > warp_window ? linear_windows<true>(job) : linear_windows<false>(job);
}

void point_byte_windows(const WarpJob& job) {
    job.window > warp_window ? point_windows_of<true>(job) : point_windows_of<false>(job);
}

void resize_windows(const ResizeWindowsJob& job) {
    job.two ? resize_windows_of<true>(job) : resize_windows_of<false>(job);
}

}  // namespace batchwarp
