// Loops over bytes, written once; each tier compiles them with its own flags.

namespace batchwarp {
namespace {

// Pixels of four bytes as numbers, red lowest, for loops that become vectors.
BATCHWARP_INLINE uint32_t load_pixel(const uint8_t* from) {
    uint32_t pixel;
    memcpy(&pixel, from, sizeof pixel);
    return pixel;
}
BATCHWARP_INLINE void store_pixel(uint8_t* to, uint32_t pixel) { memcpy(to, &pixel, sizeof pixel); }

// Two values in the even bytes, each times alpha / 255 and rounded.
BATCHWARP_INLINE uint32_t times_alpha(uint32_t two, uint32_t alpha) {
    constexpr uint32_t even = 0x00ff00ff;
    const uint32_t product = two * alpha + 0x00800080;
    return ((((product >> 8) & even) + product) >> 8) & even;
}

void premultiply(const uint8_t* from, uint8_t* to, int64_t pixels) {
    for (int64_t i = 0; i < pixels; ++i) {
        const uint32_t pixel = load_pixel(from + 4 * i), alpha = pixel >> 24;
        const uint32_t red_blue = times_alpha(pixel & 0x00ff00ff, alpha);
        const uint32_t green = times_alpha((pixel >> 8) & 0xff, alpha);
        store_pixel(to + 4 * i, alpha << 24 | green << 8 | red_blue);
    }
}

// 255 / alpha times a value, rounded down, at most 255. The quotient of such small numbers never
// rounds up to a whole one.
BATCHWARP_INLINE uint32_t over_alpha(uint32_t value, float alpha) {
    const float quotient = static_cast<float>(static_cast<int32_t>(255 * value)) / alpha;
    const int32_t whole = static_cast<int32_t>(quotient);
    return static_cast<uint32_t>(whole < 255 ? whole : 255);
}

void unpremultiply(const uint8_t* from, uint8_t* to, int64_t pixels) {
    for (int64_t i = 0; i < pixels; ++i) {
        const uint32_t pixel = load_pixel(from + 4 * i), alpha = pixel >> 24;
        const float divisor = static_cast<float>(static_cast<int32_t>(alpha != 0 ? alpha : 255));
        const uint32_t red = over_alpha(pixel & 0xff, divisor);
        const uint32_t green = over_alpha((pixel >> 8) & 0xff, divisor);
        const uint32_t blue = over_alpha((pixel >> 16) & 0xff, divisor);
        store_pixel(to + 4 * i, alpha << 24 | blue << 16 | green << 8 | red);
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
