// The warp of spline orders 2 to 5, on coefficients.
//
// The coefficients have an halo: what lies beyond the edges is written out, as the fill mode wants
// it, far enough for every tap. So all pixels are made alike, and modes differ only in how
// coordinates are brought inside. A run of pixels gets its coordinates, then its weights, then its
// values: each step a plain loop over buffers that stay in L1.

namespace batchwarp {
namespace {

// Coordinates of one axis, brought to where the halo serves them.
template <Extension extension, bool Near>
struct SplineAxis {
    ExactAxis<extension, Near> exact;
    double last, reach;

    BATCHWARP_INLINE SplineAxis(int32_t extent, int32_t padding)
        // Three samples beyond the padding, all taps lie outside of it.
        : exact(extent), last(extent - 1), reach(padding + 3) {}

    BATCHWARP_INLINE double inside(double in) const {
        switch (extension) {
            case Extension::none:
                return clamp_to(in, -reach, last + reach);
            case Extension::constant:
            case Extension::replicate:
                return clamp_to(in, 0, last);
            case Extension::half_symmetric:
            case Extension::whole_symmetric:
            case Extension::periodic:
            case Extension::overlapping:
                return exact.inside(in);
        }
        return in;
    }
};

template <Extension extension, bool Near>
void spline_span(const SplineJob& job, const Segments& segments, Span span) {
    const double* __restrict column_y = job.scratch.column_y + span.c;
    const double* __restrict column_x = job.scratch.column_x + span.c;
    float* __restrict fy = job.scratch.fy + span.at;
    float* __restrict fx = job.scratch.fx + span.at;
    float* __restrict outside = job.outside + span.at;
    int32_t* __restrict offset = job.scratch.offset + span.at;
    const int32_t stride = static_cast<int32_t>(job.source_row_stride), channels = job.channels;
    const SplineAxis<extension, Near> vertical(job.height, job.padding),
        horizontal(job.width, job.padding);
    const double base_y = segments.rows.base_y[segments.i],
                 base_x = segments.rows.base_x[segments.i];
    const double last_y = vertical.last, last_x = horizontal.last;
    const int32_t count = span.count & -warp_block;
    for (int32_t k = 0; k < count; ++k) {
        const double y = base_y + column_y[k], x = base_x + column_x[k];
        const double at_y = vertical.inside(y), at_x = horizontal.inside(x);
        const double whole_y = whole_below(at_y), whole_x = whole_below(at_x);
        fy[k] = static_cast<float>(at_y - whole_y);
        fx[k] = static_cast<float>(at_x - whole_x);
        offset[k] =
            static_cast<int32_t>(whole_y) * stride + static_cast<int32_t>(whole_x) * channels;
        if constexpr (extension == Extension::constant)
            outside[k] = y < 0 || y > last_y || x < 0 || x > last_x ? 1.0f : 0.0f;
    }
}

template <Extension extension>
void place_spline_span(const SplineJob& job, const Segments& segments, Span span) {
    if constexpr (has_period(extension)) {
        if (!is_near<extension>(job, segments, span))
            return spline_span<extension, false>(job, segments, span);
    }
    spline_span<extension, true>(job, segments, span);
}

// Coordinates of one axis of a small image, brought to where the halo serves them. They may be the
// last sample's, or beyond the first one; the columns that fill up a block may be anywhere.
template <Extension extension>
struct SmallSplineAxis {
    using L = Lanes;
    SmallAxis<extension> edges;
    int32_t reach;

    BATCHWARP_INLINE SmallSplineAxis(int32_t extent, int32_t padding)
        : edges(extent), reach((padding + 3) * fixed_whole) {}

