// Vectors of floats for the splines: the widest that the tier has, and four at a time transposed.

namespace batchwarp {
namespace {

#if defined(__AVX512F__)
typedef __m512 Vec;
BATCHWARP_INLINE Vec multiply_add(Vec a, Vec b, Vec c) { return _mm512_fmadd_ps(a, b, c); }
BATCHWARP_INLINE Vec spread(float v) { return _mm512_set1_ps(v); }
#elif defined(__AVX2__)
typedef __m256 Vec;
BATCHWARP_INLINE Vec multiply_add(Vec a, Vec b, Vec c) { return _mm256_fmadd_ps(a, b, c); }
BATCHWARP_INLINE Vec spread(float v) { return _mm256_set1_ps(v); }
#else
typedef Four Vec;
BATCHWARP_INLINE Vec spread(float v) { return all_four(v); }
#endif

#if defined(__AVX2__)
BATCHWARP_INLINE Four multiply_add(Four a, Four b, Four c) { return _mm_fmadd_ps(a, b, c); }
#else
BATCHWARP_INLINE Four multiply_add(Four a, Four b, Four c) { return a * b + c; }
#endif

constexpr int vec_lanes = sizeof(Vec) / sizeof(float);

// Sixteen floats, in as many registers as the tier needs.
struct Sixteen {
    static constexpr int parts = 16 / vec_lanes;
    Vec part[parts];

    static BATCHWARP_INLINE Sixteen load(const float* from) {
        Sixteen v;
        for (int i = 0; i < parts; ++i) memcpy(&v.part[i], from + i * vec_lanes, sizeof(Vec));
        return v;
    }
    static BATCHWARP_INLINE Sixteen zero() {
        Sixteen v;
        for (Vec& part : v.part) part = spread(0);
        return v;
    }
    BATCHWARP_INLINE void store(float* to) const {
        for (int i = 0; i < parts; ++i) memcpy(to + i * vec_lanes, &part[i], sizeof(Vec));
    }
    BATCHWARP_INLINE void add_scaled(float scale, Sixteen v) {
        for (int i = 0; i < parts; ++i) part[i] = multiply_add(spread(scale), v.part[i], part[i]);
    }
};

BATCHWARP_INLINE void transpose(Four& a, Four& b, Four& c, Four& d) {
#if defined(_MSC_VER) && !defined(__clang__)
    const Four rows[4] = {a, b, c, d};
    for (int k = 0; k < 4; ++k) {
        a.lane[k] = rows[k].lane[0];
        b.lane[k] = rows[k].lane[1];
        c.lane[k] = rows[k].lane[2];
        d.lane[k] = rows[k].lane[3];
    }
#elif defined(__clang__)
    const Four ab_low = __builtin_shufflevector(a, b, 0, 4, 1, 5);
    const Four ab_high = __builtin_shufflevector(a, b, 2, 6, 3, 7);
    const Four cd_low = __builtin_shufflevector(c, d, 0, 4, 1, 5);
    const Four cd_high = __builtin_shufflevector(c, d, 2, 6, 3, 7);
    a = __builtin_shufflevector(ab_low, cd_low, 0, 1, 4, 5);
    b = __builtin_shufflevector(ab_low, cd_low, 2, 3, 6, 7);
    c = __builtin_shufflevector(ab_high, cd_high, 0, 1, 4, 5);
    d = __builtin_shufflevector(ab_high, cd_high, 2, 3, 6, 7);
#else
    typedef int32_t Order __attribute__((vector_size(16)));
    const Order low = {0, 4, 1, 5}, high = {2, 6, 3, 7}, first = {0, 1, 4, 5}, last = {2, 3, 6, 7};
    const Four ab_low = __builtin_shuffle(a, b, low), ab_high = __builtin_shuffle(a, b, high);
    const Four cd_low = __builtin_shuffle(c, d, low), cd_high = __builtin_shuffle(c, d, high);
    a = __builtin_shuffle(ab_low, cd_low, first);
    b = __builtin_shuffle(ab_low, cd_low, last);
    c = __builtin_shuffle(ab_high, cd_high, first);
    d = __builtin_shuffle(ab_high, cd_high, last);
#endif
}

}  // namespace
}  // namespace batchwarp
