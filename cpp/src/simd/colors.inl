// Loops over the channels of pixels: linear colours, what is known of each channel, and levels. A
// period of 48 values holds a whole number of pixels of 1, 3 or 4 channels, and of vectors.

namespace batchwarp {
namespace {

constexpr int color_period = 48;

// NaN stays NaN.
BATCHWARP_INLINE float clamped(float v, float low, float high) {
    v = v < low ? low : v;
    return v > high ? high : v;
}

// A ColorMix, in registers.
struct Mix {
    using Float = Lanes::Float;
    Float weights[3][3], offset[3], low[3], high[3];

    BATCHWARP_INLINE explicit Mix(const ColorMix& mix) {
        for (int c = 0; c < 3; ++c) {
            for (int k = 0; k < 3; ++k) weights[c][k] = Lanes::all(mix.weights[c][k]);
            offset[c] = Lanes::all(mix.offset[c]);
            low[c] = Lanes::all(mix.low[c]);
            high[c] = Lanes::all(mix.high[c]);
        }
    }
    BATCHWARP_INLINE Float channel(int c, Float red, Float green, Float blue) const {
        Float v = Lanes::multiply_add(weights[c][0], red, offset[c]);
        v = Lanes::multiply_add(weights[c][1], green, v);
        v = Lanes::multiply_add(weights[c][2], blue, v);
        return Lanes::clamp(v, low[c], high[c]);
    }
};

BATCHWARP_INLINE void mix_some(const Mix& mix, float* pixels) {
    Lanes::Float red, green, blue;
    Lanes::load_three(pixels, red, green, blue);
    Lanes::store_three(pixels, mix.channel(0, red, green, blue), mix.channel(1, red, green, blue),
                       mix.channel(2, red, green, blue));
}

void mix_pixels(const ColorMix& by, float* data, int64_t pixels) {
    const Mix mix(by);
    int64_t i = 0;
    for (; i + Lanes::count <= pixels; i += Lanes::count) mix_some(mix, data + 3 * i);
    if (i == pixels) return;
    float rest[3 * Lanes::count] = {};
    const auto bytes = static_cast<size_t>(pixels - i) * 3 * sizeof(float);
    memcpy(rest, data + 3 * i, bytes);
    mix_some(mix, rest);
    memcpy(data + 3 * i, rest, bytes);
}

BATCHWARP_INLINE void mix_some(const Mix& mix, float* reds, float* greens, float* blues) {
    const Lanes::Float red = Lanes::load(reds), green = Lanes::load(greens),
                       blue = Lanes::load(blues);
    Lanes::store(reds, mix.channel(0, red, green, blue));
    Lanes::store(greens, mix.channel(1, red, green, blue));
    Lanes::store(blues, mix.channel(2, red, green, blue));
}

void mix_planes(const ColorMix& by, float* red, float* green, float* blue, int64_t pixels) {
    const Mix mix(by);
    int64_t i = 0;
    for (; i + Lanes::count <= pixels; i += Lanes::count)
        mix_some(mix, red + i, green + i, blue + i);
    if (i == pixels) return;
    float rest[3][Lanes::count] = {}, *planes[3] = {red + i, green + i, blue + i};
    const auto bytes = static_cast<size_t>(pixels - i) * sizeof(float);
    for (int c = 0; c < 3; ++c) memcpy(rest[c], planes[c], bytes);
    mix_some(mix, rest[0], rest[1], rest[2]);
    for (int c = 0; c < 3; ++c) memcpy(planes[c], rest[c], bytes);
}

template <int Channels>
BATCHWARP_INLINE void scale_fixed(const ColorScale* by, float* data, int64_t count) {
    float pivot[color_period], factor[color_period], offset[color_period];
    float low[color_period], high[color_period];
    for (int k = 0; k < color_period; ++k) {
        const ColorScale& channel = by[k % Channels];
        pivot[k] = channel.pivot;
        factor[k] = channel.factor;
        offset[k] = channel.offset;
        low[k] = channel.low;
        high[k] = channel.high;
    }
    int64_t i = 0;
    for (; i + color_period <= count; i += color_period)
        for (int k = 0; k < color_period; ++k)
            data[i + k] =
                clamped((data[i + k] - pivot[k]) * factor[k] + offset[k], low[k], high[k]);
    for (int k = 0; i + k < count; ++k)
        data[i + k] = clamped((data[i + k] - pivot[k]) * factor[k] + offset[k], low[k], high[k]);
}

void scale_channels(const ColorScale* by, float* data, int64_t pixels, int32_t channels) {
    switch (channels) {
        case 1:
            return scale_fixed<1>(by, data, pixels);
        case 3:
            return scale_fixed<3>(by, data, pixels * 3);
        case 4:
            return scale_fixed<4>(by, data, pixels * 4);
        default:
            break;
    }
    for (int64_t i = 0; i < pixels; ++i, data += channels)
        for (int32_t c = 0; c < channels; ++c)
            data[c] = clamped((data[c] - by[c].pivot) * by[c].factor + by[c].offset, by[c].low,
                              by[c].high);
}

// Floats add up so little of them exactly if they are whole numbers of 16 bits.
template <int Channels>
BATCHWARP_INLINE void sums_fixed(const float* data, int64_t count, double* sums) {
    constexpr int64_t most = 64 * color_period;
    double all[color_period] = {};
    int64_t i = 0;
    while (i + color_period <= count) {
        const int64_t left = (count - i) / color_period * color_period;
        const int64_t end = i + (left < most ? left : most);
        float some[color_period] = {};
        for (; i < end; i += color_period)
            for (int k = 0; k < color_period; ++k) some[k] += data[i + k];
        for (int k = 0; k < color_period; ++k) all[k] += static_cast<double>(some[k]);
    }
    for (int k = 0; i + k < count; ++k) all[k] += static_cast<double>(data[i + k]);
    for (int k = 0; k < color_period; ++k) sums[k % Channels] += all[k];
}

void channel_sums(const float* data, int64_t pixels, int32_t channels, double* sums) {
    for (int32_t c = 0; c < channels; ++c) sums[c] = 0;
    switch (channels) {
        case 1:
            return sums_fixed<1>(data, pixels, sums);
        case 3:
            return sums_fixed<3>(data, pixels * 3, sums);
        case 4:
            return sums_fixed<4>(data, pixels * 4, sums);
        default:
            break;
    }
    for (int64_t i = 0; i < pixels; ++i, data += channels)
        for (int32_t c = 0; c < channels; ++c) sums[c] += static_cast<double>(data[c]);
}

template <int Channels>
BATCHWARP_INLINE void ranges_fixed(const float* data, int64_t count, Range<float>* ranges) {
    float low[color_period], high[color_period];
    for (int k = 0; k < color_period; ++k) {
        low[k] = HUGE_VALF;
        high[k] = -HUGE_VALF;
    }
    int64_t i = 0;
    for (; i + color_period <= count; i += color_period)
        for (int k = 0; k < color_period; ++k) {
            const float v = data[i + k];
            low[k] = v < low[k] ? v : low[k];
            high[k] = v > high[k] ? v : high[k];
        }
    for (int k = 0; k < color_period; ++k)
        ranges[k % Channels] = ranges[k % Channels].with({low[k], high[k]});
    for (int k = 0; i + k < count; ++k) ranges[k % Channels].include(data[i + k]);
}

void channel_ranges(const float* data, int64_t pixels, int32_t channels, Range<float>* ranges) {
    for (int32_t c = 0; c < channels; ++c) ranges[c] = Range<float>::none();
    switch (channels) {
        case 1:
            return ranges_fixed<1>(data, pixels, ranges);
        case 3:
            return ranges_fixed<3>(data, pixels * 3, ranges);
        case 4:
            return ranges_fixed<4>(data, pixels * 4, ranges);
        default:
            break;
    }
    for (int64_t i = 0; i < pixels; ++i, data += channels)
        for (int32_t c = 0; c < channels; ++c) ranges[c].include(data[c]);
}

// The nearest of 256 levels, halves up; NaN becomes 0.
BATCHWARP_INLINE Lanes::Int nearest_level(Lanes::Float v) {
    v = Lanes::min(Lanes::max(v, Lanes::all(0.0f)), Lanes::all(255.0f));
    // By what is just below a half: a half itself would round up what is just below it.
    return Lanes::truncated(Lanes::add(v, Lanes::all(0x1.fffffep-2f)));
}

void levels(const float* data, int64_t count, float low, float factor, uint8_t* to) {
    constexpr int block = 64;
    const Lanes::Float from = Lanes::all(low), by = Lanes::all(factor);
    const auto some = [&](const float* values, uint8_t* bytes) {
        int32_t whole[block];
        for (int k = 0; k < block; k += Lanes::count) {
            const Lanes::Float v = Lanes::subtract(Lanes::load(values + k), from);
            Lanes::store(whole + k, nearest_level(Lanes::multiply(v, by)));
        }
        for (int k = 0; k < block; ++k) bytes[k] = static_cast<uint8_t>(whole[k]);
    };
    int64_t i = 0;
    for (; i + block <= count; i += block) some(data + i, to + i);
    if (i == count) return;
    float rest[block] = {};
    uint8_t bytes[block];
    const auto left = static_cast<size_t>(count - i);
    memcpy(rest, data + i, left * sizeof(float));
    some(rest, bytes);
    memcpy(to + i, bytes, left);
}

}  // namespace
}  // namespace batchwarp