    BATCHWARP_INLINE Lanes::Int inside(Lanes::Int at) const {
        const int32_t last = edges.last, half = fixed_whole / 2;
        if constexpr (extension == Extension::none)
            return L::clamp(at, L::all(-reach), L::all(last + reach));
        if constexpr (extension == Extension::half_symmetric)
            return L::clamp(edges.folded(at, -half, last + half), L::all(-half),
                            L::all(last + half));
        if constexpr (extension == Extension::periodic) {
            const int32_t period = last + fixed_whole;
            const auto below = L::less(at, L::all(0)), above = L::less(L::all(period - 1), at);
            at = L::add_where(above, L::add_where(below, at, L::all(period)), L::all(-period));
            return L::clamp(at, L::all(0), L::all(period));
        }
        return edges.inside(at);
    }
};

// Columns of a row of a small image. Where the last bit of a coordinate decides, a block of them is
// placed in double.
template <Extension extension>
void small_spline_span(const SplineJob& job, const Segments& segments, Span span) {
    using L = Lanes;
    constexpr bool decides =
        extension == Extension::constant || extension == Extension::overlapping;
    constexpr int32_t bias = 32 * fixed_whole;  // nothing is farther before the image
    const int32_t stride = static_cast<int32_t>(job.source_row_stride);
    const SmallSplineAxis<extension> vertical(job.height, job.padding),
        horizontal(job.width, job.padding);
    const auto row_y = L::all(segments.rows.fixed_y[segments.i]),
               row_x = L::all(segments.rows.fixed_x[segments.i]);
    const auto stride_and_step = L::all(job.pixel_step << 16 | stride);
    const auto origin = L::all(-32 * (stride + job.pixel_step));
    const auto low_bits = L::all(fixed_whole - 1);
    const auto unit = L::all(static_cast<float>(1 / fixed_one));
    const int32_t count = span.count & -warp_block;
    for (int32_t first = 0; first < count; first += warp_block) {
        bool unsure = false;
        for (int32_t k = first; k < first + warp_block; k += L::count) {
            const auto at_y = L::add(L::load(job.scratch.column_iy + span.c + k), row_y);
            const auto at_x = L::add(L::load(job.scratch.column_ix + span.c + k), row_x);
            const auto y = vertical.inside(at_y), x = horizontal.inside(at_x);
            L::store(job.scratch.fy + span.at + k,
                     L::multiply(L::to_float(L::bits(y, low_bits)), unit));
            L::store(job.scratch.fx + span.at + k,
                     L::multiply(L::to_float(L::bits(x, low_bits)), unit));
            L::store(job.scratch.offset + span.at + k,
                     L::add(L::template sum_of_products<warp_fixed_bits>(
                                L::add(y, L::all(bias)), L::add(x, L::all(bias)), stride_and_step),
                            origin));
            if constexpr (extension == Extension::constant) {
                const auto beyond =
                    L::max(vertical.edges.beyond(at_y), horizontal.edges.beyond(at_x));
                L::store(job.outside + span.at + k,
                         L::where(L::less(L::all(0), beyond), L::all(1.0f), L::all(0.0f)));
                unsure |= L::any(L::less(L::absolute(beyond), L::all(fixed_margin + 1)));
            }
            if constexpr (extension == Extension::overlapping)
                unsure |=
                    L::any(L::less(L::all(-fixed_margin - 1),
                                   L::max(vertical.edges.beyond(y), horizontal.edges.beyond(x))));
        }
        if constexpr (decides)
            if (unsure)
                place_spline_span<extension>(job, segments,
                                             {span.c + first, warp_block, span.at + first});
    }
}

// Weights of one axis, tap by tap, for `count` pixels: central B-splines as in spline/spline.hpp.
// Even orders are centred on the nearest sample: where that is the next one, `offset` moves by
// `step`.
template <int Order>
void weigh(const float* __restrict fraction, int32_t count, float* __restrict weights,
           int32_t* __restrict offset, int32_t step) {
    float* __restrict w0 = weights;
    float* __restrict w1 = weights + warp_chunk_slots;
    float* __restrict w2 = weights + 2 * warp_chunk_slots;
    float* __restrict w3 = weights + 3 * warp_chunk_slots;
    float* __restrict w4 = weights + 4 * warp_chunk_slots;
    float* __restrict w5 = weights + 5 * warp_chunk_slots;
    for (int32_t k = 0; k < count; ++k) {
        float x = fraction[k];
        if constexpr (Order % 2 == 0) {
            offset[k] += x >= 0.5f ? step : 0;
            x = x >= 0.5f ? x - 1.0f : x;
        }
        const float z = 1.0f - x;
        if constexpr (Order == 2) {
            const float left = 0.5f - x, right = 0.5f + x;
            w0[k] = 0.5f * left * left;
            w1[k] = 0.75f - x * x;
            w2[k] = 0.5f * right * right;
        } else if constexpr (Order == 3) {
            w0[k] = z * z * z * (1.0f / 6);
            w1[k] = x * x * (0.5f * x - 1.0f) + 2.0f / 3;
            w2[k] = z * z * (0.5f * z - 1.0f) + 2.0f / 3;
            w3[k] = x * x * x * (1.0f / 6);
        } else if constexpr (Order == 4) {
            const float left = 0.5f - x, right = 0.5f + x, t = x * x;
            const float left2 = left * left, right2 = right * right;
            // Both sides as polynomials in the distance from the knot half a sample away.
            w0[k] = left2 * left2 * (1.0f / 24);
            w1[k] = (((-4.0f * left + 4.0f) * left + 6.0f) * left + 4.0f) * left * (1.0f / 24) +
                    1.0f / 24;
            w2[k] = t * (0.25f * t - 0.625f) + 115.0f / 192;
            w3[k] = (((-4.0f * right + 4.0f) * right + 6.0f) * right + 4.0f) * right * (1.0f / 24) +
                    1.0f / 24;
            w4[k] = right2 * right2 * (1.0f / 24);
        } else {
            const float x2 = x * x, z2 = z * z;
            w0[k] = z2 * z2 * z * (1.0f / 120);
            w1[k] = (((((5.0f * z - 5.0f) * -z + 10.0f) * z + 10.0f) * z + 5.0f) * z + 1.0f) *
                    (1.0f / 120);
            w2[k] = x2 * (x2 * (0.25f - x * (1.0f / 12)) - 0.5f) + 0.55f;
            w3[k] = z2 * (z2 * (0.25f - z * (1.0f / 12)) - 0.5f) + 0.55f;
            w4[k] = (((((5.0f * x - 5.0f) * -x + 10.0f) * x + 10.0f) * x + 5.0f) * x + 1.0f) *
                    (1.0f / 120);
            w5[k] = x2 * x2 * x * (1.0f / 120);
        }
    }
}

void weigh_run(const SplineJob& job, int32_t count) {
    const WarpScratch& s = job.scratch;
    const int32_t stride = static_cast<int32_t>(job.source_row_stride), channels = job.channels;
    float *down = job.weights, *across = job.weights + spline_taps * warp_chunk_slots;
    count &= -warp_block;
    switch (job.order) {
        case 2:
            weigh<2>(s.fy, count, down, s.offset, stride);
            return weigh<2>(s.fx, count, across, s.offset, channels);
        case 3:
            weigh<3>(s.fy, count, down, s.offset, stride);
            return weigh<3>(s.fx, count, across, s.offset, channels);
        case 4:
            weigh<4>(s.fy, count, down, s.offset, stride);
            return weigh<4>(s.fx, count, across, s.offset, channels);
        default:
            weigh<5>(s.fy, count, down, s.offset, stride);
            return weigh<5>(s.fx, count, across, s.offset, channels);
    }
}

template <Extension extension>
void place_spline(const SplineJob& job, const Segments& segments) {
    const auto border = [&](int32_t from, int32_t to) {
        if (from >= to) return;
        job.small ? small_spline_span<extension>(job, segments, segments.span(from, to))
                  : place_spline_span<extension>(job, segments, segments.span(from, to));
    };
    border(segments.begin, segments.inside);
    if (segments.inside < segments.outside)
        interior_span(job, segments.rows, segments.i,
                      segments.span(segments.inside, segments.outside));
    border(segments.outside, segments.stop);
    weigh_run(job, segments.stop - segments.begin);
}

// Where a pixel's taps are and what they weigh.
struct SplineTaps {
    const float *source, *down, *across;
    int64_t row_stride;

