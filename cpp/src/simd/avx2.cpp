// The AVX2 + FMA tier.
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

namespace batchwarp {
namespace {

// What coordinates.inl computes with. Masks are lanes of ones or of zeros.
struct Lanes {
    static constexpr int32_t count = 8;
    using Float = __m256;
    using Int = __m256i;
    using Mask = __m256;
    struct Wide {
        __m256d first, second;
    };

    static BATCHWARP_INLINE Float load(const float* from) { return _mm256_loadu_ps(from); }
    static BATCHWARP_INLINE Int load(const int32_t* from) {
        return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
    }
    static BATCHWARP_INLINE Float load(const uint8_t* from) {
        const __m128i bytes = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(from));
        return _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(bytes));
    }
    static BATCHWARP_INLINE Wide load(const double* from) {
        return {_mm256_loadu_pd(from), _mm256_loadu_pd(from + 4)};
    }
    static BATCHWARP_INLINE void store(float* to, Float v) { _mm256_storeu_ps(to, v); }
    static BATCHWARP_INLINE void store(int32_t* to, Int v) {
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), v);
    }
    static BATCHWARP_INLINE void store_bytes(uint8_t* to, Int a, Int b, Int c, Int d) {
        const Int bytes = _mm256_packus_epi16(_mm256_packs_epi32(a, b), _mm256_packs_epi32(c, d));
        // Four of a, four of b, four of c, four of d; and once more.
        store(reinterpret_cast<int32_t*>(to),
              _mm256_permutevar8x32_epi32(bytes, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7)));
    }
    static BATCHWARP_INLINE void store_halves(uint16_t* to, Float v) {
        const __m128i halves = _mm256_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT);
        // What was a NaN has but the upper one of its bits.
        const __m256i nan = _mm256_castps_si256(_mm256_cmp_ps(v, v, _CMP_UNORD_Q));
        const __m128i lower = _mm_and_si128(
            _mm_packs_epi32(_mm256_castsi256_si128(nan), _mm256_extracti128_si256(nan, 1)),
            _mm_set1_epi16(0x1ff));
        _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm_andnot_si128(lower, halves));
    }
    static BATCHWARP_INLINE void store_pairs(float* to, Float first, Float second) {
        const Float a = _mm256_unpacklo_ps(first, second), b = _mm256_unpackhi_ps(first, second);
        store(to, _mm256_permute2f128_ps(a, b, 0x20));
        store(to + count, _mm256_permute2f128_ps(a, b, 0x31));
    }
    // Blends bring each channel into a register of its own; two turns put pixels side by side.
    static BATCHWARP_INLINE void load_three(const float* from, Float& a, Float& b, Float& c) {
        const Float x = load(from), y = load(from + count), z = load(from + 2 * count);
        a = blend_three(x, y, z);
        b = turn(blend_three(z, x, y), _mm256_setr_epi32(1, 2, 3, 4, 5, 6, 7, 0));
        c = turn(blend_three(y, z, x), _mm256_setr_epi32(2, 3, 4, 5, 6, 7, 0, 1));
    }
    static BATCHWARP_INLINE void store_three(float* to, Float a, Float b, Float c) {
        b = turn(b, _mm256_setr_epi32(7, 0, 1, 2, 3, 4, 5, 6));
        c = turn(c, _mm256_setr_epi32(6, 7, 0, 1, 2, 3, 4, 5));
        store(to, blend_three(a, b, c));
        store(to + count, blend_three(c, a, b));
        store(to + 2 * count, blend_three(b, c, a));
    }
    static BATCHWARP_INLINE Int ordered_three(Int v) {
        return _mm256_permutevar8x32_epi32(v, _mm256_setr_epi32(0, 3, 6, 1, 4, 7, 2, 5));
    }
    static BATCHWARP_INLINE Float all(float v) { return _mm256_set1_ps(v); }
    static BATCHWARP_INLINE Int all(int32_t v) { return _mm256_set1_epi32(v); }

    static BATCHWARP_INLINE Float add(Float a, Float b) { return _mm256_add_ps(a, b); }
    static BATCHWARP_INLINE Int add(Int a, Int b) { return _mm256_add_epi32(a, b); }
    static BATCHWARP_INLINE Float subtract(Float a, Float b) { return _mm256_sub_ps(a, b); }
    static BATCHWARP_INLINE Int subtract(Int a, Int b) { return _mm256_sub_epi32(a, b); }
    static BATCHWARP_INLINE Int multiply(Int a, Int b) { return _mm256_mullo_epi32(a, b); }
    static BATCHWARP_INLINE Float multiply(Float a, Float b) { return _mm256_mul_ps(a, b); }
    static BATCHWARP_INLINE Float multiply_add(Float a, Float b, Float c) {
        return _mm256_fmadd_ps(a, b, c);
    }
    static BATCHWARP_INLINE Float divide(Float a, Float b) { return _mm256_div_ps(a, b); }
    static BATCHWARP_INLINE Float square_root(Float v) { return _mm256_sqrt_ps(v); }
    static BATCHWARP_INLINE Float min(Float a, Float b) { return _mm256_min_ps(a, b); }
    static BATCHWARP_INLINE Float max(Float a, Float b) { return _mm256_max_ps(a, b); }
    static BATCHWARP_INLINE Float absolute(Float v) {
        return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), v);
    }
    static BATCHWARP_INLINE Float clamp(Float v, Float low, Float high) {
        return _mm256_min_ps(high, _mm256_max_ps(low, v));
    }
    static BATCHWARP_INLINE Int bits(Int v, Int mask) { return _mm256_and_si256(v, mask); }
    static BATCHWARP_INLINE Int differing_bits(Int a, Int b) { return _mm256_xor_si256(a, b); }
    static BATCHWARP_INLINE void multiply_wide(Int a, uint32_t by, Int& low, Int& high) {
        const Int factor = all(static_cast<int32_t>(by));
        const Int even = _mm256_mul_epu32(a, factor),
                  odd = _mm256_mul_epu32(_mm256_srli_epi64(a, 32), factor);
        low = _mm256_blend_epi32(even, _mm256_slli_epi64(odd, 32), 0xaa);
        high = _mm256_blend_epi32(_mm256_srli_epi64(even, 32), odd, 0xaa);
    }
    template <int n>
    static BATCHWARP_INLINE Int shift_left(Int v) {
        return _mm256_slli_epi32(v, n);
    }
    template <int n>
    static BATCHWARP_INLINE Int shift_right(Int v) {
        return _mm256_srai_epi32(v, n);
    }
    template <int n>
    static BATCHWARP_INLINE Int sum_of_products(Int a, Int b, Int factors) {
        const Int a_and_b =
            _mm256_blend_epi16(_mm256_srli_epi32(a, n), _mm256_srli_epi32(b, n - 16), 0xaa);
        return _mm256_madd_epi16(a_and_b, factors);
    }
    static BATCHWARP_INLINE Int bits_of(Float v) { return _mm256_castps_si256(v); }
    static BATCHWARP_INLINE Float of_bits(Int v) { return _mm256_castsi256_ps(v); }
    static BATCHWARP_INLINE Float to_float(Int v) { return _mm256_cvtepi32_ps(v); }
    static BATCHWARP_INLINE Int clamp(Int v, Int low, Int high) {
        return _mm256_min_epi32(_mm256_max_epi32(v, low), high);
    }
    static BATCHWARP_INLINE Int max(Int a, Int b) { return _mm256_max_epi32(a, b); }
    static BATCHWARP_INLINE Int absolute(Int v) { return _mm256_abs_epi32(v); }
    static BATCHWARP_INLINE Int truncated(Float v) { return _mm256_cvttps_epi32(v); }
    static BATCHWARP_INLINE Float without_fraction(Float v) {
        return _mm256_round_ps(v, _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC);
    }
    static BATCHWARP_INLINE Int whole_below(Float v) {
        return _mm256_cvttps_epi32(_mm256_floor_ps(v));
    }
    static BATCHWARP_INLINE Mask at_least(Float a, Float b) {
        return _mm256_cmp_ps(a, b, _CMP_GE_OQ);
    }
    static BATCHWARP_INLINE Mask less(Int a, Int b) {
        return _mm256_castsi256_ps(_mm256_cmpgt_epi32(b, a));
    }
    static BATCHWARP_INLINE Float where(Mask m, Float yes, Float no) {
        return _mm256_blendv_ps(no, yes, m);
    }
    static BATCHWARP_INLINE Int where(Mask m, Int yes, Int no) {
        return _mm256_blendv_epi8(no, yes, _mm256_castps_si256(m));
    }
    static BATCHWARP_INLINE Mask either(Mask a, Mask b) { return _mm256_or_ps(a, b); }
    static BATCHWARP_INLINE bool any(Mask m) { return _mm256_movemask_ps(m) != 0; }
    static BATCHWARP_INLINE Float subtract_where(Mask m, Float a, Float b) {
        return _mm256_sub_ps(a, _mm256_and_ps(m, b));
    }
    static BATCHWARP_INLINE Int add_where(Mask m, Int a, Int b) {
        return _mm256_add_epi32(a, _mm256_and_si256(_mm256_castps_si256(m), b));
    }

    static BATCHWARP_INLINE Wide wide(double v) { return {_mm256_set1_pd(v), _mm256_set1_pd(v)}; }
    static BATCHWARP_INLINE Wide ramp() {
        return {_mm256_setr_pd(0, 1, 2, 3), _mm256_setr_pd(4, 5, 6, 7)};
    }
    static BATCHWARP_INLINE Wide add(Wide a, Wide b) {
        return {_mm256_add_pd(a.first, b.first), _mm256_add_pd(a.second, b.second)};
    }
    static BATCHWARP_INLINE Wide multiply_add(Wide a, Wide b, Wide c) {
        return {_mm256_fmadd_pd(a.first, b.first, c.first),
                _mm256_fmadd_pd(a.second, b.second, c.second)};
    }
    static BATCHWARP_INLINE Wide inverse(Wide v) {
        const __m256d one = _mm256_set1_pd(1);
        return {_mm256_div_pd(one, v.first), _mm256_div_pd(one, v.second)};
    }
    static BATCHWARP_INLINE Wide clamp(Wide v, Wide low, Wide high) {
        return {_mm256_min_pd(_mm256_max_pd(v.first, low.first), high.first),
                _mm256_min_pd(_mm256_max_pd(v.second, low.second), high.second)};
    }
    static BATCHWARP_INLINE bool within(Wide v, Wide low, Wide high) {
        const auto inside = [](__m256d a, __m256d least, __m256d most) {
            return _mm256_and_pd(_mm256_cmp_pd(a, least, _CMP_GE_OQ),
                                 _mm256_cmp_pd(a, most, _CMP_LE_OQ));
        };
        return _mm256_movemask_pd(_mm256_and_pd(inside(v.first, low.first, high.first),
                                                inside(v.second, low.second, high.second))) == 15;
    }
    template <int n>
    static BATCHWARP_INLINE Int low_bits(Wide v) {
        const __m256i a = _mm256_srli_epi64(_mm256_castpd_si256(v.first), n);
        const __m256i b = _mm256_srli_epi64(_mm256_castpd_si256(v.second), n);
        const __m256 even = _mm256_shuffle_ps(_mm256_castsi256_ps(a), _mm256_castsi256_ps(b), 0x88);
        return _mm256_permute4x64_epi64(_mm256_castps_si256(even), 0xd8);
    }

  private:
    /// Of every three lanes, the first from `a`, the second from `b`, the third from `c`.
    static BATCHWARP_INLINE Float blend_three(Float a, Float b, Float c) {
        return _mm256_blend_ps(_mm256_blend_ps(a, b, 0x92), c, 0x24);
    }
    static BATCHWARP_INLINE Float turn(Float v, Int by) { return _mm256_permutevar8x32_ps(v, by); }
};

