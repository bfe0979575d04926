// Taps that are bytes in 32-bit lanes: AVX-512.

namespace batchwarp {
namespace {

// Between the taps in the bytes of `mask`; `zero` is the float of a byte of 0. A byte becomes the
// lowest, or the second lowest, of a float whose last bit there counts one: differences of such
// floats are exact, and so is what the other bits subtracted leave.
BATCHWARP_INLINE __m512 between_bytes(__m512i first, __m512i second, int mask, float zero,
                                      __m512 weight) {
    const __m512 zeros = _mm512_set1_ps(zero);
    const auto float_of = [&](__m512i all) {
        constexpr int and_or = 0xea;  // (a & b) | c
        return _mm512_castsi512_ps(_mm512_ternarylogic_epi32(all, _mm512_set1_epi32(mask),
                                                             _mm512_castps_si512(zeros), and_or));
    };
    const __m512 a = float_of(first), b = float_of(second);
    return _mm512_fmadd_ps(weight, _mm512_sub_ps(b, a), _mm512_sub_ps(a, zeros));
}

// All taps of a pixel in a lane, (top, bottom) of the left column and of the right. The horizontal
// step comes first, as it does for pairs of floats.
BATCHWARP_INLINE __m512 between_four_bytes(__m512i taps, __m512 fx, __m512 fy) {
    const __m512i right = _mm512_srli_epi32(taps, 16);
    const __m512 top = between_bytes(taps, right, 0xff, 1 << 23, fx);
    const __m512 bottom = between_bytes(taps, right, 0xff00, 1 << 15, fx);
    return _mm512_fmadd_ps(fy, _mm512_sub_ps(bottom, top), top);
}

}  // namespace
}  // namespace batchwarp
