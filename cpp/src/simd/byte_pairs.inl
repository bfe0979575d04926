// Rows of bytes in pairs, for small images of one channel: x86 and NEON.

namespace batchwarp {
namespace {

void pair_bytes(const uint8_t* from, int64_t row_stride, int64_t height, int64_t width,
                uint8_t* to) {
    constexpr int64_t step = 16;
    for (int64_t r = 0; r < height; ++r, from += row_stride, to += 2 * (width + 1)) {
        const uint8_t* top = from;
        const uint8_t* bottom = r + 1 < height ? from + row_stride : from;
        uint8_t* const pairs = to;
        const auto pair = [&](int64_t i) {
#if defined(BATCHWARP_NEON)
            const uint8x16x2_t both = {{vld1q_u8(top + i), vld1q_u8(bottom + i)}};
            vst2q_u8(pairs + 2 * i, both);
#else
            const __m128i a = _mm_loadu_si128(reinterpret_cast<const __m128i*>(top + i));
            const __m128i b = _mm_loadu_si128(reinterpret_cast<const __m128i*>(bottom + i));
            auto* const out = reinterpret_cast<__m128i*>(pairs + 2 * i);
            _mm_storeu_si128(out, _mm_unpacklo_epi8(a, b));
            _mm_storeu_si128(out + 1, _mm_unpackhi_epi8(a, b));
#endif
        };
        if (width >= step) {  // whole vectors; the last one ends with the row
            for (int64_t i = 0; i + step < width; i += step) pair(i);
            pair(width - step);
        } else {
            for (int64_t i = 0; i < width; ++i) {
                pairs[2 * i] = top[i];
                pairs[2 * i + 1] = bottom[i];
            }
        }
        pairs[2 * width] = pairs[2 * width - 2];
        pairs[2 * width + 1] = pairs[2 * width - 1];
    }
}

}  // namespace
}  // namespace batchwarp
