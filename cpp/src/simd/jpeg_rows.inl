// What becomes of the samples of a JPEG file that somebody else has decoded: chroma twice as wide,
// and colours, both in libjpeg's whole numbers.
//
// Registers of bytes become two of words by lanes and back, so that nothing crosses lanes.

namespace batchwarp {
namespace {

constexpr int64_t jpeg_bytes = sizeof(Sample);  // a register has

BATCHWARP_INLINE Sample jpeg_load_bytes(const uint8_t* from) {
    return Samples::load<jpeg_block>(reinterpret_cast<const int16_t*>(from));
}
BATCHWARP_INLINE void jpeg_store_bytes(uint8_t* to, Sample bytes) {
    Samples::store<jpeg_block>(reinterpret_cast<int16_t*>(to), bytes);
}

/// Frequencies to samples, as the library does it. Levels that are further from the middle than its
/// tables reach are all that its versions differ by.
bool jpeg_samples(int16_t* frequencies, int64_t groups, uint8_t* to, int64_t stride) {
    using S = Samples;
    constexpr int32_t reach = 512;
    const Sample zero = S::all(0), least = S::all(jpeg_middle - reach),
                 most = S::all(jpeg_middle + reach - 1);
    Sample beyond = zero;
    for (int64_t g = 0; g < groups; ++g, frequencies += jpeg_block * S::count, to += S::count) {
        JpegBlocks x;
        for (int k = 0; k < jpeg_block; ++k) {
            x[k] = S::load<jpeg_block>(frequencies + k * S::count);
            S::store<jpeg_block>(frequencies + k * S::count, zero);
        }
        jpeg_inverse<true>(x);
        jpeg_transpose(x);
        jpeg_inverse<false>(x);
        jpeg_transpose(x);
        for (int k = 0; k < jpeg_block; ++k) {
            beyond = S::merged_bits(beyond, S::subtract(x[k], S::clamp(x[k], least, most)));
            S::store_saturated(to + k * stride, x[k]);
        }
    }
    return S::is_zero(beyond);
}

/// Three times a row of samples and another one.
void jpeg_sum_rows(const uint8_t* near, const uint8_t* far, int64_t count, int16_t* sums) {
    using S = Samples;
    constexpr int stride = 2 * jpeg_block;
    for (int64_t i = 0; i < count; i += jpeg_bytes) {
        const Sample a = jpeg_load_bytes(near + i), b = jpeg_load_bytes(far + i);
        S::store<stride>(sums + i, S::add(jpeg_thrice(S::low_bytes(a)), S::low_bytes(b)));
        S::store<stride>(sums + i + jpeg_block,
                         S::add(jpeg_thrice(S::high_bytes(a)), S::high_bytes(b)));
    }
}

/// Twice as many samples as there are sums, of which each has a neighbour on either side.
void jpeg_widen(const int16_t* sums, int64_t count, int32_t round_even, int32_t round_odd,
                uint8_t* to) {
    using S = Samples;
    const Sample for_even = S::all(round_even), for_odd = S::all(round_odd);
    for (int64_t i = 0; i < count; i += S::count) {
        const auto sum = [&](int64_t at) { return S::load<jpeg_block>(sums + at); };
        const Sample here = jpeg_thrice(sum(i));
        const Sample even = S::shift_right<4>(S::add(here, S::add(sum(i - 1), for_even))),
                     odd = S::shift_right<4>(S::add(here, S::add(sum(i + 1), for_odd)));
        jpeg_store_bytes(to + 2 * i,
                         S::saturated(S::zip_low<2>(even, odd), S::zip_high<2>(even, odd)));
    }
}

// As many pixels as a register has bytes, from Y'CbCr to RGB.
BATCHWARP_INLINE void jpeg_rgb_block(const uint8_t* const (&from)[3], int64_t at,
                                     Sample (&color)[3]) {
    using S = Samples;
    const Sample luma = jpeg_load_bytes(from[0] + at), blue = jpeg_load_bytes(from[1] + at),
                 red = jpeg_load_bytes(from[2] + at), middle = S::all(jpeg_middle);
    Sample half[2][3];
    for (int k = 0; k < 2; ++k) {
        const auto words = [k](Sample v) { return k == 0 ? S::low_bytes(v) : S::high_bytes(v); };
        const Sample y = words(luma), cb = S::subtract(words(blue), middle),
                     cr = S::subtract(words(red), middle);
        const JpegSums less = JpegPairs(cb, cr).times(-22554, 65536 - 46802) + half_of(16);
        half[k][0] = S::add(y, jpeg_share<91881>(cr));
        half[k][1] = S::add(y, S::subtract(less.template without_bits<16>(), cr));
        half[k][2] = S::add(y, jpeg_share<116130>(cb));
    }
    for (int c = 0; c < 3; ++c) color[c] = S::saturated(half[0][c], half[1][c]);
}

/// Rows of Y', Cb and Cr to rows of R, G and B.
void jpeg_to_planes(const uint8_t* const (&from)[3], int64_t count, uint8_t* const (&to)[3]) {
    Sample color[3];
    int64_t at = 0;
    for (; at + jpeg_bytes <= count; at += jpeg_bytes) {
        jpeg_rgb_block(from, at, color);
        for (int c = 0; c < 3; ++c) jpeg_store_bytes(to[c] + at, color[c]);
    }
    if (at == count) return;
    jpeg_rgb_block(from, at, color);
    for (int c = 0; c < 3; ++c) memcpy(to[c] + at, &color[c], static_cast<size_t>(count - at));
}

/// The same to pixels of four bytes, of which the last is B once more.
void jpeg_to_fours(const uint8_t* const (&from)[3], int64_t count, uint8_t* to) {
    using S = Samples;
    constexpr int stride = 4 * jpeg_block;
    for (int64_t at = 0; at < count; at += jpeg_bytes) {
        Sample color[3];
        jpeg_rgb_block(from, at, color);
        const Sample first[2] = {S::zip_low<1>(color[0], color[1]),
                                 S::zip_high<1>(color[0], color[1])},
                     last[2] = {S::zip_low<1>(color[2], color[2]),
                                S::zip_high<1>(color[2], color[2])};
        auto* const out = reinterpret_cast<int16_t*>(to + 4 * at);
        for (int k = 0; k < 2; ++k) {
            S::store<stride>(out + 2 * k * jpeg_block, S::zip_low<2>(first[k], last[k]));
            S::store<stride>(out + (2 * k + 1) * jpeg_block, S::zip_high<2>(first[k], last[k]));
        }
    }
}

}  // namespace
}  // namespace batchwarp
