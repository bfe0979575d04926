// What all tiers share of a resize: rounding, and columns in plain C++.

namespace batchwarp {
namespace {

constexpr uint32_t resize_half = 1u << (resize_bits - 1);

// Sums wrap around on the way and are right in the end, as the weights of a pixel are bounded.
BATCHWARP_INLINE uint8_t resized(uint32_t sum) {
    const int32_t value = static_cast<int32_t>(sum + resize_half) >> resize_bits;
    return static_cast<uint8_t>(value < 0 ? 0 : value > 255 ? 255 : value);
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

}  // namespace
}  // namespace batchwarp
