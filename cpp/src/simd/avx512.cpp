// The AVX-512 tier (F, BW, DQ, VL).
#include <immintrin.h>
#include <math.h>
#include <string.h>

#include "kernels.hpp"
#include "ops/list.hpp"
#include "ops/neighbours.hpp"
#include "portable.hpp"
#include "tier.hpp"
#include "warp/border.hpp"
#include "warp/projection.hpp"

#include "four.inl"
#include "lanes_avx512.inl"

namespace batchwarp {
namespace {

// What sixteen.inl and blur.inl compute with.
struct Vec {
    using Register = __m512;
    static constexpr int count = 16;

    static BATCHWARP_INLINE Register all(float v) { return _mm512_set1_ps(v); }
    static BATCHWARP_INLINE Register add(Register a, Register b) { return _mm512_add_ps(a, b); }
    static BATCHWARP_INLINE Register subtract(Register a, Register b) {
        return _mm512_sub_ps(a, b);
    }
    static BATCHWARP_INLINE Register multiply_add(Register a, Register b, Register c) {
        return _mm512_fmadd_ps(a, b, c);
    }
    static BATCHWARP_INLINE Four multiply_add(Four a, Four b, Four c) {
        return _mm_fmadd_ps(a, b, c);
    }
};

// What resize_words.inl and level_tables.inl compute with.
struct Words {
    using Register = __m512i;
    static constexpr int rows = 4;

    static BATCHWARP_INLINE __m128i sixteen(const void* from) {
        return _mm_loadu_si128(static_cast<const __m128i*>(from));
    }
    /// 16 bytes of each row.
    static BATCHWARP_INLINE Register gather(const uint8_t* const* row, int64_t offset) {
        Register v = _mm512_castsi128_si512(sixteen(row[0] + offset));
        v = _mm512_mask_broadcast_i32x4(v, 0x00f0, sixteen(row[1] + offset));
        v = _mm512_mask_broadcast_i32x4(v, 0x0f00, sixteen(row[2] + offset));
        return _mm512_mask_broadcast_i32x4(v, 0xf000, sixteen(row[3] + offset));
    }
    static BATCHWARP_INLINE void scatter(Register v, uint8_t* const* row, int64_t offset) {
        const auto put = [&](int k, __m128i part) {
            _mm_storeu_si128(reinterpret_cast<__m128i*>(row[k] + offset), part);
        };
        put(0, _mm512_castsi512_si128(v));
        put(1, _mm512_extracti32x4_epi32(v, 1));
        put(2, _mm512_extracti32x4_epi32(v, 2));
        put(3, _mm512_extracti32x4_epi32(v, 3));
    }
    static BATCHWARP_INLINE Register repeat(const void* from) {
        return _mm512_broadcast_i32x4(sixteen(from));
    }
    static BATCHWARP_INLINE Register load(const uint8_t* from) { return _mm512_loadu_si512(from); }
    static BATCHWARP_INLINE void store(uint8_t* to, Register v) { _mm512_storeu_si512(to, v); }
    static BATCHWARP_INLINE Register all(int32_t v) { return _mm512_set1_epi32(v); }
    static BATCHWARP_INLINE Register all_pairs(const int16_t* from) {
        int32_t pair;
        memcpy(&pair, from, sizeof pair);
        return _mm512_set1_epi32(pair);
    }
    static BATCHWARP_INLINE Register shuffle(Register v, Register pattern) {
        return _mm512_shuffle_epi8(v, pattern);
    }
    static BATCHWARP_INLINE Register bits(Register v, Register mask) {
        return _mm512_and_si512(v, mask);
    }
    /// Bytes of `yes` where the top bits of `by` are set, of `no` elsewhere.
    static BATCHWARP_INLINE Register select(Register by, Register yes, Register no) {
        return _mm512_mask_blend_epi8(_mm512_movepi8_mask(by), no, yes);
    }
    static BATCHWARP_INLINE Register add(Register a, Register b) { return _mm512_add_epi32(a, b); }
    static BATCHWARP_INLINE Register multiply_add(Register a, Register b) {
        return _mm512_madd_epi16(a, b);
    }
    template <int n>
    static BATCHWARP_INLINE Register shift_left(Register v) {
        return _mm512_slli_epi32(v, n);
    }
    template <int n>
    static BATCHWARP_INLINE Register shift_right(Register v) {
        return _mm512_srai_epi32(v, n);
    }
    /// In each lane: the sums of a's four values, of b's, of c's and of d's.
    static BATCHWARP_INLINE Register add_across(Register a, Register b, Register c, Register d) {
        const Register ab = add(_mm512_unpacklo_epi32(a, b), _mm512_unpackhi_epi32(a, b));
        const Register cd = add(_mm512_unpacklo_epi32(c, d), _mm512_unpackhi_epi32(c, d));
        return add(_mm512_unpacklo_epi64(ab, cd), _mm512_unpackhi_epi64(ab, cd));
    }
    /// In each lane: the four values of a, b, c and d as bytes, saturated.
    static BATCHWARP_INLINE Register narrow(Register a, Register b, Register c, Register d) {
        return _mm512_packus_epi16(_mm512_packs_epi32(a, b), _mm512_packs_epi32(c, d));
    }
    /// Pairs of words from two registers of bytes, in the order that `narrow` takes them.
    static BATCHWARP_INLINE void zip(Register a, Register b, Register (&pairs)[4]) {
        const Register zero = all(0);
        const Register low = _mm512_unpacklo_epi8(a, b), high = _mm512_unpackhi_epi8(a, b);
        pairs[0] = _mm512_unpacklo_epi8(low, zero);
        pairs[1] = _mm512_unpackhi_epi8(low, zero);
        pairs[2] = _mm512_unpacklo_epi8(high, zero);
        pairs[3] = _mm512_unpackhi_epi8(high, zero);
    }
};

static_assert(TierLanes<Lanes> && TierVec<Vec, Four> && TierWords<Words>);

}  // namespace
}  // namespace batchwarp

