// The pixel passes of order 1 on bytes: AVX2. Their steps are those of the passes on floats.
// Weighed by words, bytes would be further off than promised.

namespace batchwarp {
namespace {

// One channel: four bytes of a source row have both taps of a pixel, and two more.
struct Avx2C1Bytes {
    static constexpr int channels = 1;
    static constexpr int excess = 0;
    static constexpr bool reads_bytes = true;

    static BATCHWARP_INLINE __m128i four_pixels(const uint8_t* source, const int32_t* offset) {
        const auto taps = [&](int k) {
            int32_t both;
            memcpy(&both, source + offset[k], sizeof both);
            return both;
        };
        const __m128i first = _mm_insert_epi32(_mm_cvtsi32_si128(taps(0)), taps(1), 1);
        return _mm_insert_epi32(_mm_insert_epi32(first, taps(2), 2), taps(3), 3);
    }

    struct Taps {
        __m256 left, right;

        BATCHWARP_INLINE Taps(const uint8_t* source, const int32_t* offset) {
            const __m256i all =
                _mm256_inserti128_si256(_mm256_castsi128_si256(four_pixels(source, offset)),
                                        four_pixels(source, offset + 4), 1);
            const __m256i byte = _mm256_set1_epi32(0xff);
            left = _mm256_cvtepi32_ps(_mm256_and_si256(all, byte));
            right = _mm256_cvtepi32_ps(_mm256_and_si256(_mm256_srli_epi32(all, 8), byte));
        }
    };

    template <bool Normalized>
    static BATCHWARP_INLINE void block(const Run& run, int32_t i, float* out) {
        const __m256 shift = _mm256_load_ps(run.shift), scale = _mm256_load_ps(run.scale);
        for (int32_t k = 0; k < warp_block; k += 8) {
            const Taps top(run.bytes, run.offset + i + k);
            const Taps bottom(run.bytes_below, run.offset + i + k);
            const __m256 fy = _mm256_loadu_ps(run.fy + i + k);
            const __m256 left = _mm256_fmadd_ps(fy, _mm256_sub_ps(bottom.left, top.left), top.left);
            const __m256 right =
                _mm256_fmadd_ps(fy, _mm256_sub_ps(bottom.right, top.right), top.right);
            __m256 value =
                _mm256_fmadd_ps(_mm256_loadu_ps(run.fx + i + k), _mm256_sub_ps(right, left), left);
            if (Normalized) value = _mm256_mul_ps(_mm256_sub_ps(value, shift), scale);
            _mm256_storeu_ps(out + k, value);
        }
    }
};

// One channel, from pairs of bytes: four bytes have all taps of a pixel, (top, bottom) of the left
// column and of the right. The horizontal step comes first, as it does for pairs of floats.
struct Avx2BytePairs {
    static constexpr int channels = 1;
    static constexpr int excess = 0;
    static constexpr bool reads_bytes = true;

    template <bool Normalized>
    static BATCHWARP_INLINE void block(const Run& run, int32_t i, float* out) {
        const __m256 shift = _mm256_load_ps(run.shift), scale = _mm256_load_ps(run.scale);
        const __m256i byte = _mm256_set1_epi32(0xff);
        for (int32_t k = 0; k < warp_block; k += 8) {
            const int32_t* offset = run.offset + i + k;
            const __m256i all = _mm256_inserti128_si256(
                _mm256_castsi128_si256(Avx2C1Bytes::four_pixels(run.bytes, offset)),
                Avx2C1Bytes::four_pixels(run.bytes, offset + 4), 1);
            const auto tap = [&](__m256i from) {
                return _mm256_cvtepi32_ps(_mm256_and_si256(from, byte));
            };
            const __m256 left_top = tap(all), right_top = tap(_mm256_srli_epi32(all, 16));
            const __m256 left_bottom = tap(_mm256_srli_epi32(all, 8)),
                         right_bottom = _mm256_cvtepi32_ps(_mm256_srli_epi32(all, 24));
            const __m256 fx = _mm256_loadu_ps(run.fx + i + k);
            const __m256 top = _mm256_fmadd_ps(fx, _mm256_sub_ps(right_top, left_top), left_top);
            const __m256 bottom =
                _mm256_fmadd_ps(fx, _mm256_sub_ps(right_bottom, left_bottom), left_bottom);
            __m256 value =
                _mm256_fmadd_ps(_mm256_loadu_ps(run.fy + i + k), _mm256_sub_ps(bottom, top), top);
            if (Normalized) value = _mm256_mul_ps(_mm256_sub_ps(value, shift), scale);
            _mm256_storeu_ps(out + k, value);
        }
    }
};

// Three channels: of eight bytes of a source row, six are both taps of a pixel.
struct Avx2C3Bytes {
    static constexpr int channels = 3;
    static constexpr int excess = 1;
    static constexpr bool reads_bytes = true;

    static BATCHWARP_INLINE __m256 taps(const uint8_t* from) {
        const __m128i bytes = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(from));
        return _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(bytes));
    }

    template <bool Normalized>
    static BATCHWARP_INLINE void block(const Run& run, int32_t i, float* out) {
        const __m128 shift = _mm_load_ps(run.shift), scale = _mm_load_ps(run.scale);
        const __m256i right_tap = _mm256_setr_epi32(3, 4, 5, 6, 7, 7, 7, 7);
        for (int32_t k = i; k < i + warp_block; ++k, out += 3) {
            const __m256 top = taps(run.bytes + run.offset[k]);
            const __m256 bottom = taps(run.bytes_below + run.offset[k]);
            const __m256 both =
                _mm256_fmadd_ps(_mm256_set1_ps(run.fy[k]), _mm256_sub_ps(bottom, top), top);
            const __m128 left = _mm256_castps256_ps128(both);
            const __m128 right = _mm256_castps256_ps128(_mm256_permutevar8x32_ps(both, right_tap));
            __m128 value = _mm_fmadd_ps(_mm_set1_ps(run.fx[k]), _mm_sub_ps(right, left), left);
            if (Normalized) value = _mm_mul_ps(_mm_sub_ps(value, shift), scale);
            _mm_storeu_ps(out, value);
        }
    }
};

static_assert(PixelPass<Avx2C1Bytes, 1> && PixelPass<Avx2BytePairs, 1> &&
              PixelPass<Avx2C3Bytes, 3>);

}  // namespace
}  // namespace batchwarp
