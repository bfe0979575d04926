// What JPEG computes with, in AVX2.

namespace batchwarp {
namespace {

struct Samples {
    using Register = __m256i;
    using Float = __m256;
    static constexpr int count = 16;

    template <int Stride>
    static BATCHWARP_INLINE Register load(const int16_t* from) {
        const auto eight = [&](int lane) {
            return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + lane * Stride));
        };
        if constexpr (Stride == 8)
            return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
        else
            return _mm256_inserti128_si256(_mm256_castsi128_si256(eight(0)), eight(1), 1);
    }
    template <int Stride>
    static BATCHWARP_INLINE Float load(const float* from) {
        return _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(from)),
                                    _mm_loadu_ps(from + Stride), 1);
    }
    template <int Stride>
    static BATCHWARP_INLINE void store(int16_t* to, Register v) {
        const auto put = [&](int lane, __m128i eight) {
            _mm_storeu_si128(reinterpret_cast<__m128i*>(to + lane * Stride), eight);
        };
        if constexpr (Stride == 8) {
            _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), v);
        } else {
            put(0, _mm256_castsi256_si128(v));
            put(1, _mm256_extracti128_si256(v, 1));
        }
    }
    template <int Stride>
    static BATCHWARP_INLINE void store(float* to, Float v) {
        _mm_storeu_ps(to, _mm256_castps256_ps128(v));
        _mm_storeu_ps(to + Stride, _mm256_extractf128_ps(v, 1));
    }
    static BATCHWARP_INLINE void store_saturated(uint8_t* to, Register v) {
        const __m256i bytes = _mm256_permute4x64_epi64(_mm256_packus_epi16(v, v), 0b1000);
        _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm256_castsi256_si128(bytes));
    }
    static BATCHWARP_INLINE Register all(int32_t v) {
        return _mm256_set1_epi16(static_cast<int16_t>(v));
    }
    static BATCHWARP_INLINE Register all_wide(int32_t v) { return _mm256_set1_epi32(v); }
    static BATCHWARP_INLINE Float all(float v) { return _mm256_set1_ps(v); }

    static BATCHWARP_INLINE Register add(Register a, Register b) { return _mm256_add_epi16(a, b); }
    static BATCHWARP_INLINE Register subtract(Register a, Register b) {
        return _mm256_sub_epi16(a, b);
    }
    static BATCHWARP_INLINE Register clamp(Register v, Register low, Register high) {
        return _mm256_min_epi16(_mm256_max_epi16(v, low), high);
    }
    static BATCHWARP_INLINE Register absolute(Register v) { return _mm256_abs_epi16(v); }
    static BATCHWARP_INLINE Register with_sign(Register v, Register of) {
        return _mm256_sign_epi16(v, of);
    }
    static BATCHWARP_INLINE Register multiply(Register a, Register b) {
        return _mm256_mullo_epi16(a, b);
    }
    static BATCHWARP_INLINE Register multiply_high(Register a, Register b) {
        return _mm256_mulhi_epi16(a, b);
    }
    static BATCHWARP_INLINE Register multiply_high_unsigned(Register a, Register b) {
        return _mm256_mulhi_epu16(a, b);
    }
    template <int n>
    static BATCHWARP_INLINE Register shift_left(Register v) {
        return _mm256_slli_epi16(v, n);
    }
    template <int n>
    static BATCHWARP_INLINE Register shift_right(Register v) {
        return _mm256_srai_epi16(v, n);
    }
    template <int Bytes>
    static BATCHWARP_INLINE Register zip_low(Register a, Register b) {
        if constexpr (Bytes == 1)
            return _mm256_unpacklo_epi8(a, b);
        else if constexpr (Bytes == 2)
            return _mm256_unpacklo_epi16(a, b);
        else if constexpr (Bytes == 4)
            return _mm256_unpacklo_epi32(a, b);
        else
            return _mm256_unpacklo_epi64(a, b);
    }
    template <int Bytes>
    static BATCHWARP_INLINE Register zip_high(Register a, Register b) {
        if constexpr (Bytes == 1)
            return _mm256_unpackhi_epi8(a, b);
        else if constexpr (Bytes == 2)
            return _mm256_unpackhi_epi16(a, b);
        else if constexpr (Bytes == 4)
            return _mm256_unpackhi_epi32(a, b);
        else
            return _mm256_unpackhi_epi64(a, b);
    }
    static BATCHWARP_INLINE Register low_bytes(Register v) { return zip_low<1>(v, all(0)); }
    static BATCHWARP_INLINE Register high_bytes(Register v) { return zip_high<1>(v, all(0)); }
    static BATCHWARP_INLINE Register saturated(Register low, Register high) {
        return _mm256_packus_epi16(low, high);
    }
    static BATCHWARP_INLINE Register repeat_first(Register v) {
        v = _mm256_shufflelo_epi16(v, 0);
        return _mm256_unpacklo_epi64(v, v);
    }
    static BATCHWARP_INLINE Register repeat(const void* from) {
        return _mm256_broadcastsi128_si256(_mm_loadu_si128(static_cast<const __m128i*>(from)));
    }
    static BATCHWARP_INLINE Register without_first(Register v) { return _mm256_bsrli_epi128(v, 2); }
    static BATCHWARP_INLINE Register merged_bits(Register a, Register b) {
        return _mm256_or_si256(a, b);
    }
    static BATCHWARP_INLINE bool is_zero(Register v) { return _mm256_testz_si256(v, v) != 0; }

    static BATCHWARP_INLINE Register add_products(Register a, Register b) {
        return _mm256_madd_epi16(a, b);
    }
    static BATCHWARP_INLINE Register add_wide(Register a, Register b) {
        return _mm256_add_epi32(a, b);
    }
    static BATCHWARP_INLINE Register subtract_wide(Register a, Register b) {
        return _mm256_sub_epi32(a, b);
    }
    template <int n>
    static BATCHWARP_INLINE Register shift_right_wide(Register v) {
        return _mm256_srai_epi32(v, n);
    }
    static BATCHWARP_INLINE Register narrow(Register a, Register b) {
        return _mm256_packs_epi32(a, b);
    }

    static BATCHWARP_INLINE Float add(Float a, Float b) { return _mm256_add_ps(a, b); }
    static BATCHWARP_INLINE Float subtract(Float a, Float b) { return _mm256_sub_ps(a, b); }
    static BATCHWARP_INLINE Float multiply(Float a, Float b) { return _mm256_mul_ps(a, b); }
    static BATCHWARP_INLINE Float divide(Float a, Float b) { return _mm256_div_ps(a, b); }
    static BATCHWARP_INLINE Float bring_within(Float v, Float low, Float high) {
        return _mm256_min_ps(_mm256_max_ps(v, low), high);
    }
    template <int i, int j, int k, int l>
    static BATCHWARP_INLINE Float pick(Float a, Float b) {
        return _mm256_shuffle_ps(a, b, i | j << 2 | k << 4 | l << 6);
    }
    static BATCHWARP_INLINE Register truncated(Float v) { return _mm256_cvttps_epi32(v); }
    static BATCHWARP_INLINE Float of_bits(Register v) { return _mm256_castsi256_ps(v); }
};

static_assert(TierSamples<Samples>);

}  // namespace
}  // namespace batchwarp