// clang-format off: the order matters
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
#include "picks_avx512.inl"
#include "words_avx512.inl"
#include "point_windows.inl"
#include "spline_rows.inl"
#include "sixteen.inl"
#include "blur.inl"
#include "turns_avx512.inl"
#include "blur_near.inl"
#include "samples_avx512.inl"
#include "jpeg_blocks.inl"
#include "jpeg.inl"
#include "jpeg_rows.inl"
#include "spline_filter.inl"
#include "spline.inl"
#include "bytes.inl"
#include "resize.inl"
#include "resize_words.inl"
#include "level_table.inl"
#include "level_tables.inl"
#include "reduction.inl"
#include "philox.inl"
#include "noise.inl"
#include "table.inl"
// clang-format on

namespace batchwarp {
namespace {

// One channel: a pixel's left and right tap are one 8-byte load; masked broadcasts from memory
// merge eight of them without a shuffle.
struct Avx512C1 {
    static constexpr int channels = 1;
    static constexpr int excess = 0;

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

// One channel, from row pairs: one 16-byte load has all four taps of a pixel, (top, bottom) of the
// left column and of the right. Pixels k, k + 4, k + 8 and k + 12 share a register, so that in-lane
// shuffles bring results into order. The horizontal step comes first.
struct Avx512Pairs {
    static constexpr int channels = 1;
    static constexpr int excess = 0;

    static BATCHWARP_INLINE __m512d four_pixels(const float* source, const int32_t* offset) {
        const auto taps = [&](int k) { return _mm_loadu_ps(source + offset[k]); };
        __m512 all = _mm512_castps128_ps512(taps(0));
        all = _mm512_mask_broadcast_f32x4(all, 0x00f0, taps(4));
        all = _mm512_mask_broadcast_f32x4(all, 0x0f00, taps(8));
        all = _mm512_mask_broadcast_f32x4(all, 0xf000, taps(12));
        return _mm512_castps_pd(all);
    }

