// Loops over bytes, written once; each tier compiles them with its own flags.

namespace batchwarp {
namespace {

// a * b / 255, rounded.
BATCHWARP_INLINE uint8_t times_share(uint32_t a, uint32_t b) {
    const uint32_t product = a * b + 128;
    return static_cast<uint8_t>(((product >> 8) + product) >> 8);
}

void premultiply(const uint8_t* from, uint8_t* to, int64_t pixels) {
    for (int64_t i = 0; i < pixels; ++i, from += 4, to += 4) {
        const uint32_t alpha = from[3];
        for (int c = 0; c < 3; ++c) to[c] = times_share(from[c], alpha);
        to[3] = from[3];
    }
}

void unpremultiply(const uint8_t* from, uint8_t* to, int64_t pixels) {
    for (int64_t i = 0; i < pixels; ++i, from += 4, to += 4) {
        const uint32_t alpha = from[3], divisor = alpha != 0 ? alpha : 255;
        for (int c = 0; c < 3; ++c) {
            const uint32_t whole = 255u * from[c] / divisor;
            to[c] = static_cast<uint8_t>(whole < 255 ? whole : 255);
        }
        to[3] = from[3];
    }
}

constexpr int luma_bits = 16, luma_half = 1 << (luma_bits - 1);
constexpr int luma_red = 19595, luma_green = 38470, luma_blue = 7471;

BATCHWARP_INLINE void plain_luma(const uint8_t* rgb, uint8_t* to, int64_t pixels) {
    for (int64_t i = 0; i < pixels; ++i, rgb += 3)
        to[i] = static_cast<uint8_t>(
            (rgb[0] * luma_red + rgb[1] * luma_green + rgb[2] * luma_blue + luma_half) >>
            luma_bits);
}

}  // namespace
}  // namespace batchwarp
