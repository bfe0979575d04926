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

// The taps of an output are the same in all rows, and so are the branches about them. Three
// channels are read and written as four, from left to right.
template <int Channels>
void blend_vectors(const BlendJob& job) {
    const int64_t last = job.outputs - 1;
    for (int64_t x = 0; x <= last; ++x) {
        const int64_t at = job.first[x] * Channels;
        const float *a = job.row[0] + at, *b = job.row[1] + at;
        const float *c = job.row[2] + at, *d = job.row[3] + at;
        const float* weights = job.weights + x * job.most;
        const int32_t taps = job.taps[x];
        Four weight = all_four(weights[0]);
        Four sum[blend_lines] = {weight * load_four(a), weight * load_four(b),
                                 weight * load_four(c), weight * load_four(d)};
        for (int32_t t = 1; t < taps; ++t) {
            weight = all_four(weights[t]);
            sum[0] = Vec::multiply_add(weight, load_four(a + t * Channels), sum[0]);
            sum[1] = Vec::multiply_add(weight, load_four(b + t * Channels), sum[1]);
            sum[2] = Vec::multiply_add(weight, load_four(c + t * Channels), sum[2]);
            sum[3] = Vec::multiply_add(weight, load_four(d + t * Channels), sum[3]);
        }
        for (int k = 0; k < blend_lines; ++k) {
            float* to = job.target[k] + x * Channels;
            if (x < last) {
                store_four(to, sum[k]);
            } else {
                float four[4];
                store_four(four, sum[k]);
                memcpy(to, four, Channels * sizeof(float));
            }
        }
    }
}

void blend_pixels(const BlendJob& job) {
    const int32_t channels = job.channels;
    if (channels == 3) return blend_vectors<3>(job);
    if (channels == 4) return blend_vectors<4>(job);
    for (int64_t x = 0; x < job.outputs; ++x)
        for (int32_t k = 0; k < channels; ++k) {
            const int64_t at = job.first[x] * channels + k;
            const float *a = job.row[0] + at, *b = job.row[1] + at;
            const float *c = job.row[2] + at, *d = job.row[3] + at;
            const float* weights = job.weights + x * job.most;
            float sum[blend_lines] = {};
            for (int32_t t = 0; t < job.taps[x]; ++t) {
                const int64_t by = int64_t{t} * channels;
                sum[0] += weights[t] * a[by];
                sum[1] += weights[t] * b[by];
                sum[2] += weights[t] * c[by];
                sum[3] += weights[t] * d[by];
            }
            for (int line = 0; line < blend_lines; ++line)
                job.target[line][x * channels + k] = sum[line];
        }
}

}  // namespace
}  // namespace batchwarp