    template <bool Normalized>
    static BATCHWARP_INLINE void block(const Run& run, int32_t i, float* out) {
        const int32_t* offset = run.offset + i;
        const __m512 fx = _mm512_loadu_ps(run.fx + i), fy = _mm512_loadu_ps(run.fy + i);
        const __m512d a = four_pixels(run.source, offset), b = four_pixels(run.source, offset + 1);
        const __m512d c = four_pixels(run.source, offset + 2),
                      d = four_pixels(run.source, offset + 3);
        const __m512 left_ab = _mm512_castpd_ps(_mm512_unpacklo_pd(a, b)),
                     right_ab = _mm512_castpd_ps(_mm512_unpackhi_pd(a, b)),
                     left_cd = _mm512_castpd_ps(_mm512_unpacklo_pd(c, d)),
                     right_cd = _mm512_castpd_ps(_mm512_unpackhi_pd(c, d));
        const __m512 ab =
            _mm512_fmadd_ps(_mm512_unpacklo_ps(fx, fx), _mm512_sub_ps(right_ab, left_ab), left_ab);
        const __m512 cd =
            _mm512_fmadd_ps(_mm512_unpackhi_ps(fx, fx), _mm512_sub_ps(right_cd, left_cd), left_cd);
        const __m512 top = _mm512_shuffle_ps(ab, cd, 0x88),
                     bottom = _mm512_shuffle_ps(ab, cd, 0xdd);
        __m512 value = _mm512_fmadd_ps(fy, _mm512_sub_ps(bottom, top), top);
        if (Normalized)
            value = _mm512_mul_ps(_mm512_sub_ps(value, _mm512_load_ps(run.shift)),
                                  _mm512_load_ps(run.scale));
        _mm512_storeu_ps(out, value);
    }
};

// Three channels: a 32-byte load covers both taps of a source row; two pixels share a register. The
// vertical step comes first, so that only its result is split into left and right taps: two
// permutes make four pixels' worth, twelve floats, of each.
template <class Taps>
struct BasicAvx512C3 {
    static constexpr int channels = 3;
    static constexpr int excess = 0;

    // Pixels k and k + 1 of the block, interpolated vertically: left and right tap of the one, then
    // of the other, eight floats each.
    template <int k>
    static BATCHWARP_INLINE __m512 vertical(const Run& run, const int32_t* offset, __m512 fy) {
        const __m512i each = _mm512_setr_epi32(k, k, k, k, k, k, k, k, k + 1, k + 1, k + 1, k + 1,
                                               k + 1, k + 1, k + 1, k + 1);
        const __m512 top = Taps::above(run, offset + k), bottom = Taps::below(run, offset + k);
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

struct FloatTaps {
    static BATCHWARP_INLINE __m512 two_pixels(const float* source, const int32_t* offset) {
        const __m512 first = _mm512_castps256_ps512(_mm256_loadu_ps(source + offset[0]));
        return _mm512_mask_broadcast_f32x8(first, 0xff00, _mm256_loadu_ps(source + offset[1]));
    }
    static BATCHWARP_INLINE __m512 above(const Run& run, const int32_t* offset) {
        return two_pixels(run.source, offset);
    }
    static BATCHWARP_INLINE __m512 below(const Run& run, const int32_t* offset) {
        return two_pixels(run.source + run.row_stride, offset);
    }
};

using Avx512C3 = BasicAvx512C3<FloatTaps>;

}  // namespace
}  // namespace batchwarp

// clang-format off: the order matters
#include "byte_pairs.inl"
#include "byte_floats_avx512.inl"
#include "linear_bytes_avx512.inl"
// clang-format on

namespace batchwarp {

constinit const KernelTable avx512_kernels =
    with_c4_bytes<FourLanes<4, uint8_t>>(make_table<Avx512C1, Avx512Pairs, Avx512C3, FourLanes<4>>(
        "avx512", point_bytes_by_windows<point_bytes>,
        {linear_fixed<Avx512C1Bytes>, linear_fixed<Avx512C3Bytes>, linear_fixed<Avx512BytePairs>,
         pair_bytes}));

}  // namespace batchwarp
