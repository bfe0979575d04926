// What JPEG computes with, in SSE2, which every x86-64 processor has.
#include <emmintrin.h>

namespace batchwarp {
namespace {

struct Samples {
    using Register = __m128i;
    using Float = __m128;
    static constexpr int count = 8;

    template <int Stride>
    static BATCHWARP_INLINE Register load(const int16_t* from) {
        return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
    }
    template <int Stride>
    static BATCHWARP_INLINE Float load(const float* from) {
        return _mm_loadu_ps(from);
    }
    template <int Stride>
    static BATCHWARP_INLINE void store(int16_t* to, Register v) {
        _mm_storeu_si128(reinterpret_cast<__m128i*>(to), v);
    }
    template <int Stride>
    static BATCHWARP_INLINE void store(float* to, Float v) {
        _mm_storeu_ps(to, v);
    }
    static BATCHWARP_INLINE void store_saturated(uint8_t* to, Register v) {
        _mm_storel_epi64(reinterpret_cast<__m128i*>(to), _mm_packus_epi16(v, v));
    }
    static BATCHWARP_INLINE Register all(int32_t v) {
        return _mm_set1_epi16(static_cast<int16_t>(v));
    }
    static BATCHWARP_INLINE Register all_wide(int32_t v) { return _mm_set1_epi32(v); }
    static BATCHWARP_INLINE Float all(float v) { return _mm_set1_ps(v); }

    static BATCHWARP_INLINE Register add(Register a, Register b) { return _mm_add_epi16(a, b); }
    static BATCHWARP_INLINE Register subtract(Register a, Register b) {
        return _mm_sub_epi16(a, b);
    }
    static BATCHWARP_INLINE Register clamp(Register v, Register low, Register high) {
        return _mm_min_epi16(_mm_max_epi16(v, low), high);
    }
    static BATCHWARP_INLINE Register absolute(Register v) {
        return _mm_max_epi16(v, _mm_sub_epi16(_mm_setzero_si128(), v));
    }
    static BATCHWARP_INLINE Register with_sign(Register v, Register of) {
        const Register sign = _mm_srai_epi16(of, 15);
        return _mm_sub_epi16(_mm_xor_si128(v, sign), sign);
    }
    static BATCHWARP_INLINE Register multiply(Register a, Register b) {
        return _mm_mullo_epi16(a, b);
    }
    static BATCHWARP_INLINE Register multiply_high(Register a, Register b) {
        return _mm_mulhi_epi16(a, b);
    }
    static BATCHWARP_INLINE Register multiply_high_unsigned(Register a, Register b) {
        return _mm_mulhi_epu16(a, b);
    }
    template <int n>
    static BATCHWARP_INLINE Register shift_left(Register v) {
        return _mm_slli_epi16(v, n);
    }
    template <int n>
    static BATCHWARP_INLINE Register shift_right(Register v) {
        return _mm_srai_epi16(v, n);
    }
    template <int Bytes>
    static BATCHWARP_INLINE Register zip_low(Register a, Register b) {
        if constexpr (Bytes == 1)
            return _mm_unpacklo_epi8(a, b);
        else if constexpr (Bytes == 2)
            return _mm_unpacklo_epi16(a, b);
        else if constexpr (Bytes == 4)
            return _mm_unpacklo_epi32(a, b);
        else
            return _mm_unpacklo_epi64(a, b);
    }
    template <int Bytes>
    static BATCHWARP_INLINE Register zip_high(Register a, Register b) {
        if constexpr (Bytes == 1)
            return _mm_unpackhi_epi8(a, b);
        else if constexpr (Bytes == 2)
            return _mm_unpackhi_epi16(a, b);
        else if constexpr (Bytes == 4)
            return _mm_unpackhi_epi32(a, b);
        else
            return _mm_unpackhi_epi64(a, b);
    }
    static BATCHWARP_INLINE Register low_bytes(Register v) { return zip_low<1>(v, all(0)); }
    static BATCHWARP_INLINE Register high_bytes(Register v) { return zip_high<1>(v, all(0)); }
    static BATCHWARP_INLINE Register saturated(Register low, Register high) {
        return _mm_packus_epi16(low, high);
    }
    static BATCHWARP_INLINE Register repeat_first(Register v) {
        v = _mm_shufflelo_epi16(v, 0);
        return _mm_unpacklo_epi64(v, v);
    }
    static BATCHWARP_INLINE Register repeat(const void* from) {
        return _mm_loadu_si128(static_cast<const __m128i*>(from));
    }
    static BATCHWARP_INLINE Register without_first(Register v) { return _mm_srli_si128(v, 2); }
    static BATCHWARP_INLINE Register merged_bits(Register a, Register b) {
        return _mm_or_si128(a, b);
    }
    static BATCHWARP_INLINE bool is_zero(Register v) {
        return _mm_movemask_epi8(_mm_cmpeq_epi8(v, _mm_setzero_si128())) == 0xffff;
    }

    static BATCHWARP_INLINE Register add_products(Register a, Register b) {
        return _mm_madd_epi16(a, b);
    }
    static BATCHWARP_INLINE Register add_wide(Register a, Register b) {
        return _mm_add_epi32(a, b);
    }
    static BATCHWARP_INLINE Register subtract_wide(Register a, Register b) {
        return _mm_sub_epi32(a, b);
    }
    template <int n>
    static BATCHWARP_INLINE Register shift_right_wide(Register v) {
        return _mm_srai_epi32(v, n);
    }
    static BATCHWARP_INLINE Register narrow(Register a, Register b) {
        return _mm_packs_epi32(a, b);
    }

    static BATCHWARP_INLINE Float add(Float a, Float b) { return _mm_add_ps(a, b); }
    static BATCHWARP_INLINE Float subtract(Float a, Float b) { return _mm_sub_ps(a, b); }
    static BATCHWARP_INLINE Float multiply(Float a, Float b) { return _mm_mul_ps(a, b); }
    static BATCHWARP_INLINE Float divide(Float a, Float b) { return _mm_div_ps(a, b); }
    static BATCHWARP_INLINE Float bring_within(Float v, Float low, Float high) {
        return _mm_min_ps(_mm_max_ps(v, low), high);
    }
    template <int i, int j, int k, int l>
    static BATCHWARP_INLINE Float pick(Float a, Float b) {
        return _mm_shuffle_ps(a, b, i | j << 2 | k << 4 | l << 6);
    }
    static BATCHWARP_INLINE Register truncated(Float v) { return _mm_cvttps_epi32(v); }
    static BATCHWARP_INLINE Float of_bits(Register v) { return _mm_castsi128_ps(v); }
};

static_assert(TierSamples<Samples>);

}  // namespace
}  // namespace batchwarp
