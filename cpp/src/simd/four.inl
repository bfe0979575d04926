// A vector of four floats, which SSE2 and NEON both have, without intrinsics.

namespace batchwarp {
namespace {

#if defined(_MSC_VER) && !defined(__clang__)
struct Four {
    float lane[4];
};
BATCHWARP_INLINE Four operator+(Four a, Four b) {
    for (int k = 0; k < 4; ++k) a.lane[k] += b.lane[k];
    return a;
}
BATCHWARP_INLINE Four operator-(Four a, Four b) {
    for (int k = 0; k < 4; ++k) a.lane[k] -= b.lane[k];
    return a;
}
BATCHWARP_INLINE Four operator*(Four a, Four b) {
    for (int k = 0; k < 4; ++k) a.lane[k] *= b.lane[k];
    return a;
}
BATCHWARP_INLINE Four all_four(float v) { return {{v, v, v, v}}; }
#else
#if defined(BATCHWARP_NEON)
typedef float32x4_t Four;
#else
typedef float Four __attribute__((vector_size(16)));
#endif
BATCHWARP_INLINE Four all_four(float v) { return Four{v, v, v, v}; }
#endif

BATCHWARP_INLINE Four load_four(const float* from) {
    Four v;
    memcpy(&v, from, sizeof v);
    return v;
}
BATCHWARP_INLINE void store_four(float* to, Four v) { memcpy(to, &v, sizeof v); }

#if !defined(_MSC_VER) || defined(__clang__)
// The lower halves of two vectors: first of a, first of b, second of a ...
typedef uint8_t SixteenBytes __attribute__((vector_size(16)));
typedef uint16_t EightWords __attribute__((vector_size(16)));
#if defined(__clang__)
BATCHWARP_INLINE SixteenBytes zip_low(SixteenBytes a, SixteenBytes b) {
    return __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
}
BATCHWARP_INLINE EightWords zip_low(EightWords a, EightWords b) {
    return __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
}
#else
BATCHWARP_INLINE SixteenBytes zip_low(SixteenBytes a, SixteenBytes b) {
    return __builtin_shuffle(a, b,
                             SixteenBytes{0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23});
}
BATCHWARP_INLINE EightWords zip_low(EightWords a, EightWords b) {
    return __builtin_shuffle(a, b, EightWords{0, 8, 1, 9, 2, 10, 3, 11});
}
#endif
#endif

// Of four bytes. Compilers take those apart that they are asked to convert; zeros between them
// bring them into lanes.
BATCHWARP_INLINE Four load_four(const uint8_t* from) {
#if defined(_MSC_VER) && !defined(__clang__)
    Four v;
    for (int k = 0; k < 4; ++k) v.lane[k] = static_cast<float>(from[k]);
    return v;
#else
    int32_t four;
    memcpy(&four, from, sizeof four);
#if defined(__SSE4_1__)
    return _mm_cvtepi32_ps(_mm_cvtepu8_epi32(_mm_cvtsi32_si128(four)));
#else
    typedef int32_t Whole __attribute__((vector_size(16)));
    const auto bytes = reinterpret_cast<SixteenBytes>(Whole{four, 0, 0, 0});
    const SixteenBytes zeros = {};
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    const auto low = [](auto v, auto zero) { return zip_low(v, zero); };
#else
    const auto low = [](auto v, auto zero) { return zip_low(zero, v); };
#endif
    const auto words = reinterpret_cast<EightWords>(low(bytes, zeros));
    return __builtin_convertvector(
        reinterpret_cast<Whole>(low(words, reinterpret_cast<EightWords>(zeros))), Four);
#endif
#endif
}

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
