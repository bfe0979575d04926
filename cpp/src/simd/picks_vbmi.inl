// What point_windows.inl picks bytes with, where one permutation finds its bytes in two registers
// of four windows each: sixteen codes, which are places there, and the windows.

namespace batchwarp {
namespace {

constexpr int32_t most_windows = 8;

class BytePicks {
  public:
    explicit BATCHWARP_INLINE BytePicks(const __m512i (&wide)[1])
        : codes_(_mm512_castsi128_si512(_mm512_cvtepi32_epi8(wide[0]))) {}
    explicit BATCHWARP_INLINE BytePicks(__m256i words)
        : codes_(_mm512_castsi128_si512(_mm256_cvtepi16_epi8(words))) {}

    /// Takes what is in the next window of sixteen bytes.
    BATCHWARP_INLINE void pick(const uint8_t* from) {
        const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
        switch (windows_++) {
            case 0:
                first_ = _mm512_inserti32x4(first_, bytes, 0);
                break;
            case 1:
                first_ = _mm512_inserti32x4(first_, bytes, 1);
                break;
            case 2:
                first_ = _mm512_inserti32x4(first_, bytes, 2);
                break;
            case 3:
                first_ = _mm512_inserti32x4(first_, bytes, 3);
                break;
            case 4:
                second_ = _mm512_inserti32x4(second_, bytes, 0);
                break;
            case 5:
                second_ = _mm512_inserti32x4(second_, bytes, 1);
                break;
            case 6:
                second_ = _mm512_inserti32x4(second_, bytes, 2);
                break;
            default:
                second_ = _mm512_inserti32x4(second_, bytes, 3);
        }
    }
    BATCHWARP_INLINE void store(uint8_t* to) const {
        const __m512i found = windows_ > 4 ? _mm512_permutex2var_epi8(first_, codes_, second_)
                                           : _mm512_permutexvar_epi8(codes_, first_);
        _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm512_castsi512_si128(found));
    }

  private:
    __m512i codes_, first_ = _mm512_setzero_si512(), second_ = _mm512_setzero_si512();
    int32_t windows_ = 0;
};

}  // namespace
}  // namespace batchwarp
