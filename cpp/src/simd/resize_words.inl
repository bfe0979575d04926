// The passes of a resize on registers of 16-bit words, whose 128-bit lanes belong to a row each:
// bytes become pairs of words, one from either of two taps, which one instruction multiplies with a
// pair of weights and adds up. A weight has 23 bits, so it takes two of them.

namespace batchwarp {
namespace {

using Word = Words::Register;

BATCHWARP_INLINE Word whole_sum(Word high, Word low) {
    return Words::add(Words::shift_left<resize_low_bits>(high), low);
}

BATCHWARP_INLINE Word rounded(Word sum) {
    return Words::shift_right<resize_bits>(
        Words::add(sum, Words::all(static_cast<int32_t>(resize_half))));
}

// Byte numbers for Words::shuffle; a negative one makes a zero.
struct alignas(16) Pattern {
    int8_t bytes[16];
};

// Whether the tier multiplies words by one of some weights and adds, so that taps need not lie side
// by side.
template <class W>
concept MultipliesApart =
    requires(typename W::Register r, const int16_t* weights) { W::add_taps(r, weights, r, r); };

// How 16 bytes of pixels become words: for each channel the values of two taps, or for each tap
// those of all channels; for one channel, eight taps.
template <int Channels>
constexpr Pattern tap_pairs() {
    Pattern pattern{};
    for (int k = 0; k < 8; ++k) {
        const int channel = MultipliesApart<Words> ? k % 4 : k / 2,
                  tap = MultipliesApart<Words> ? k / 4 : k % 2;
        int from = Channels == 1 ? k : channel + tap * Channels;
        if (Channels > 1 && channel >= Channels) from = -1;
        pattern.bytes[2 * k] = static_cast<int8_t>(from);
        pattern.bytes[2 * k + 1] = -1;
    }
    return pattern;
}

// Adds the taps of a step, times their high and their low weights, to an output's sums.
template <int Channels, class W>
BATCHWARP_INLINE void add_step(typename W::Register values, const int16_t* weights,
                               typename W::Register& high, typename W::Register& low) {
    constexpr int taps = resize_step_taps(Channels);
    if constexpr (!MultipliesApart<W>) {
        const auto spread = [](const int16_t* from) {
            return Channels == 1 ? W::repeat(from) : W::all_pairs(from);
        };
        high = W::add(high, W::multiply_add(values, spread(weights)));
        low = W::add(low, W::multiply_add(values, spread(weights + taps)));
    } else if constexpr (Channels == 1) {
        high = W::add_products(high, values, W::repeat(weights));
        low = W::add_products(low, values, W::repeat(weights + taps));
    } else {
        W::add_taps(values, weights, high, low);
    }
}

// The sums of four outputs in each row: by channels, or for one channel in four parts.
template <int Channels>
BATCHWARP_INLINE void four_outputs(const uint8_t* const* rows, const int64_t* offset,
                                   const int16_t* weights, int64_t steps, Word (&sum)[4]) {
    constexpr int taps = resize_step_taps(Channels);
    static constexpr Pattern pairs = tap_pairs<Channels>();
    const Word pattern = Words::repeat(pairs.bytes);
    Word high[4], low[4];
    for (int k = 0; k < 4; ++k) high[k] = low[k] = Words::all(0);
    for (int64_t step = 0; step < steps; ++step)
        for (int k = 0; k < 4; ++k) {
            const int16_t* own = weights + (k * steps + step) * 2 * taps;
            const int64_t at = offset[k] + step * taps * Channels;
            const Word values = Words::shuffle(Words::gather(rows, at), pattern);
            add_step<Channels, Words>(values, own, high[k], low[k]);
        }
    for (int k = 0; k < 4; ++k) sum[k] = whole_sum(high[k], low[k]);
}

// 16 bytes of each row.
template <int Channels>
BATCHWARP_INLINE Word sixteen_bytes(const uint8_t* const* rows, const int64_t* offset,
                                    const int16_t* weights, int64_t steps) {
    constexpr int taps = resize_step_taps(Channels);
    alignas(16) static constexpr int8_t without_fourths[16] = {0,  1,  2,  4,  5,  6,  8,  9,
                                                               10, 12, 13, 14, -1, -1, -1, -1};
    Word sum[4];
    if constexpr (Channels == 1) {
        for (int k = 0; k < 4; ++k) {
            Word part[4];
            four_outputs<1>(rows, offset + 4 * k, weights + 8 * k * steps * taps, steps, part);
            sum[k] = Words::add_across(part[0], part[1], part[2], part[3]);
        }
    } else {
        four_outputs<Channels>(rows, offset, weights, steps, sum);
    }
    for (Word& value : sum) value = rounded(value);
    const Word made = Words::narrow(sum[0], sum[1], sum[2], sum[3]);
    return Channels == 3 ? Words::shuffle(made, Words::repeat(without_fourths)) : made;
}

template <int Channels>
void resize_row_group_of(const ResizeRowsJob& job) {
    constexpr int outputs = Channels == 1 ? 16 : 4, taps = resize_step_taps(Channels);
    const int64_t steps = job.steps, count = job.outputs;
    for (int row = 0; row < resize_rows; row += Words::rows) {
        const uint8_t* source[Words::rows];
        uint8_t* target[Words::rows];
        for (int k = 0; k < Words::rows; ++k) {
            source[k] = job.source[row + k];
            target[k] = job.target[row + k];
        }
        const int64_t* offset = job.offset;
        const int16_t* weights = job.weights;
        for (int64_t x = 0; x < count; x += outputs) {
            const Word made = sixteen_bytes<Channels>(source, offset, weights, steps);
            Words::scatter(made, target, x * Channels);
            offset += outputs;
            weights += outputs * steps * 2 * taps;
        }
    }
}

void resize_row_group(const ResizeRowsJob& job) {
    if (job.channels == 1)
        resize_row_group_of<1>(job);
    else if (job.channels == 3)
        resize_row_group_of<3>(job);
    else
        resize_row_group_of<4>(job);
}

// Adds a block's bytes of two rows, times their high and their low weights, to its sums.
template <class W>
BATCHWARP_INLINE void add_rows(typename W::Register first, typename W::Register second,
                               const int16_t* weights, typename W::Register (&high)[4],
                               typename W::Register (&low)[4]) {
    if constexpr (MultipliesApart<W>) {
        W::add_rows(first, second, weights, high, low);
    } else {
        const auto high_weights = W::all_pairs(weights), low_weights = W::all_pairs(weights + 2);
        typename W::Register taps[4];
        W::zip(first, second, taps);
        for (int k = 0; k < 4; ++k) {
            high[k] = W::add(high[k], W::multiply_add(taps[k], high_weights));
            low[k] = W::add(low[k], W::multiply_add(taps[k], low_weights));
        }
    }
}

// As many bytes of an output row as a register has.
BATCHWARP_INLINE void resize_block_of_columns(const uint8_t* const* rows, const int16_t* weights,
                                              int64_t steps, int64_t at, uint8_t* to) {
    Word high[4], low[4];
    for (int k = 0; k < 4; ++k) high[k] = low[k] = Words::all(0);
    for (int64_t step = 0; step < steps; ++step, rows += 2, weights += 4)
        add_rows<Words>(Words::load(rows[0] + at), Words::load(rows[1] + at), weights, high, low);
    for (int k = 0; k < 4; ++k) high[k] = rounded(whole_sum(high[k], low[k]));
    Words::store(to + at, Words::narrow(high[0], high[1], high[2], high[3]));
}

void resize_columns(const uint8_t* const* rows, const int16_t* weights, int64_t steps,
                    int64_t count, uint8_t* to) {
    constexpr int64_t block = sizeof(Word);
    int64_t at = 0;
    if (count >= block) {
        for (; at + block <= count; at += block)
            resize_block_of_columns(rows, weights, steps, at, to);
        // The last block may overlap the one before.
        if (at < count) resize_block_of_columns(rows, weights, steps, count - block, to);
        return;
    }
    for (; at + 16 <= count; at += 16) resize_some_columns<16>(rows, weights, steps, at, to);
    for (; at < count; ++at) resize_some_columns<1>(rows, weights, steps, at, to);
}

// The weight of green does not fit a word; half of it goes with red, half with blue.
void luma(const uint8_t* rgb, uint8_t* to, int64_t pixels) {
    alignas(16) constexpr int8_t red_green[16] = {0, -1, 1, -1, 3, -1, 4,  -1,
                                                  6, -1, 7, -1, 9, -1, 10, -1};
    alignas(16) constexpr int8_t green_blue[16] = {1, -1, 2, -1, 4,  -1, 5,  -1,
                                                   7, -1, 8, -1, 10, -1, 11, -1};
    constexpr int16_t weights[4] = {luma_red, luma_green / 2, luma_green / 2, luma_blue};
    constexpr int64_t block = sizeof(Word), slack = 2;  // pixels; the last load reads some bytes on
    int64_t at = 0;
    for (; at + block + slack <= pixels; at += block) {
        const uint8_t* lane[Words::rows];
        for (int k = 0; k < Words::rows; ++k) lane[k] = rgb + 3 * (at + 16 * k);
        Word grey[4];
        for (int k = 0; k < 4; ++k) {
            const Word colours = Words::gather(lane, 12 * k);
            const Word first = Words::shuffle(colours, Words::repeat(red_green));
            const Word second = Words::shuffle(colours, Words::repeat(green_blue));
            const Word sum = Words::add(Words::multiply_add(first, Words::all_pairs(weights)),
                                        Words::multiply_add(second, Words::all_pairs(weights + 2)));
            grey[k] = Words::shift_right<luma_bits>(Words::add(sum, Words::all(luma_half)));
        }
        Words::store(to + at, Words::narrow(grey[0], grey[1], grey[2], grey[3]));
    }
    plain_luma(rgb + 3 * at, to + at, pixels - at);
}

}  // namespace
}  // namespace batchwarp