// What sixteen.inl and blur.inl compute with.
struct Vec {
    using Register = __m256;
    static constexpr int count = 8;

    static BATCHWARP_INLINE Register all(float v) { return _mm256_set1_ps(v); }
    static BATCHWARP_INLINE Register add(Register a, Register b) { return _mm256_add_ps(a, b); }
    static BATCHWARP_INLINE Register subtract(Register a, Register b) {
        return _mm256_sub_ps(a, b);
    }
    static BATCHWARP_INLINE Register multiply_add(Register a, Register b, Register c) {
        return _mm256_fmadd_ps(a, b, c);
    }
    static BATCHWARP_INLINE Four multiply_add(Four a, Four b, Four c) {
        return _mm_fmadd_ps(a, b, c);
    }
};

// What resize_words.inl and level_tables.inl compute with.
struct Words {
    using Register = __m256i;
    static constexpr int rows = 2;

    static BATCHWARP_INLINE __m128i sixteen(const void* from) {
        return _mm_loadu_si128(static_cast<const __m128i*>(from));
    }
    /// 16 bytes of each row.
    static BATCHWARP_INLINE Register gather(const uint8_t* const* row, int64_t offset) {
        return _mm256_inserti128_si256(_mm256_castsi128_si256(sixteen(row[0] + offset)),
                                       sixteen(row[1] + offset), 1);
    }
    static BATCHWARP_INLINE void scatter(Register v, uint8_t* const* row, int64_t offset) {
        _mm_storeu_si128(reinterpret_cast<__m128i*>(row[0] + offset), _mm256_castsi256_si128(v));
        _mm_storeu_si128(reinterpret_cast<__m128i*>(row[1] + offset),
                         _mm256_extracti128_si256(v, 1));
    }
    static BATCHWARP_INLINE Register repeat(const void* from) {
        return _mm256_broadcastsi128_si256(sixteen(from));
    }
    static BATCHWARP_INLINE Register load(const uint8_t* from) {
        return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
    }
    static BATCHWARP_INLINE void store(uint8_t* to, Register v) {
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), v);
    }
    static BATCHWARP_INLINE Register all(int32_t v) { return _mm256_set1_epi32(v); }
    static BATCHWARP_INLINE Register all_pairs(const int16_t* from) {
        int32_t pair;
        memcpy(&pair, from, sizeof pair);
        return _mm256_set1_epi32(pair);
    }
    static BATCHWARP_INLINE Register shuffle(Register v, Register pattern) {
        return _mm256_shuffle_epi8(v, pattern);
    }
    static BATCHWARP_INLINE Register bits(Register v, Register mask) {
        return _mm256_and_si256(v, mask);
    }
    /// Bytes of `yes` where the top bits of `by` are set, of `no` elsewhere.
    static BATCHWARP_INLINE Register select(Register by, Register yes, Register no) {
        return _mm256_blendv_epi8(no, yes, by);
    }
    static BATCHWARP_INLINE Register add(Register a, Register b) { return _mm256_add_epi32(a, b); }
    static BATCHWARP_INLINE Register multiply_add(Register a, Register b) {
        return _mm256_madd_epi16(a, b);
    }
    template <int n>
    static BATCHWARP_INLINE Register shift_left(Register v) {
        return _mm256_slli_epi32(v, n);
    }
    template <int n>
    static BATCHWARP_INLINE Register shift_right(Register v) {
        return _mm256_srai_epi32(v, n);
    }
    /// In each lane: the sums of a's four values, of b's, of c's and of d's.
    static BATCHWARP_INLINE Register add_across(Register a, Register b, Register c, Register d) {
        return _mm256_hadd_epi32(_mm256_hadd_epi32(a, b), _mm256_hadd_epi32(c, d));
    }
    /// In each lane: the four values of a, b, c and d as bytes, saturated.
    static BATCHWARP_INLINE Register narrow(Register a, Register b, Register c, Register d) {
        return _mm256_packus_epi16(_mm256_packs_epi32(a, b), _mm256_packs_epi32(c, d));
    }
    /// Pairs of words from two registers of bytes, in the order that `narrow` takes them.
    static BATCHWARP_INLINE void zip(Register a, Register b, Register (&pairs)[4]) {
        const Register zero = all(0);
        const Register low = _mm256_unpacklo_epi8(a, b), high = _mm256_unpackhi_epi8(a, b);
        pairs[0] = _mm256_unpacklo_epi8(low, zero);
        pairs[1] = _mm256_unpackhi_epi8(low, zero);
        pairs[2] = _mm256_unpacklo_epi8(high, zero);
        pairs[3] = _mm256_unpackhi_epi8(high, zero);
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
#include "byte_pairs.inl"
#include "linear_bytes_avx2.inl"
#include "four_lanes.inl"
#include "point.inl"
#include "point_values.inl"
#include "point_bytes.inl"
#include "picks_avx2.inl"
#include "words_avx2.inl"
#include "point_windows.inl"
#include "spline_rows.inl"
#include "sixteen.inl"
#include "blur.inl"
#include "turns_avx2.inl"
#include "blur_near.inl"
#include "samples_avx2.inl"
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

// One channel: a pixel's left and right tap are one 8-byte load. Four of them are merged by blends
// with broadcast loads, which need no shuffle port.
struct Avx2C1 {
    static constexpr int channels = 1;
    static constexpr int excess = 0;

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
        for (int32_t k = 0; k < warp_block; k += 8) {
            __m256 value = eight(run, i + k);
            if (Normalized) value = _mm256_mul_ps(_mm256_sub_ps(value, shift), scale);
            _mm256_storeu_ps(out + k, value);
        }
    }
};

