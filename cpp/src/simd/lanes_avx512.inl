// Sixteen lanes of AVX-512.

namespace batchwarp {
namespace {

// What coordinates.inl computes with.
struct Lanes {
    static constexpr int32_t count = 16;
    using Float = __m512;
    using Int = __m512i;
    using Mask = __mmask16;
    struct Wide {
        __m512d first, second;
    };

    static BATCHWARP_INLINE Float load(const float* from) { return _mm512_loadu_ps(from); }
    static BATCHWARP_INLINE Int load(const int32_t* from) { return _mm512_loadu_si512(from); }
    static BATCHWARP_INLINE Float load(const uint8_t* from) {
        const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
        return _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(bytes));
    }
    static BATCHWARP_INLINE Wide load(const double* from) {
        return {_mm512_loadu_pd(from), _mm512_loadu_pd(from + 8)};
    }
    static BATCHWARP_INLINE void store(float* to, Float v) { _mm512_storeu_ps(to, v); }
    static BATCHWARP_INLINE void store(int32_t* to, Int v) { _mm512_storeu_si512(to, v); }
    static BATCHWARP_INLINE void store_bytes(uint8_t* to, Int a, Int b, Int c, Int d) {
        const Int bytes = _mm512_packus_epi16(_mm512_packs_epi32(a, b), _mm512_packs_epi32(c, d));
        // Four of a, four of b, four of c, four of d; and three times more.
        const Int places = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
        _mm512_storeu_si512(to, _mm512_permutexvar_epi32(places, bytes));
    }
    static BATCHWARP_INLINE void store_halves(uint16_t* to, Float v) {
        const __m256i halves = _mm512_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT);
        // What was a NaN has but the upper one of its bits.
        const __mmask16 nan = _mm512_cmp_ps_mask(v, v, _CMP_UNORD_Q);
        const __m256i upper = _mm256_and_si256(halves, _mm256_set1_epi16(-0x200));
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(to),
                            _mm256_mask_blend_epi16(nan, halves, upper));
    }
    static BATCHWARP_INLINE void store_pairs(float* to, Float first, Float second) {
        const Int low = _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
        const Int high =
            _mm512_setr_epi32(8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
        store(to, _mm512_permutex2var_ps(first, low, second));
        store(to + count, _mm512_permutex2var_ps(first, high, second));
    }
    static BATCHWARP_INLINE void load_three(const float* from, Float& a, Float& b, Float& c) {
        const Float x = load(from), y = load(from + count), z = load(from + 2 * count);
        a = pick(x, _mm512_setr_epi32(0, 3, 6, 9, 12, 15, 18, 21, 24, 27, 30, 0, 0, 0, 0, 0), y);
        a = pick(a, _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 17, 20, 23, 26, 29), z);
        b = pick(x, _mm512_setr_epi32(1, 4, 7, 10, 13, 16, 19, 22, 25, 28, 31, 0, 0, 0, 0, 0), y);
        b = pick(b, _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 18, 21, 24, 27, 30), z);
        c = pick(x, _mm512_setr_epi32(2, 5, 8, 11, 14, 17, 20, 23, 26, 29, 0, 0, 0, 0, 0, 0), y);
        c = pick(c, _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 16, 19, 22, 25, 28, 31), z);
    }
    static BATCHWARP_INLINE void store_three(float* to, Float a, Float b, Float c) {
        const Float ab0 =
            pick(a, _mm512_setr_epi32(0, 16, 0, 1, 17, 0, 2, 18, 0, 3, 19, 0, 4, 20, 0, 5), b);
        store(to,
              pick(ab0, _mm512_setr_epi32(0, 1, 16, 3, 4, 17, 6, 7, 18, 9, 10, 19, 12, 13, 20, 15),
                   c));
        const Float ab1 =
            pick(a, _mm512_setr_epi32(21, 0, 6, 22, 0, 7, 23, 0, 8, 24, 0, 9, 25, 0, 10, 26), b);
        store(to + count,
              pick(ab1, _mm512_setr_epi32(0, 21, 2, 3, 22, 5, 6, 23, 8, 9, 24, 11, 12, 25, 14, 15),
                   c));
        const Float ab2 =
            pick(a, _mm512_setr_epi32(0, 11, 27, 0, 12, 28, 0, 13, 29, 0, 14, 30, 0, 15, 31, 0), b);
        store(to + 2 * count,
              pick(ab2, _mm512_setr_epi32(26, 1, 2, 27, 4, 5, 28, 7, 8, 29, 10, 11, 30, 13, 14, 31),
                   c));
    }
    static BATCHWARP_INLINE Int ordered_three(Int v) { return v; }
    static BATCHWARP_INLINE Float all(float v) { return _mm512_set1_ps(v); }
    static BATCHWARP_INLINE Int all(int32_t v) { return _mm512_set1_epi32(v); }

    static BATCHWARP_INLINE Float add(Float a, Float b) { return _mm512_add_ps(a, b); }
    static BATCHWARP_INLINE Int add(Int a, Int b) { return _mm512_add_epi32(a, b); }
    static BATCHWARP_INLINE Float subtract(Float a, Float b) { return _mm512_sub_ps(a, b); }
    static BATCHWARP_INLINE Int subtract(Int a, Int b) { return _mm512_sub_epi32(a, b); }
    static BATCHWARP_INLINE Int multiply(Int a, Int b) { return _mm512_mullo_epi32(a, b); }
    static BATCHWARP_INLINE Float multiply(Float a, Float b) { return _mm512_mul_ps(a, b); }
    static BATCHWARP_INLINE Float multiply_add(Float a, Float b, Float c) {
        return _mm512_fmadd_ps(a, b, c);
    }
    static BATCHWARP_INLINE Float divide(Float a, Float b) { return _mm512_div_ps(a, b); }
    static BATCHWARP_INLINE Float square_root(Float v) { return _mm512_sqrt_ps(v); }
    static BATCHWARP_INLINE Float min(Float a, Float b) { return _mm512_min_ps(a, b); }
    static BATCHWARP_INLINE Float max(Float a, Float b) { return _mm512_max_ps(a, b); }
    static BATCHWARP_INLINE Float absolute(Float v) { return _mm512_abs_ps(v); }
    static BATCHWARP_INLINE Float clamp(Float v, Float low, Float high) {
        return _mm512_min_ps(high, _mm512_max_ps(low, v));
    }
    static BATCHWARP_INLINE Int bits(Int v, Int mask) { return _mm512_and_si512(v, mask); }
    static BATCHWARP_INLINE Int differing_bits(Int a, Int b) { return _mm512_xor_si512(a, b); }
    static BATCHWARP_INLINE void multiply_wide(Int a, uint32_t by, Int& low, Int& high) {
        const Int factor = all(static_cast<int32_t>(by));
        const Int even = _mm512_mul_epu32(a, factor),
                  odd = _mm512_mul_epu32(_mm512_srli_epi64(a, 32), factor);
        low = _mm512_mask_mov_epi32(even, 0xaaaa, _mm512_slli_epi64(odd, 32));
        high = _mm512_mask_mov_epi32(_mm512_srli_epi64(even, 32), 0xaaaa, odd);
    }
    template <int n>
    static BATCHWARP_INLINE Int shift_left(Int v) {
        return _mm512_slli_epi32(v, n);
    }
    template <int n>
    static BATCHWARP_INLINE Int shift_right(Int v) {
        return _mm512_srai_epi32(v, n);
    }
    template <int n>
    static BATCHWARP_INLINE Int sum_of_products(Int a, Int b, Int factors) {
        const Int a_and_b = _mm512_mask_blend_epi16(0xaaaaaaaa, _mm512_srli_epi32(a, n),
                                                    _mm512_srli_epi32(b, n - 16));
        return _mm512_madd_epi16(a_and_b, factors);
    }
    static BATCHWARP_INLINE Int bits_of(Float v) { return _mm512_castps_si512(v); }
    static BATCHWARP_INLINE Float of_bits(Int v) { return _mm512_castsi512_ps(v); }
    static BATCHWARP_INLINE Float to_float(Int v) { return _mm512_cvtepi32_ps(v); }
    static BATCHWARP_INLINE Int clamp(Int v, Int low, Int high) {
        return _mm512_min_epi32(_mm512_max_epi32(v, low), high);
    }
    static BATCHWARP_INLINE Int max(Int a, Int b) { return _mm512_max_epi32(a, b); }
    static BATCHWARP_INLINE Int absolute(Int v) { return _mm512_abs_epi32(v); }
    static BATCHWARP_INLINE Int truncated(Float v) { return _mm512_cvttps_epi32(v); }
    static BATCHWARP_INLINE Float without_fraction(Float v) {
        return _mm512_roundscale_ps(v, _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC);
    }
    static BATCHWARP_INLINE Int whole_below(Float v) {
        return _mm512_cvt_roundps_epi32(v, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC);
    }
    static BATCHWARP_INLINE Mask at_least(Float a, Float b) {
        return _mm512_cmp_ps_mask(a, b, _CMP_GE_OQ);
    }
    static BATCHWARP_INLINE Mask less(Int a, Int b) { return _mm512_cmplt_epi32_mask(a, b); }
    static BATCHWARP_INLINE Float where(Mask m, Float yes, Float no) {
        return _mm512_mask_mov_ps(no, m, yes);
    }
    static BATCHWARP_INLINE Int where(Mask m, Int yes, Int no) {
        return _mm512_mask_mov_epi32(no, m, yes);
    }
    static BATCHWARP_INLINE Mask either(Mask a, Mask b) { return _kor_mask16(a, b); }
    static BATCHWARP_INLINE bool any(Mask m) { return m != 0; }
    static BATCHWARP_INLINE Float subtract_where(Mask m, Float a, Float b) {
        return _mm512_mask_sub_ps(a, m, a, b);
    }
    static BATCHWARP_INLINE Int add_where(Mask m, Int a, Int b) {
        return _mm512_mask_add_epi32(a, m, a, b);
    }

    static BATCHWARP_INLINE Wide wide(double v) { return {_mm512_set1_pd(v), _mm512_set1_pd(v)}; }
    static BATCHWARP_INLINE Wide ramp() {
        return {_mm512_setr_pd(0, 1, 2, 3, 4, 5, 6, 7),
                _mm512_setr_pd(8, 9, 10, 11, 12, 13, 14, 15)};
    }
    static BATCHWARP_INLINE Wide add(Wide a, Wide b) {
        return {_mm512_add_pd(a.first, b.first), _mm512_add_pd(a.second, b.second)};
    }
    static BATCHWARP_INLINE Wide multiply_add(Wide a, Wide b, Wide c) {
        return {_mm512_fmadd_pd(a.first, b.first, c.first),
                _mm512_fmadd_pd(a.second, b.second, c.second)};
    }
    static BATCHWARP_INLINE Wide inverse(Wide v) {
        const __m512d one = _mm512_set1_pd(1);
        return {_mm512_div_pd(one, v.first), _mm512_div_pd(one, v.second)};
    }
    static BATCHWARP_INLINE Wide clamp(Wide v, Wide low, Wide high) {
        return {_mm512_min_pd(_mm512_max_pd(v.first, low.first), high.first),
                _mm512_min_pd(_mm512_max_pd(v.second, low.second), high.second)};
    }
    static BATCHWARP_INLINE bool within(Wide v, Wide low, Wide high) {
        const auto inside = [](__m512d a, __m512d least, __m512d most) {
            return _mm512_cmp_pd_mask(a, least, _CMP_GE_OQ) &
                   _mm512_cmp_pd_mask(a, most, _CMP_LE_OQ);
        };
        return (inside(v.first, low.first, high.first) &
                inside(v.second, low.second, high.second)) == 0xff;
    }
    template <int n>
    static BATCHWARP_INLINE Int low_bits(Wide v) {
        const __m512i even =
            _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
        const __m512i a = _mm512_srli_epi64(_mm512_castpd_si512(v.first), n);
        const __m512i b = _mm512_srli_epi64(_mm512_castpd_si512(v.second), n);
        return _mm512_permutex2var_epi32(a, even, b);
    }

  private:
    static BATCHWARP_INLINE Float pick(Float a, Int lanes, Float b) {
        return _mm512_permutex2var_ps(a, lanes, b);
    }
};

}  // namespace
}  // namespace batchwarp
