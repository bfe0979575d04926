// The operations that change pixels: a loop over the function of each, which every tier compiles
// with its own flags, and what is faster by hand.

namespace batchwarp {
namespace {

// The pattern of channels repeats; spread over a whole number of vectors it turns into a plain
// loop.
template <int Channels, class Function>
BATCHWARP_INLINE void each_value(const Function& function, float* data, int64_t count,
                                 int32_t first_channel) {
    constexpr int period = lanes * Channels;
    int32_t channel[period];
    for (int k = 0; k < period; ++k) channel[k] = first_channel + k % Channels;
    int64_t i = 0;
    for (; i + period <= count; i += period)
        for (int k = 0; k < period; ++k) data[i + k] = function(data[i + k], channel[k]);
    for (int k = 0; i + k < count; ++k) data[i + k] = function(data[i + k], channel[k]);
}

template <class Function>
BATCHWARP_INLINE void change(const Function& function, float* data, int64_t pixels,
                             int32_t channels, int32_t first_channel)
    requires ops::OfValue<Function, float>
{
    switch (channels) {
        case 1:
            return each_value<1>(function, data, pixels, first_channel);
        case 3:
            return each_value<3>(function, data, pixels * 3, first_channel);
        case 4:
            return each_value<4>(function, data, pixels * 4, first_channel);
        default:
            break;
    }
    for (int64_t i = 0; i < pixels; ++i, data += channels)
        for (int32_t c = 0; c < channels; ++c) data[c] = function(data[c], first_channel + c);
}

BATCHWARP_INLINE float truncated(float v) {
    v = v > 0 ? v : 0.0f;
    v = v < 255 ? v : 255.0f;
    return static_cast<float>(static_cast<int32_t>(v));
}

// The same three roundings as NumPy's x - min, / max, * 255; then Pillow's blend with black.
BATCHWARP_INLINE float brighter_stretched(float v, float factor, float low, float range,
                                          float divisor) {
    v = (v - low) / divisor * 255.0f;
    return truncated(factor * truncated(v)) / 255.0f * range + low;
}

template <class Factor>
BATCHWARP_INLINE void brighten_stretched(float* __restrict data, int64_t count,
                                         const Factor& factor, float low, float range) {
    const float divisor = range != 0 ? range : 1.0f;
    int64_t i = 0;
    for (; i + lanes <= count; i += lanes)
        for (int k = 0; k < lanes; ++k)
            data[i + k] = brighter_stretched(data[i + k], factor(k), low, range, divisor);
    for (int k = 0; i + k < count; ++k)
        data[i + k] = brighter_stretched(data[i + k], factor(k), low, range, divisor);
}

// Of values from 0 to 255. Factors below 0 and above 256 do what these two do, and no more than a
// level of 255 needs to be kept within limits.
template <class Factors>
BATCHWARP_INLINE void brighten_bytes(float* data, int64_t count, const Factors& factors) {
    using L = Lanes;
    const auto least = L::all(0.0f), most = L::all(255.0f);
    const auto some = [&](float* values) {
        for (int k = 0; k < lanes; k += L::count) {
            const auto value = L::min(L::max(L::load(values + k), least), most);
            const auto level = L::without_fraction(value);
            const auto brighter = L::min(L::multiply(factors(k), level), most);
            L::store(values + k, L::without_fraction(brighter));
        }
    };
    int64_t i = 0;
    for (; i + lanes <= count; i += lanes) some(data + i);
    if (i == count) return;
    float rest[lanes] = {};
    const auto left = static_cast<size_t>(count - i) * sizeof(float);
    memcpy(rest, data + i, left);
    some(rest);
    memcpy(data + i, rest, left);
}

// Whether values are stretched decides once for all, and alpha has a factor like any other. A
// table of factors is made for images with alpha only: small ones feel it.
BATCHWARP_INLINE void change(const ops::KerasBrightness::Function<float>& function, float* data,
                             int64_t pixels, int32_t channels, int32_t first_channel) {
    const int64_t count = pixels * channels;
    const float low = function.low(), extent = function.extent();
    const bool stretches = function.stretches();
    const auto factor_of = [&](int32_t channel) {
        const float factor = function.factor(channel);
        if (stretches) return factor;
        return factor > 0 ? (factor < 256 ? factor : 256.0f) : 0.0f;
    };
    if (channels == 4) {
        float factors[lanes];
        for (int k = 0; k < lanes; ++k) factors[k] = factor_of(first_channel + k % 4);
        const float* __restrict pattern = factors;
        if (stretches)
            brighten_stretched(data, count, [pattern](int k) { return pattern[k]; }, low, extent);
        else
            brighten_bytes(data, count, [pattern](int k) { return Lanes::load(pattern + k); });
    } else {
        const float factor = factor_of(first_channel);
        if (stretches)
            brighten_stretched(data, count, [factor](int) { return factor; }, low, extent);
        else
            brighten_bytes(data, count, [factor](int) { return Lanes::all(factor); });
    }
}

// Each channel is stretched by numbers of its own.
BATCHWARP_INLINE void change(const ops::AutoContrast::Function<float>& function, float* data,
                             int64_t pixels, int32_t channels, int32_t first_channel) {
    constexpr int32_t most = 4;
    if (channels > most) {
        for (int64_t i = 0; i < pixels; ++i, data += channels)
            for (int32_t c = 0; c < channels; ++c) data[c] = function(data[c], first_channel + c);
        return;
    }
    const Range<float> limits = function.limits();
    ColorScale by[most];
    for (int32_t c = 0; c < channels; ++c) {
        const int32_t channel = first_channel + c;
        if (function.changes(channel))
            by[c] = {function.darkest(channel), function.factor(channel), limits.low, limits.low,
                     limits.high};
        else
            by[c] = {0, 1, 0, limits.low, limits.high};
    }
    scale_channels(by, data, pixels, channels);
}

template <class Op>
void pixel_kernel(const void* function, float* data, int64_t pixels, int32_t channels,
                  int32_t first_channel) {
    // A copy: what is written to `data` cannot change it.
    const auto own = *static_cast<const ops::FunctionOf<Op, float>*>(function);
    change(own, data, pixels, channels, first_channel);
}

template <class Op>
constexpr PixelKernel pixel_kernel_of() {
    if constexpr (ops::ChangesPixels<Op>)
        if constexpr (!ops::OfNeighbours<ops::FunctionOf<Op, float>, float>)
            return pixel_kernel<Op>;
    return nullptr;
}

template <class Op>
void row_kernel(const void* function, float* __restrict above, float* __restrict row,
                const float* __restrict below, float* __restrict sums, int64_t count,
                int64_t step) {
    const auto own = *static_cast<const ops::FunctionOf<Op, float>*>(function);
    ops::change_row(own, above, row, below, sums, count, step);
}

template <class Op>
constexpr RowKernel row_kernel_of() {
    if constexpr (ops::ChangesPixels<Op>)
        if constexpr (ops::OfNeighbours<ops::FunctionOf<Op, float>, float>) return row_kernel<Op>;
    return nullptr;
}

template <class List>
constexpr PixelKernel pixel_kernels[1] = {};
template <class... Ops>
constexpr PixelKernel pixel_kernels<ops::List<Ops...>>[] = {pixel_kernel_of<Ops>()...};

template <class List>
constexpr RowKernel row_kernels[1] = {};
template <class... Ops>
constexpr RowKernel row_kernels<ops::List<Ops...>>[] = {row_kernel_of<Ops>()...};

}  // namespace
}  // namespace batchwarp