// One channel, from row pairs: one 16-byte load has all four taps of a pixel, (top, bottom) of the
// left column and of the right. Pixels k and k + 4 share a register, so that in-lane shuffles bring
// results into order. The horizontal step comes first.
struct Avx2Pairs {
    static constexpr int channels = 1;
    static constexpr int excess = 0;

    static BATCHWARP_INLINE __m256d two_pixels(const float* source, const int32_t* offset) {
        const __m256 first = _mm256_castps128_ps256(_mm_loadu_ps(source + offset[0]));
        return _mm256_castps_pd(_mm256_insertf128_ps(first, _mm_loadu_ps(source + offset[4]), 1));
    }

    static BATCHWARP_INLINE __m256 eight(const Run& run, int32_t i) {
        const int32_t* offset = run.offset + i;
        const __m256 fx = _mm256_loadu_ps(run.fx + i), fy = _mm256_loadu_ps(run.fy + i);
        const __m256d a = two_pixels(run.source, offset), b = two_pixels(run.source, offset + 1);
        const __m256d c = two_pixels(run.source, offset + 2),
                      d = two_pixels(run.source, offset + 3);
        const __m256 left_ab = _mm256_castpd_ps(_mm256_unpacklo_pd(a, b)),
                     right_ab = _mm256_castpd_ps(_mm256_unpackhi_pd(a, b)),
                     left_cd = _mm256_castpd_ps(_mm256_unpacklo_pd(c, d)),
                     right_cd = _mm256_castpd_ps(_mm256_unpackhi_pd(c, d));
        const __m256 ab =
            _mm256_fmadd_ps(_mm256_unpacklo_ps(fx, fx), _mm256_sub_ps(right_ab, left_ab), left_ab);
        const __m256 cd =
            _mm256_fmadd_ps(_mm256_unpackhi_ps(fx, fx), _mm256_sub_ps(right_cd, left_cd), left_cd);
        const __m256 top = _mm256_shuffle_ps(ab, cd, 0x88),
                     bottom = _mm256_shuffle_ps(ab, cd, 0xdd);
        return _mm256_fmadd_ps(fy, _mm256_sub_ps(bottom, top), top);
    }

