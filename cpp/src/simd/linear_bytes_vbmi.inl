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

    // Broadcasts from memory under a mask: inserts would wait for the unit that permutes.
    static BATCHWARP_INLINE __m256i four_pixels(const uint8_t* source, const int32_t* offset) {
        const auto taps = [&](int k) {
            return _mm_loadl_epi64(reinterpret_cast<const __m128i*>(source + offset[k]));
        };
        const __m128i two = _mm_mask_broadcastq_epi64(taps(0), 1 << 1, taps(1));
        const __m256i three =
            _mm256_mask_broadcastq_epi64(_mm256_castsi128_si256(two), 1 << 2, taps(2));
        return _mm256_mask_broadcastq_epi64(three, 1 << 3, taps(3));
    }

    static BATCHWARP_INLINE __m512i eight_pixels(__m256i first, __m256i second) {
        return _mm512_inserti64x4(_mm512_castsi256_si512(first), second, 1);
    }

    // The taps of two times eight pixels.
    struct Taps {
        __m512i first, second;

        // The values of vector `part`: the lowest byte of each float is permuted, the others are
        // those of the index.
        template <int part>
        BATCHWARP_INLINE __m512 spread(__m512i index) const {
            constexpr __mmask64 lowest = 0x1111111111111111;
            if constexpr (part == 1)
                return _mm512_castsi512_ps(
                    _mm512_mask2_permutex2var_epi8(first, index, lowest, second));
            else
                return _mm512_castsi512_ps(
                    _mm512_mask_permutexvar_epi8(index, lowest, index, part == 0 ? first : second));
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
        return 0x4b000000 | (pixel + channel);
    }

    // The values of vector `part`. `meanwhile(0)` to `meanwhile(2)` is done on the way.
    template <bool Normalized, int part, class Meanwhile>
    static BATCHWARP_INLINE void sixteen_values(const Run& run, const Taps& top, const Taps& bottom,
                                                __m512 fx, __m512 fy, float* out,
                                                Meanwhile&& meanwhile) {
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
        meanwhile(0);
        const __m512 left = vertical(left_taps);
        meanwhile(1);
        const __m512 right = vertical(right_taps);
        meanwhile(2);
        __m512 value =
            _mm512_fmadd_ps(_mm512_permutexvar_ps(each, fx), _mm512_sub_ps(right, left), left);
        constexpr int first = 16 * part % channels;
        if (Normalized)
            value = _mm512_mul_ps(_mm512_sub_ps(value, _mm512_loadu_ps(run.shift + first)),
                                  _mm512_loadu_ps(run.scale + first));
        _mm512_storeu_ps(out + 16 * part, value);
    }

    struct Block {
        Taps top, bottom;
    };

    // Reads a block, four pixels of a row with each of the steps 0 to 7.
    struct Reader {
        const uint8_t *source, *below;
        const int32_t* offset;
        __m256i first[4], second[4];

        BATCHWARP_INLINE Reader(const Run& run, int32_t i)
            : source(run.bytes), below(run.bytes_below), offset(run.offset + i) {}

        BATCHWARP_INLINE void read(int step) {
            if (step < 4)
                first[step] = four_pixels(source, offset + 4 * step);
            else if (step < 8)
                second[step - 4] = four_pixels(below, offset + 4 * (step - 4));
        }
        BATCHWARP_INLINE Block block() const {
            return {{eight_pixels(first[0], first[1]), eight_pixels(first[2], first[3])},
                    {eight_pixels(second[0], second[1]), eight_pixels(second[2], second[3])}};
        }
    };

    static BATCHWARP_INLINE Block taps_of(const Run& run, int32_t i) {
        Reader reader(run, i);
        for (int step = 0; step < 8; ++step) reader.read(step);
        return reader.block();
    }

    // Values of a block that has been read. `meanwhile(0)` to `meanwhile(8)` is done on the way.
    template <bool Normalized, class Meanwhile>
    static BATCHWARP_INLINE void values(const Run& run, int32_t i, const Block& taps, float* out,
                                        Meanwhile&& meanwhile) {
        const __m512 fx = _mm512_loadu_ps(run.fx + i), fy = _mm512_loadu_ps(run.fy + i);
        sixteen_values<Normalized, 0>(run, taps.top, taps.bottom, fx, fy, out,
                                      [&](int k) { meanwhile(k); });
        sixteen_values<Normalized, 1>(run, taps.top, taps.bottom, fx, fy, out,
                                      [&](int k) { meanwhile(3 + k); });
        sixteen_values<Normalized, 2>(run, taps.top, taps.bottom, fx, fy, out,
                                      [&](int k) { meanwhile(6 + k); });
    }

    template <bool Normalized>
    static BATCHWARP_INLINE void block(const Run& run, int32_t i, float* out) {
        values<Normalized>(run, i, taps_of(run, i), out, [](int) {});
    }
};

static_assert(PixelPass<VbmiC3Bytes, 3>);

}  // namespace
}  // namespace batchwarp
