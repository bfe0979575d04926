// What point_windows.inl picks bytes with: sixteen codes, and the samples that have been found.

namespace batchwarp {
namespace {

constexpr int32_t most_windows = 12;

struct BytePicks {
    __m128i place, number, window, found;

    explicit BATCHWARP_INLINE BytePicks(const __m256i (&wide)[2]) {
        *this = BytePicks(_mm256_permute4x64_epi64(_mm256_packs_epi32(wide[0], wide[1]), 0xd8));
    }
    explicit BATCHWARP_INLINE BytePicks(__m256i words) {
        const __m128i codes =
            _mm_packus_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
        place = _mm_and_si128(codes, _mm_set1_epi8(15));
        number = _mm_and_si128(_mm_srli_epi16(codes, 4), _mm_set1_epi8(15));
        window = found = _mm_setzero_si128();
    }
    /// Takes what is in the next window of sixteen bytes.
    BATCHWARP_INLINE void pick(const uint8_t* from) {
        const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
        found =
            _mm_blendv_epi8(found, _mm_shuffle_epi8(bytes, place), _mm_cmpeq_epi8(number, window));
        window = _mm_add_epi8(window, _mm_set1_epi8(1));
    }
    BATCHWARP_INLINE void store(uint8_t* to) const {
        _mm_storeu_si128(reinterpret_cast<__m128i*>(to), found);
    }
};

}  // namespace
}  // namespace batchwarp
