// The AVX-512 tier (F, BW, DQ, VL).
#include <immintrin.h>
#include <math.h>
#include <string.h>

#include "../border.hpp"
#include "kernels.hpp"
#include "portable.hpp"

// clang-format off: the order matters
#include "elementwise.inl"
#include "linear.inl"
#include "four_lanes.inl"
#include "table.inl"
// clang-format on

namespace batchwarp {
namespace {

// One channel: a pixel's left and right tap are one 8-byte load; masked broadcasts from memory
// merge eight of them without a shuffle.
struct Avx512C1 {
    static constexpr int channels = 1;

    static BATCHWARP_INLINE __m512 eight_pairs(const float* source, const int32_t* offset) {
        const auto pair = [&](int k) {
            double both;  // two floats, aligned as floats
            memcpy(&both, source + offset[k], sizeof both);
            return _mm_set_sd(both);
        };
        __m512d pairs = _mm512_castpd128_pd512(pair(0));
        pairs = _mm512_mask_broadcastsd_pd(pairs, 1 << 1, pair(1));
        pairs = _mm512_mask_broadcastsd_pd(pairs, 1 << 2, pair(2));
        pairs = _mm512_mask_broadcastsd_pd(pairs, 1 << 3, pair(3));
        pairs = _mm512_mask_broadcastsd_pd(pairs, 1 << 4, pair(4));
        pairs = _mm512_mask_broadcastsd_pd(pairs, 1 << 5, pair(5));
        pairs = _mm512_mask_broadcastsd_pd(pairs, 1 << 6, pair(6));
        pairs = _mm512_mask_broadcastsd_pd(pairs, 1 << 7, pair(7));
        return _mm512_castpd_ps(pairs);
    }

    template <bool Normalized>
    static BATCHWARP_INLINE void block(const Run& run, int32_t i, float* out) {
        const __m512i twice_low = _mm512_setr_epi32(0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7);
        const __m512i twice_high =
            _mm512_setr_epi32(8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13, 14, 14, 15, 15);
        const __m512i even =
            _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
        const __m512i odd =
            _mm512_setr_epi32(1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
        const float *top = run.source, *bottom = run.source + run.row_stride;
        const int32_t* offset = run.offset + i;
        const __m512 fx = _mm512_loadu_ps(run.fx + i), fy = _mm512_loadu_ps(run.fy + i);
        const __m512 top_a = eight_pairs(top, offset), bottom_a = eight_pairs(bottom, offset);
        const __m512 top_b = eight_pairs(top, offset + 8),
                     bottom_b = eight_pairs(bottom, offset + 8);
        const __m512 a = _mm512_fmadd_ps(_mm512_permutexvar_ps(twice_low, fy),
                                         _mm512_sub_ps(bottom_a, top_a), top_a);
        const __m512 b = _mm512_fmadd_ps(_mm512_permutexvar_ps(twice_high, fy),
                                         _mm512_sub_ps(bottom_b, top_b), top_b);
        const __m512 left = _mm512_permutex2var_ps(a, even, b);
        const __m512 right = _mm512_permutex2var_ps(a, odd, b);
        __m512 value = _mm512_fmadd_ps(fx, _mm512_sub_ps(right, left), left);
        if (Normalized)
            value = _mm512_mul_ps(_mm512_sub_ps(value, _mm512_load_ps(run.shift)),
                                  _mm512_load_ps(run.scale));
        _mm512_storeu_ps(out, value);
    }
};

// Three channels: a 32-byte load covers both taps of a source row; two pixels share a register. The
// vertical step comes first, so that only its result is split into left and right taps: two
// permutes make four pixels' worth, twelve floats, of each.
struct Avx512C3 {
    static constexpr int channels = 3;

    static BATCHWARP_INLINE __m512 two_pixels(const float* source, const int32_t* offset) {
        const __m512 first = _mm512_castps256_ps512(_mm256_loadu_ps(source + offset[0]));
        return _mm512_mask_broadcast_f32x8(first, 0xff00, _mm256_loadu_ps(source + offset[1]));
    }

    // Pixels k and k + 1 of the block, interpolated vertically: left and right tap of the one, then
    // of the other, eight floats each.
    template <int k>
    static BATCHWARP_INLINE __m512 vertical(const Run& run, const int32_t* offset, __m512 fy) {
        const __m512i each = _mm512_setr_epi32(k, k, k, k, k, k, k, k, k + 1, k + 1, k + 1, k + 1,
                                               k + 1, k + 1, k + 1, k + 1);
        const __m512 top = two_pixels(run.source, offset + k);
        const __m512 bottom = two_pixels(run.source + run.row_stride, offset + k);
        return _mm512_fmadd_ps(_mm512_permutexvar_ps(each, fy), _mm512_sub_ps(bottom, top), top);
    }

    template <bool Normalized, int k>
    static BATCHWARP_INLINE void four_pixels(const Run& run, const int32_t* offset, __m512 fx,
                                             __m512 fy, float* out) {
        const __m512i left_taps =
            _mm512_setr_epi32(0, 1, 2, 8, 9, 10, 16, 17, 18, 24, 25, 26, 26, 26, 26, 26);
        const __m512i right_taps =
            _mm512_setr_epi32(3, 4, 5, 11, 12, 13, 19, 20, 21, 27, 28, 29, 29, 29, 29, 29);
        const __m512i each = _mm512_setr_epi32(k, k, k, k + 1, k + 1, k + 1, k + 2, k + 2, k + 2,
                                               k + 3, k + 3, k + 3, k + 3, k + 3, k + 3, k + 3);
        const __m512 a = vertical<k>(run, offset, fy), b = vertical<k + 2>(run, offset, fy);
        const __m512 left = _mm512_permutex2var_ps(a, left_taps, b);
        const __m512 right = _mm512_permutex2var_ps(a, right_taps, b);
        __m512 value =
            _mm512_fmadd_ps(_mm512_permutexvar_ps(each, fx), _mm512_sub_ps(right, left), left);
        if (Normalized)
            value = _mm512_mul_ps(_mm512_sub_ps(value, _mm512_load_ps(run.shift)),
                                  _mm512_load_ps(run.scale));
        if (k == 12)
            _mm512_mask_storeu_ps(out + 3 * k, 0x0fff, value);
        else
            _mm512_storeu_ps(out + 3 * k, value);
    }

    template <bool Normalized>
    static BATCHWARP_INLINE void block(const Run& run, int32_t i, float* out) {
        const __m512 fx = _mm512_loadu_ps(run.fx + i), fy = _mm512_loadu_ps(run.fy + i);
        const int32_t* offset = run.offset + i;
        four_pixels<Normalized, 0>(run, offset, fx, fy, out);
        four_pixels<Normalized, 4>(run, offset, fx, fy, out);
        four_pixels<Normalized, 8>(run, offset, fx, fy, out);
        four_pixels<Normalized, 12>(run, offset, fx, fy, out);
    }
};

}  // namespace

constinit const KernelTable avx512_kernels = make_table<Avx512C1, Avx512C3, FourLanes<4>>("avx512");

}  // namespace batchwarp
