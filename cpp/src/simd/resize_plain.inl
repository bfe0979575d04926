// The passes of a resize in plain C++, for instruction sets without byte shuffles.

namespace batchwarp {
namespace {

template <int Channels>
void resize_row(const ResizeRowsJob& job, const uint8_t* source, uint8_t* to) {
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
        if (job.channels == 1)
            resize_row<1>(job, job.source[row], job.target[row]);
        else if (job.channels == 3)
            resize_row<3>(job, job.source[row], job.target[row]);
        else
            resize_row<4>(job, job.source[row], job.target[row]);
    }
}

void resize_columns(const uint8_t* const* rows, const int16_t* weights, int64_t steps,
                    int64_t count, uint8_t* to) {
    int64_t at = 0;
    for (; at + lanes <= count; at += lanes)
        resize_some_columns<lanes>(rows, weights, steps, at, to);
    for (; at < count; ++at) resize_some_columns<1>(rows, weights, steps, at, to);
}

void luma(const uint8_t* rgb, uint8_t* to, int64_t pixels) { plain_luma(rgb, to, pixels); }

}  // namespace
}  // namespace batchwarp