    BATCHWARP_INLINE SplineTaps(const Run& run, const SplineJob& job, int32_t i)
        : source(run.source + run.offset[i]),
          down(job.weights + i),
          across(job.weights + spline_taps * warp_chunk_slots + i),
          row_stride(run.row_stride) {}

    // Four adjacent values from `at` on, combined over the rows.
    template <int Order>
    BATCHWARP_INLINE Four column(int64_t at) const {
        const float* from = source + at;
        Four sum = all_four(down[0]) * load_four(from);
        for (int t = 1; t <= Order; ++t)
            sum = Vec::multiply_add(all_four(down[t * warp_chunk_slots]),
                                    load_four(from + t * row_stride), sum);
        return sum;
    }

    // Four channels, combined over rows and columns.
    template <int Order>
    BATCHWARP_INLINE Four pixel(int64_t channels) const {
        Four sum = all_four(across[0]) * column<Order>(0);
        for (int t = 1; t <= Order; ++t)
            sum = Vec::multiply_add(all_four(across[t * warp_chunk_slots]),
                                    column<Order>(t * channels), sum);
        return sum;
    }
};

// Four pixels of one channel: their taps are combined over the rows side by side, and transposed
// for the combination over the columns.
template <int Order>
BATCHWARP_INLINE Four four_pixels(const Run& run, const SplineJob& job, int32_t i) {
    const SplineTaps a(run, job, i), b(run, job, i + 1), c(run, job, i + 2), d(run, job, i + 3);
    Four sum = all_four(0);
    for (int first = 0; first <= Order; first += 4) {
        Four taps[4] = {a.column<Order>(first), b.column<Order>(first), c.column<Order>(first),
                        d.column<Order>(first)};
        transpose(taps[0], taps[1], taps[2], taps[3]);
        for (int t = first; t <= Order && t < first + 4; ++t)
            sum =
                Vec::multiply_add(load_four(a.across + t * warp_chunk_slots), taps[t - first], sum);
    }
    return sum;
}

template <int Order>
void sample_one_channel(const Run& run, const SplineJob& job) {
    const Four shift = all_four(run.shift[0]), scale = all_four(run.scale[0]);
    int32_t i = 0;
    for (; i + 4 <= run.count; i += 4)
        store_four(run.target + i, (four_pixels<Order>(run, job, i) - shift) * scale);
    if (i == run.count) return;
    float last[4];
    store_four(last, (four_pixels<Order>(run, job, i) - shift) * scale);
    memcpy(run.target + i, last, static_cast<size_t>(run.count - i) * sizeof(float));
}

// Three or four channels; three are written as four, from left to right.
template <int Order, int Channels>
void sample_channels(const Run& run, const SplineJob& job) {
    const Four shift = load_four(run.shift), scale = load_four(run.scale);
    const int32_t end = run.count - 1;
    float* out = run.target;
    for (int32_t i = 0; i < end; ++i, out += Channels)
        store_four(out, (SplineTaps(run, job, i).pixel<Order>(Channels) - shift) * scale);
    float last[4];
    store_four(last, (SplineTaps(run, job, end).pixel<Order>(Channels) - shift) * scale);
    memcpy(out, last, Channels * sizeof(float));
}

// Any number of channels, four at a time.
template <int Order>
void sample_any_channels(const Run& run, const SplineJob& job) {
    const int32_t channels = job.channels;
    float* out = run.target;
    for (int32_t i = 0; i < run.count; ++i, out += channels)
        for (int32_t c = 0; c < channels; c += 4) {
            SplineTaps taps(run, job, i);
            taps.source += c;
            float four[4];
            store_four(four, taps.pixel<Order>(channels));
            for (int32_t k = c; k < channels && k < c + 4; ++k)
                out[k] = job.shift != nullptr ? (four[k - c] - job.shift[k]) * job.scale[k]
                                              : four[k - c];
        }
}

using SampleSpline = void (*)(const Run&, const SplineJob&);

template <int Order>
SampleSpline sample_spline(int32_t channels) {
    switch (channels) {
        case 1:
            return sample_one_channel<Order>;
        case 3:
            return sample_channels<Order, 3>;
        case 4:
            return sample_channels<Order, 4>;
        default:
            return sample_any_channels<Order>;
    }
}

void spline(const SplineJob& job) {
    using Place = void (*)(const SplineJob&, const Segments&);
    const Place place = with_extension(job.border.coordinates, [](auto extension) -> Place {
        return place_spline<decltype(extension)::value>;
    });
    fill_columns(job);
    fill_products(job);
    const SampleSpline sample = job.order == 2   ? sample_spline<2>(job.channels)
                                : job.order == 3 ? sample_spline<3>(job.channels)
                                : job.order == 4 ? sample_spline<4>(job.channels)
                                                 : sample_spline<5>(job.channels);
    each_run(job, place, sample);
}

}  // namespace
}  // namespace batchwarp
