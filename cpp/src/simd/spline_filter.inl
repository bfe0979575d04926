// The prefilter of spline orders 2 to 5: samples become B-spline coefficients, in place.
//
// Each pole is a recursion along a line, first forwards and then backwards. A recursion cannot be a
// vector along its own direction, so sixteen lines run side by side: adjacent columns for the
// vertical pass, and sixteen rows, transposed into a panel of their own, for the horizontal one.

namespace batchwarp {
namespace {

// Sixteen adjacent lines; sample i of them is at data + i * step.
struct SixteenLines {
    float* data;
    int64_t step;
    int32_t length;

    BATCHWARP_INLINE Sixteen load(int32_t i) const { return Sixteen::load(data + i * step); }
    BATCHWARP_INLINE void store(int32_t i, const Sixteen& v) const { v.store(data + i * step); }

    BATCHWARP_INLINE Sixteen start(const SplineStart& terms) const {
        Sixteen sum = Sixteen::zero();
        for (int32_t i = 0; i < terms.count; ++i)
            sum.add_scaled(terms.weight[i], load(terms.at[i]));
        return sum;
    }

    BATCHWARP_INLINE void filter(const SplinePole& pole) const {
        Sixteen state = start(pole.causal);
        store(0, state);
        for (int32_t i = 1; i < length; ++i) {
            Sixteen here = load(i);
            here.add_scaled(pole.z, state);
            store(i, here);
            state = here;
        }
        state = start(pole.anticausal);
        store(length - 1, state);
        // z * (after - here), arranged so that only one operation waits for the previous sample.
        for (int32_t i = length - 2; i >= 0; --i) {
            Sixteen here = Sixteen::zero();
            here.add_scaled(-pole.z, load(i));
            here.add_scaled(pole.z, state);
            store(i, here);
            state = here;
        }
    }
};

// NOLINTNEXTLINE(readability-non-const-parameter): SixteenLines writes through it
void spline_filter_columns(float* data, int64_t row_stride, int32_t height, int64_t values,
                           const SplineFilter& filter) {
    for (int64_t at = 0; at < values; at += spline_lanes)
        for (int32_t p = 0; p < filter.poles; ++p)
            SixteenLines{data + at, row_stride, height}.filter(filter.pole[p]);
}

// Four columns of sixteen rows, times `gain`, to or from four adjacent groups of the panel.
BATCHWARP_INLINE void pack_columns(const float* rows, int64_t row_stride, Four gain, float* panel) {
    for (int r = 0; r < spline_lanes; r += 4) {
        const float* at = rows + r * row_stride;
        Four a = load_four(at), b = load_four(at + row_stride), c = load_four(at + 2 * row_stride),
             d = load_four(at + 3 * row_stride);
        transpose(a, b, c, d);
        store_four(panel + r, a * gain);
        store_four(panel + r + spline_lanes, b * gain);
        store_four(panel + r + 2 * spline_lanes, c * gain);
        store_four(panel + r + 3 * spline_lanes, d * gain);
    }
}
BATCHWARP_INLINE void unpack_columns(const float* panel, float* rows, int64_t row_stride) {
    for (int r = 0; r < spline_lanes; r += 4) {
        float* at = rows + r * row_stride;
        Four a = load_four(panel + r), b = load_four(panel + r + spline_lanes),
             c = load_four(panel + r + 2 * spline_lanes),
             d = load_four(panel + r + 3 * spline_lanes);
        transpose(a, b, c, d);
        store_four(at, a);
        store_four(at + row_stride, b);
        store_four(at + 2 * row_stride, c);
        store_four(at + 3 * row_stride, d);
    }
}

void spline_filter_rows(float* data, int64_t row_stride, int32_t width, int32_t channels,
                        const SplineFilter& filter, float gain, float* panel) {
    const int64_t values = int64_t{width} * channels;
    for (int64_t i = 0; i < values; i += 4)
        pack_columns(data + i, row_stride, all_four(gain), panel + i * spline_lanes);
    for (int32_t c = 0; c < channels; ++c)
        for (int32_t p = 0; p < filter.poles; ++p)
            SixteenLines{panel + c * spline_lanes, int64_t{channels} * spline_lanes, width}.filter(
                filter.pole[p]);
    for (int64_t i = 0; i < values; i += 4)
        unpack_columns(panel + i * spline_lanes, data + i, row_stride);
}

}  // namespace
}  // namespace batchwarp