    template <bool Normalized>
    static BATCHWARP_INLINE void block(const Run& run, int32_t i, float* out) {
        const __m256 shift = _mm256_load_ps(run.shift), scale = _mm256_load_ps(run.scale);
        for (int32_t k = 0; k < warp_block; k += 8) {
            __m256 value = eight(run, i + k);
            if (Normalized) value = _mm256_mul_ps(_mm256_sub_ps(value, shift), scale);
            _mm256_storeu_ps(out + k, value);
        }
    }
};

// Three channels: one 32-byte load covers both taps of a source row, six of its eight floats used.
// Weights are spread with `set1`: for the intrinsic that takes an address, g++ counts up one more
// pointer per pixel and weight.
struct Avx2C3 {
    static constexpr int channels = 3;
    static constexpr int excess = 1;

    template <bool Normalized>
    static BATCHWARP_INLINE void block(const Run& run, int32_t i, float* out) {
        const __m128 shift = _mm_load_ps(run.shift), scale = _mm_load_ps(run.scale);
        const __m256i right_tap = _mm256_setr_epi32(3, 4, 5, 6, 7, 7, 7, 7);
        for (int32_t k = i; k < i + warp_block; ++k, out += 3) {
            const float* at = run.source + run.offset[k];
            const __m256 top = _mm256_loadu_ps(at), bottom = _mm256_loadu_ps(at + run.row_stride);
            const __m256 both =
                _mm256_fmadd_ps(_mm256_set1_ps(run.fy[k]), _mm256_sub_ps(bottom, top), top);
            const __m128 left = _mm256_castps256_ps128(both);
            const __m128 right = _mm256_castps256_ps128(_mm256_permutevar8x32_ps(both, right_tap));
            __m128 value = _mm_fmadd_ps(_mm_set1_ps(run.fx[k]), _mm_sub_ps(right, left), left);
            if (Normalized) value = _mm_mul_ps(_mm_sub_ps(value, shift), scale);
            _mm_storeu_ps(out, value);
        }
    }
};

}  // namespace

constinit const KernelTable avx2_kernels =
    with_c4_bytes<FourLanes<4, uint8_t>>(make_table<Avx2C1, Avx2Pairs, Avx2C3, FourLanes<4>>(
        "avx2", point_bytes_by_windows<point_bytes>,
        {linear_fixed<Avx2C1Bytes>, linear_fixed<Avx2C3Bytes>, linear_fixed<Avx2BytePairs>,
         pair_bytes}));

}  // namespace batchwarp
