// What point_windows.inl picks bytes with: sixteen codes, and the samples that have been found.

namespace batchwarp {
namespace {

constexpr int32_t most_windows = 12;

struct BytePicks {
    __m128i place, number, window, found;

    explicit BATCHWARP_INLINE BytePicks(__m128i codes)
        : place(_mm_and_si128(codes, _mm_set1_epi8(15))),
          number(_mm_and_si128(_mm_srli_epi16(codes, 4), _mm_set1_epi8(15))),
          window(_mm_setzero_si128()),
          found(_mm_setzero_si128()) {}
    explicit BATCHWARP_INLINE BytePicks(const __m512i (&wide)[1])
        : BytePicks(_mm512_cvtepi32_epi8(wide[0])) {}
    explicit BATCHWARP_INLINE BytePicks(__m256i words) : BytePicks(_mm256_cvtepi16_epi8(words)) {}
    /// Takes what is in the next window of sixteen bytes.
    BATCHWARP_INLINE void pick(const uint8_t* from) {
        const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
        const __mmask16 here = _mm_cmpeq_epi8_mask(number, window);
        found = _mm_mask_shuffle_epi8(found, here, bytes, place);
        window = _mm_add_epi8(window, _mm_set1_epi8(1));
    }
    BATCHWARP_INLINE void store(uint8_t* to) const {
        _mm_storeu_si128(reinterpret_cast<__m128i*>(to), found);
    }
};

}  // namespace
}  // namespace batchwarp
