// The two passes of a reduction into floats: weighted sums of rows, then of the pixels of a row.

namespace batchwarp {
namespace {

// Up to four rows at a time, so that the sums pass through the first-level cache seldom.
template <int Rows, bool First, class S>
BATCHWARP_INLINE void blend_some(const S* const* rows, const float* weights, int64_t count,
                                 float* __restrict to) {
    const S* from[Rows];
    float weight[Rows];
    for (int t = 0; t < Rows; ++t) {
        from[t] = rows[t];
        weight[t] = weights[t];
    }
    for (int64_t i = 0; i < count; ++i) {
        float sum = weight[0] * static_cast<float>(from[0][i]);
        for (int t = 1; t < Rows; ++t) sum += weight[t] * static_cast<float>(from[t][i]);
        to[i] = First ? sum : to[i] + sum;
    }
}

template <bool First, class S>
void blend_four(const S* const* rows, const float* weights, int32_t taps, int64_t count,
                float* to) {
    switch (taps) {
        case 1:
            return blend_some<1, First>(rows, weights, count, to);
        case 2:
            return blend_some<2, First>(rows, weights, count, to);
        case 3:
            return blend_some<3, First>(rows, weights, count, to);
        default:
            return blend_some<4, First>(rows, weights, count, to);
    }
}

template <class S>
void blend_rows(const S* const* rows, const float* weights, int32_t taps, int64_t count,
                float* to) {
    blend_four<true>(rows, weights, taps, count, to);
    for (int32_t t = 4; t < taps; t += 4)
        blend_four<false>(rows + t, weights + t, taps - t, count, to);
}

// Three or four channels; three are read and written as four, from left to right.
template <int Channels>
void blend_vectors(const BlendJob& job) {
    const auto pixel = [&job](int64_t x) {
        const float* from = job.row + job.first[x] * Channels;
        const float* weights = job.weights + x * job.most;
        const int32_t taps = job.taps[x];
        Four sum = all_four(weights[0]) * load_four(from);
        for (int32_t t = 1; t < taps; ++t)
            sum = Vec::multiply_add(all_four(weights[t]), load_four(from + t * Channels), sum);
        return sum;
    };
    const int64_t last = job.outputs - 1;
    for (int64_t x = 0; x < last; ++x) store_four(job.target + x * Channels, pixel(x));
    float four[4];
    store_four(four, pixel(last));
    memcpy(job.target + last * Channels, four, Channels * sizeof(float));
}

void blend_pixels(const BlendJob& job) {
    const int32_t channels = job.channels;
    if (channels == 3) return blend_vectors<3>(job);
    if (channels == 4) return blend_vectors<4>(job);
    float* to = job.target;
    for (int64_t x = 0; x < job.outputs; ++x)
        for (int32_t c = 0; c < channels; ++c) {
            const float* from = job.row + job.first[x] * channels + c;
            const float* weights = job.weights + x * job.most;
            float sum = weights[0] * from[0];
            for (int32_t t = 1; t < job.taps[x]; ++t) sum += weights[t] * from[t * channels];
            *to++ = sum;
        }
}

}  // namespace
}  // namespace batchwarp
