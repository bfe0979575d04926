// The pixel passes of order 1 on bytes: AVX-512. Their steps are those of the passes on floats.

namespace batchwarp {
namespace {

// One channel: four bytes of a source row have both taps of a pixel, and two more.
struct Avx512C1Bytes {
    static constexpr int channels = 1;
    static constexpr int excess = 0;
    static constexpr bool reads_bytes = true;

    static BATCHWARP_INLINE __m128i four_pixels(const uint8_t* source, const int32_t* offset) {
        const auto taps = [&](int k) {
            int32_t both;
            memcpy(&both, source + offset[k], sizeof both);
            return _mm_cvtsi32_si128(both);
        };
        __m128i all = _mm_mask_broadcastd_epi32(taps(0), 1 << 1, taps(1));
        all = _mm_mask_broadcastd_epi32(all, 1 << 2, taps(2));
        return _mm_mask_broadcastd_epi32(all, 1 << 3, taps(3));
    }
    static BATCHWARP_INLINE __m256i eight_pixels(const uint8_t* source, const int32_t* offset) {
        return _mm256_inserti128_si256(_mm256_castsi128_si256(four_pixels(source, offset)),
                                       four_pixels(source, offset + 4), 1);
    }
    static BATCHWARP_INLINE __m512i pixels(const uint8_t* source, const int32_t* offset) {
        return _mm512_inserti64x4(_mm512_castsi256_si512(eight_pixels(source, offset)),
                                  eight_pixels(source, offset + 8), 1);
    }

    template <bool Normalized>
    static BATCHWARP_INLINE void block(const Run& run, int32_t i, float* out) {
        const __m512 fx = _mm512_loadu_ps(run.fx + i), fy = _mm512_loadu_ps(run.fy + i);
        const int32_t* offset = run.offset + i;
        const __m512i top = pixels(run.bytes, offset), bottom = pixels(run.bytes_below, offset);
        const __m512 left = between_bytes(top, bottom, 0xff, 1 << 23, fy);
        const __m512 right = between_bytes(top, bottom, 0xff00, 1 << 15, fy);
        __m512 value = _mm512_fmadd_ps(fx, _mm512_sub_ps(right, left), left);
        if (Normalized)
            value = _mm512_mul_ps(_mm512_sub_ps(value, _mm512_load_ps(run.shift)),
                                  _mm512_load_ps(run.scale));
        _mm512_storeu_ps(out, value);
    }
};

// One channel, from pairs of bytes: four of them are all taps of a pixel.
struct Avx512BytePairs {
    static constexpr int channels = 1;
    static constexpr int excess = 0;
    static constexpr bool reads_bytes = true;

    template <bool Normalized>
    static BATCHWARP_INLINE void block(const Run& run, int32_t i, float* out) {
        const __m512 fx = _mm512_loadu_ps(run.fx + i), fy = _mm512_loadu_ps(run.fy + i);
        const __m512i taps = Avx512C1Bytes::pixels(run.bytes, run.offset + i);
        __m512 value = between_four_bytes(taps, fx, fy);
        if (Normalized)
            value = _mm512_mul_ps(_mm512_sub_ps(value, _mm512_load_ps(run.shift)),
                                  _mm512_load_ps(run.scale));
        _mm512_storeu_ps(out, value);
    }
};

// Three channels: of eight bytes of a source row, six are both taps of a pixel.
struct ByteTaps {
    static BATCHWARP_INLINE __m512 two_pixels(const uint8_t* source, const int32_t* offset) {
        const auto taps = [&](int k) {
            return _mm_loadl_epi64(reinterpret_cast<const __m128i*>(source + offset[k]));
        };
        const __m128i bytes = _mm_mask_broadcastq_epi64(taps(0), 1 << 1, taps(1));
        return _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(bytes));
    }
    static BATCHWARP_INLINE __m512 above(const Run& run, const int32_t* offset) {
        return two_pixels(run.bytes, offset);
    }
    static BATCHWARP_INLINE __m512 below(const Run& run, const int32_t* offset) {
        return two_pixels(run.bytes_below, offset);
    }
};

struct Avx512C3Bytes : BasicAvx512C3<ByteTaps> {
    static constexpr bool reads_bytes = true;
};

static_assert(PixelPass<Avx512C1Bytes, 1> && PixelPass<Avx512BytePairs, 1> &&
              PixelPass<Avx512C3Bytes, 3>);

}  // namespace
}  // namespace batchwarp
