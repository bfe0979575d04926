// What JPEG computes with, in AVX-512.

namespace batchwarp {
namespace {

struct Samples {
    using Register = __m512i;
    using Float = __m512;
    static constexpr int count = 32;

    template <int Stride>
    static BATCHWARP_INLINE Register load(const int16_t* from) {
        const auto eight = [&](int lane) {
            return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + lane * Stride));
        };
        if constexpr (Stride == 8) {
            return _mm512_loadu_si512(from);
        } else {
            Register v = _mm512_castsi128_si512(eight(0));
            v = _mm512_mask_broadcast_i32x4(v, 0x00f0, eight(1));
            v = _mm512_mask_broadcast_i32x4(v, 0x0f00, eight(2));
            return _mm512_mask_broadcast_i32x4(v, 0xf000, eight(3));
        }
    }
    template <int Stride>
    static BATCHWARP_INLINE Float load(const float* from) {
        const auto four = [&](int lane) { return _mm_loadu_ps(from + lane * Stride); };
        Float v = _mm512_castps128_ps512(four(0));
        v = _mm512_mask_broadcast_f32x4(v, 0x00f0, four(1));
        v = _mm512_mask_broadcast_f32x4(v, 0x0f00, four(2));
        return _mm512_mask_broadcast_f32x4(v, 0xf000, four(3));
    }
    template <int Stride>
    static BATCHWARP_INLINE void store(int16_t* to, Register v) {
        const auto put = [&](int lane, __m128i eight) {
            _mm_storeu_si128(reinterpret_cast<__m128i*>(to + lane * Stride), eight);
        };
        if constexpr (Stride == 8) {
            _mm512_storeu_si512(to, v);
        } else {
            put(0, _mm512_castsi512_si128(v));
            put(1, _mm512_extracti32x4_epi32(v, 1));
            put(2, _mm512_extracti32x4_epi32(v, 2));
            put(3, _mm512_extracti32x4_epi32(v, 3));
        }
    }
    template <int Stride>
    static BATCHWARP_INLINE void store(float* to, Float v) {
        _mm_storeu_ps(to, _mm512_castps512_ps128(v));
        _mm_storeu_ps(to + Stride, _mm512_extractf32x4_ps(v, 1));
        _mm_storeu_ps(to + 2 * Stride, _mm512_extractf32x4_ps(v, 2));
        _mm_storeu_ps(to + 3 * Stride, _mm512_extractf32x4_ps(v, 3));
    }
    static BATCHWARP_INLINE void store_saturated(uint8_t* to, Register v) {
        v = _mm512_max_epi16(v, _mm512_setzero_si512());
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), _mm512_cvtusepi16_epi8(v));
    }
    static BATCHWARP_INLINE Register all(int32_t v) {
        return _mm512_set1_epi16(static_cast<int16_t>(v));
    }
    static BATCHWARP_INLINE Register all_wide(int32_t v) { return _mm512_set1_epi32(v); }
    static BATCHWARP_INLINE Float all(float v) { return _mm512_set1_ps(v); }

    static BATCHWARP_INLINE Register add(Register a, Register b) { return _mm512_add_epi16(a, b); }
    static BATCHWARP_INLINE Register subtract(Register a, Register b) {
        return _mm512_sub_epi16(a, b);
    }
    static BATCHWARP_INLINE Register clamp(Register v, Register low, Register high) {
        return _mm512_min_epi16(_mm512_max_epi16(v, low), high);
    }
    static BATCHWARP_INLINE Register absolute(Register v) { return _mm512_abs_epi16(v); }
    static BATCHWARP_INLINE Register with_sign(Register v, Register of) {
        return _mm512_mask_sub_epi16(v, _mm512_movepi16_mask(of), _mm512_setzero_si512(), v);
    }
    static BATCHWARP_INLINE Register multiply(Register a, Register b) {
        return _mm512_mullo_epi16(a, b);
    }
    static BATCHWARP_INLINE Register multiply_high(Register a, Register b) {
        return _mm512_mulhi_epi16(a, b);
    }
    static BATCHWARP_INLINE Register multiply_high_unsigned(Register a, Register b) {
        return _mm512_mulhi_epu16(a, b);
    }
    template <int n>
    static BATCHWARP_INLINE Register shift_left(Register v) {
        return _mm512_slli_epi16(v, n);
    }
    template <int n>
    static BATCHWARP_INLINE Register shift_right(Register v) {
        return _mm512_srai_epi16(v, n);
    }
    template <int Bytes>
    static BATCHWARP_INLINE Register zip_low(Register a, Register b) {
        if constexpr (Bytes == 1)
            return _mm512_unpacklo_epi8(a, b);
        else if constexpr (Bytes == 2)
            return _mm512_unpacklo_epi16(a, b);
        else if constexpr (Bytes == 4)
            return _mm512_unpacklo_epi32(a, b);
        else
            return _mm512_unpacklo_epi64(a, b);
    }
    template <int Bytes>
    static BATCHWARP_INLINE Register zip_high(Register a, Register b) {
        if constexpr (Bytes == 1)
            return _mm512_unpackhi_epi8(a, b);
        else if constexpr (Bytes == 2)
            return _mm512_unpackhi_epi16(a, b);
        else if constexpr (Bytes == 4)
            return _mm512_unpackhi_epi32(a, b);
        else
            return _mm512_unpackhi_epi64(a, b);
    }
    static BATCHWARP_INLINE Register low_bytes(Register v) { return zip_low<1>(v, all(0)); }
    static BATCHWARP_INLINE Register high_bytes(Register v) { return zip_high<1>(v, all(0)); }
    static BATCHWARP_INLINE Register saturated(Register low, Register high) {
        return _mm512_packus_epi16(low, high);
    }
    static BATCHWARP_INLINE Register repeat_first(Register v) {
        v = _mm512_shufflelo_epi16(v, 0);
        return _mm512_unpacklo_epi64(v, v);
    }
    static BATCHWARP_INLINE Register repeat(const void* from) {
        return _mm512_broadcast_i32x4(_mm_loadu_si128(static_cast<const __m128i*>(from)));
    }
    static BATCHWARP_INLINE Register without_first(Register v) { return _mm512_bsrli_epi128(v, 2); }
    static BATCHWARP_INLINE Register merged_bits(Register a, Register b) {
        return _mm512_or_si512(a, b);
    }
    static BATCHWARP_INLINE bool is_zero(Register v) { return _mm512_test_epi32_mask(v, v) == 0; }

    static BATCHWARP_INLINE Register add_products(Register a, Register b) {
        return _mm512_madd_epi16(a, b);
    }
    static BATCHWARP_INLINE Register add_wide(Register a, Register b) {
        return _mm512_add_epi32(a, b);
    }
    static BATCHWARP_INLINE Register subtract_wide(Register a, Register b) {
        return _mm512_sub_epi32(a, b);
    }
    template <int n>
    static BATCHWARP_INLINE Register shift_right_wide(Register v) {
        return _mm512_srai_epi32(v, n);
    }
    static BATCHWARP_INLINE Register narrow(Register a, Register b) {
        return _mm512_packs_epi32(a, b);
    }

    static BATCHWARP_INLINE Float add(Float a, Float b) { return _mm512_add_ps(a, b); }
    static BATCHWARP_INLINE Float subtract(Float a, Float b) { return _mm512_sub_ps(a, b); }
    static BATCHWARP_INLINE Float multiply(Float a, Float b) { return _mm512_mul_ps(a, b); }
    static BATCHWARP_INLINE Float divide(Float a, Float b) { return _mm512_div_ps(a, b); }
    static BATCHWARP_INLINE Float bring_within(Float v, Float low, Float high) {
        return _mm512_min_ps(_mm512_max_ps(v, low), high);
    }
    template <int i, int j, int k, int l>
    static BATCHWARP_INLINE Float pick(Float a, Float b) {
        return _mm512_shuffle_ps(a, b, i | j << 2 | k << 4 | l << 6);
    }
    static BATCHWARP_INLINE Register truncated(Float v) { return _mm512_cvttps_epi32(v); }
    static BATCHWARP_INLINE Float of_bits(Register v) { return _mm512_castsi512_ps(v); }
};

static_assert(TierSamples<Samples>);

}  // namespace
}  // namespace batchwarp
