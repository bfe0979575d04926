// The passes of a resize in plain C++, for instruction sets without byte shuffles.

namespace batchwarp {
namespace {

constexpr uint32_t resize_half = 1u << (resize_bits - 1);

// Sums wrap around on the way and are right in the end, as the weights of a pixel are bounded.
BATCHWARP_INLINE uint8_t resized(uint32_t sum) {
    const int32_t value = static_cast<int32_t>(sum + resize_half) >> resize_bits;
    return static_cast<uint8_t>(value < 0 ? 0 : value > 255 ? 255 : value);
}

template <int Channels>
BATCHWARP_INLINE void resize_row(const ResizeRowsJob& job, const uint8_t* source, uint8_t* to) {
    constexpr int taps = resize_step_taps(Channels);
    const int16_t* weights = job.weights;
    for (int64_t x = 0; x < job.outputs; ++x, to += Channels) {
        const uint8_t* from = source + job.offset[x];
        uint32_t sum[Channels] = {};
        for (int64_t step = 0; step < job.steps; ++step, weights += 2 * taps)
            for (int t = 0; t < taps; ++t, from += Channels) {
                const int32_t weight = weights[t] * (1 << resize_low_bits) + weights[taps + t];
                for (int c = 0; c < Channels; ++c)
                    sum[c] += static_cast<uint32_t>(from[c] * weight);
            }
        for (int c = 0; c < Channels; ++c) to[c] = resized(sum[c]);
    }
}

void resize_row_group(const ResizeRowsJob& job) {
    for (int row = 0; row < resize_rows; ++row) {
        const uint8_t* source = job.source[row];
        uint8_t* to = job.target[row];
        if (job.channels == 1)
            resize_row<1>(job, source, to);
        else if (job.channels == 3)
            resize_row<3>(job, source, to);
        else
            resize_row<4>(job, source, to);
    }
}

// Some bytes of an output row. Products of two 16-bit numbers are what every vector unit has.
template <int Count>
BATCHWARP_INLINE void resize_some_columns(const uint8_t* const* rows, const int16_t* weights,
                                          int64_t steps, int64_t at, uint8_t* to) {
    uint32_t high[Count] = {}, low[Count] = {};
    for (int64_t step = 0; step < steps; ++step, rows += 2, weights += 4) {
        const uint8_t *a = rows[0] + at, *b = rows[1] + at;
        for (int k = 0; k < Count; ++k) {
            const auto first = static_cast<int16_t>(a[k]), second = static_cast<int16_t>(b[k]);
            high[k] += static_cast<uint32_t>(first * weights[0] + second * weights[1]);
            low[k] += static_cast<uint32_t>(first * weights[2] + second * weights[3]);
        }
    }
    for (int k = 0; k < Count; ++k) to[at + k] = resized((high[k] << resize_low_bits) + low[k]);
}

void resize_columns(const uint8_t* const* rows, const int16_t* weights, int64_t steps,
                    int64_t count, uint8_t* to) {
    int64_t at = 0;
    for (; at + lanes <= count; at += lanes)
        resize_some_columns<lanes>(rows, weights, steps, at, to);
    for (; at < count; ++at) resize_some_columns<1>(rows, weights, steps, at, to);
}

}  // namespace
}  // namespace batchwarp
