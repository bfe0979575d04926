// The pixel pass of order 1 on bytes of three channels, by permutations of bytes (VBMI).

namespace batchwarp {
namespace {

// Sixteen pixels are three whole vectors of values. Their taps, eight bytes from each source row,
// are brought together eight pixels to a register, and permutations spread them: each byte becomes
// the lowest of a float of 2^23 or more, whose last bit counts one. Differences of such floats are
// exact, and so is what 2^23 subtracted leaves. The steps are those of Avx512C3.
struct VbmiC3Bytes {
    static constexpr int channels = 3;
    static constexpr int excess = 0;
    static constexpr bool reads_bytes = true;

    static BATCHWARP_INLINE __m128i two_pixels(const uint8_t* source, const int32_t* offset) {
        const __m128 first =
            _mm_castsi128_ps(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(source + offset[0])));
        return _mm_castps_si128(
            _mm_loadh_pi(first, reinterpret_cast<const __m64*>(source + offset[1])));
    }

    static BATCHWARP_INLINE __m256i four_pixels(const uint8_t* source, const int32_t* offset) {
        return _mm256_inserti128_si256(_mm256_castsi128_si256(two_pixels(source, offset)),
                                       two_pixels(source, offset + 2), 1);
    }

    // Of the eight bytes of a pixel, the last two become 0 and what is at the top of 2^23.
    static BATCHWARP_INLINE __m512i eight_pixels(const uint8_t* source, const int32_t* offset) {
        const __m512i all = _mm512_inserti64x4(_mm512_castsi256_si512(four_pixels(source, offset)),
                                               four_pixels(source, offset + 4), 1);
        constexpr int and_or = 0xea;  // (a & b) | c
        return _mm512_ternarylogic_epi64(all, _mm512_set1_epi64(0x0000ffffffffffff),
                                         _mm512_set1_epi64(0x4b00000000000000), and_or);
    }

    // The taps of two times eight pixels.
    struct Taps {
        __m512i first, second;

        // The values of vector `part`.
        template <int part>
        BATCHWARP_INLINE __m512 spread(__m512i index) const {
            if constexpr (part == 0)
                return _mm512_castsi512_ps(_mm512_permutexvar_epi8(index, first));
            else if constexpr (part == 2)
                return _mm512_castsi512_ps(_mm512_permutexvar_epi8(index, second));
            else
                return _mm512_castsi512_ps(_mm512_permutex2var_epi8(first, index, second));
        }
    };

    // Of value k of vector `part`: its pixel, and which bytes become its float.
    template <int part>
    static constexpr int pixel_of(int k) {
        return (16 * part + k) / channels;
    }
    template <int part>
    static constexpr int bytes_of(int k) {
        const int pixel = 8 * pixel_of<part>(k), channel = (16 * part + k) % channels;
        return (pixel + channel) | (pixel + 6) << 8 | (pixel + 6) << 16 | (pixel + 7) << 24;
    }

    template <bool Normalized, int part>
    static BATCHWARP_INLINE void sixteen_values(const Run& run, const Taps& top, const Taps& bottom,
                                                __m512 fx, __m512 fy, float* out) {
        const auto index_of = [](auto&& number_of) {
            return _mm512_setr_epi32(number_of(0), number_of(1), number_of(2), number_of(3),
                                     number_of(4), number_of(5), number_of(6), number_of(7),
                                     number_of(8), number_of(9), number_of(10), number_of(11),
                                     number_of(12), number_of(13), number_of(14), number_of(15));
        };
        const __m512i each = index_of(pixel_of<part>), left_taps = index_of(bytes_of<part>);
        const __m512i right_taps = _mm512_add_epi32(left_taps, _mm512_set1_epi32(channels));
        const __m512 zero = _mm512_set1_ps(1 << 23);
        const __m512 weight = _mm512_permutexvar_ps(each, fy);
        const auto vertical = [&](__m512i index) {
            const __m512 above = top.spread<part>(index), below = bottom.spread<part>(index);
            return _mm512_fmadd_ps(weight, _mm512_sub_ps(below, above), _mm512_sub_ps(above, zero));
        };
        const __m512 left = vertical(left_taps), right = vertical(right_taps);
        __m512 value =
            _mm512_fmadd_ps(_mm512_permutexvar_ps(each, fx), _mm512_sub_ps(right, left), left);
        constexpr int first = 16 * part % channels;
        if (Normalized)
            value = _mm512_mul_ps(_mm512_sub_ps(value, _mm512_loadu_ps(run.shift + first)),
                                  _mm512_loadu_ps(run.scale + first));
        _mm512_storeu_ps(out + 16 * part, value);
    }

    template <bool Normalized>
    static BATCHWARP_INLINE void block(const Run& run, int32_t i, float* out) {
        const __m512 fx = _mm512_loadu_ps(run.fx + i), fy = _mm512_loadu_ps(run.fy + i);
        const uint8_t *source = run.bytes, *below = run.bytes_below;
        const int32_t* offset = run.offset + i;
        const Taps top{eight_pixels(source, offset), eight_pixels(source, offset + 8)};
        const Taps bottom{eight_pixels(below, offset), eight_pixels(below, offset + 8)};
        sixteen_values<Normalized, 0>(run, top, bottom, fx, fy, out);
        sixteen_values<Normalized, 1>(run, top, bottom, fx, fy, out);
        sixteen_values<Normalized, 2>(run, top, bottom, fx, fy, out);
    }
};

static_assert(PixelPass<VbmiC3Bytes, 3>);

}  // namespace
}  // namespace batchwarp
