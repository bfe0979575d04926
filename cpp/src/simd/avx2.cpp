// The AVX2 + FMA tier.
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

// One channel: a pixel's left and right tap are one 8-byte load. Four of them are merged by blends
// with broadcast loads, which need no shuffle port.
struct Avx2C1 {
    static constexpr int channels = 1;

    static BATCHWARP_INLINE __m256 four_pairs(const float* source, const int32_t* offset, int a,
                                              int b, int c, int d) {
        const auto pair = [&](int k) {
            double both;  // two floats, aligned as floats
            memcpy(&both, source + offset[k], sizeof both);
            return _mm_set_sd(both);
        };
        __m256d pairs = _mm256_castpd128_pd256(pair(a));
        pairs = _mm256_blend_pd(pairs, _mm256_broadcastsd_pd(pair(b)), 2);
        pairs = _mm256_blend_pd(pairs, _mm256_broadcastsd_pd(pair(c)), 4);
        pairs = _mm256_blend_pd(pairs, _mm256_broadcastsd_pd(pair(d)), 8);
        return _mm256_castpd_ps(pairs);
    }

    // The eight pixels from the i-th on. Pairs are loaded in the order that in-lane shuffles undo.
    static BATCHWARP_INLINE __m256 eight(const Run& run, int32_t i) {
        const float *top = run.source, *bottom = run.source + run.row_stride;
        const int32_t* offset = run.offset + i;
        const __m256 fy = _mm256_loadu_ps(run.fy + i);
        const __m256 top_a = four_pairs(top, offset, 0, 1, 4, 5);
        const __m256 top_b = four_pairs(top, offset, 2, 3, 6, 7);
        const __m256 bottom_a = four_pairs(bottom, offset, 0, 1, 4, 5);
        const __m256 bottom_b = four_pairs(bottom, offset, 2, 3, 6, 7);
        const __m256 a =
            _mm256_fmadd_ps(_mm256_unpacklo_ps(fy, fy), _mm256_sub_ps(bottom_a, top_a), top_a);
        const __m256 b =
            _mm256_fmadd_ps(_mm256_unpackhi_ps(fy, fy), _mm256_sub_ps(bottom_b, top_b), top_b);
        const __m256 left = _mm256_shuffle_ps(a, b, 0x88), right = _mm256_shuffle_ps(a, b, 0xdd);
        return _mm256_fmadd_ps(_mm256_loadu_ps(run.fx + i), _mm256_sub_ps(right, left), left);
    }

    template <bool Normalized>
    static BATCHWARP_INLINE void block(const Run& run, int32_t i, float* out) {
        const __m256 shift = _mm256_load_ps(run.shift), scale = _mm256_load_ps(run.scale);
        for (int32_t k = 0; k < linear_block; k += 8) {
            __m256 value = eight(run, i + k);
            if (Normalized) value = _mm256_mul_ps(_mm256_sub_ps(value, shift), scale);
            _mm256_storeu_ps(out + k, value);
        }
    }
};

// Three channels: one 32-byte load covers both taps of a source row, six of its eight floats used.
struct Avx2C3 {
    static constexpr int channels = 3;

    template <bool Normalized>
    static BATCHWARP_INLINE void block(const Run& run, int32_t i, float* out) {
        const __m128 shift = _mm_load_ps(run.shift), scale = _mm_load_ps(run.scale);
        const __m256i right_tap = _mm256_setr_epi32(3, 4, 5, 6, 7, 7, 7, 7);
        for (int32_t k = i; k < i + linear_block; ++k, out += 3) {
            const float* at = run.source + run.offset[k];
            const __m256 top = _mm256_loadu_ps(at), bottom = _mm256_loadu_ps(at + run.row_stride);
            const __m256 both =
                _mm256_fmadd_ps(_mm256_broadcast_ss(run.fy + k), _mm256_sub_ps(bottom, top), top);
            const __m128 left = _mm256_castps256_ps128(both);
            const __m128 right = _mm256_castps256_ps128(_mm256_permutevar8x32_ps(both, right_tap));
            __m128 value =
                _mm_fmadd_ps(_mm_broadcast_ss(run.fx + k), _mm_sub_ps(right, left), left);
            if (Normalized) value = _mm_mul_ps(_mm_sub_ps(value, shift), scale);
            _mm_storeu_ps(out, value);
        }
    }
};

}  // namespace

constinit const KernelTable avx2_kernels = make_table<Avx2C1, Avx2C3, FourLanes<4>>("avx2");

}  // namespace batchwarp
