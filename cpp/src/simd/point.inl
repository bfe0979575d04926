// Spline order 0: each pixel is a copy of the source pixel whose centre is nearest. Which one that
// is shows, so coordinates are double, in SciPy's order of operations, for every pixel.

namespace batchwarp {
namespace {

// The samples nearest to coordinates of one axis: `Inside` of the image, or in any place.
template <FillMode mode, bool Inside, bool Near>
struct PointAxis {
    ExactAxis<mode, Near> exact;
    double last;

    BATCHWARP_INLINE explicit PointAxis(int32_t extent) : exact(extent), last(extent - 1) {}

    BATCHWARP_INLINE int32_t index(double in) const {
        if constexpr (Inside) return static_cast<int32_t>(in + 0.5);
        const int32_t end = static_cast<int32_t>(last);
        if constexpr (mode == FillMode::mirror || mode == FillMode::grid_wrap) {
            // A mapped coordinate may lie up to a pixel beyond the samples, nearer to the next one.
            const double at = exact.inside(in) + 0.5;
            const int32_t nearest = static_cast<int32_t>(clamp_to(at, 0, last + 1));
            if constexpr (mode == FillMode::mirror) return nearest > end ? end - 1 : nearest;
            return nearest > end ? 0 : at < 0 ? end : nearest;
        }
        if constexpr (folds_or_wraps(mode)) in = exact.inside(in);
        return static_cast<int32_t>(clamp_to(in, 0, last) + 0.5);
    }

    BATCHWARP_INLINE bool outside(double in) const {
        if constexpr (mode == FillMode::constant) return in < 0 || in > last;
        return in + 0.5 < 0 || in + 0.5 >= last + 1;  // grid_constant
    }
};

// Offsets of the nearest samples; and, for modes that fill with cval, which pixels they fill.
template <FillMode mode, bool Inside, bool Near>
void point_span(const LinearJob& job, const Cut& cut, Span span) {
    const double* __restrict column_y = job.scratch.column_y + span.c;
    const double* __restrict column_x = job.scratch.column_x + span.c;
    int32_t* __restrict offset = job.scratch.offset + span.at;
    float* __restrict outside = job.scratch.fx + span.at;
    const int32_t stride = static_cast<int32_t>(job.source_row_stride), channels = job.channels;
    const PointAxis<mode, Inside, Near> vertical(job.height), horizontal(job.width);
    const double base_y = cut.rows.base_y[cut.i], base_x = cut.rows.base_x[cut.i];
    const int32_t count = span.count & -linear_block;
    for (int32_t k = 0; k < count; ++k) {
        const double y = base_y + column_y[k], x = base_x + column_x[k];
        offset[k] = vertical.index(y) * stride + horizontal.index(x) * channels;
        if constexpr (fills_outside(mode) && !Inside)
            outside[k] = vertical.outside(y) || horizontal.outside(x) ? 1.0f : 0.0f;
    }
}

template <FillMode mode>
void place_points(const LinearJob& job, const Cut& cut) {
    const auto border = [&](int32_t from, int32_t to) {
        if (from >= to) return;
        const Span span = cut.span(from, to);
        if constexpr (folds_or_wraps(mode)) {
            if (!is_near<mode>(job, cut, span))
                return point_span<mode, false, false>(job, cut, span);
        }
        point_span<mode, false, true>(job, cut, span);
    };
    border(cut.begin, cut.inside);
    if (cut.inside < cut.outside)
        point_span<mode, true, true>(job, cut, cut.span(cut.inside, cut.outside));
    border(cut.outside, cut.stop);
}

// A block's number of pixels is not a constant here: unrolled, compilers would collect values in
// vectors, at one shuffle each, only to store them again.
template <int Channels, bool Normalized>
BATCHWARP_INLINE void copy_block(const Run& run, int32_t begin, int32_t end, float* out) {
    const float* source = run.source;
    if constexpr (Channels == 1) {
        for (int32_t i = begin; i < end; ++i) {
            const float value = source[run.offset[i]];
            *out++ = Normalized ? (value - run.shift[0]) * run.scale[0] : value;
        }
    } else {
        const Four shift = load_four(run.shift), scale = load_four(run.scale);
        for (int32_t i = begin; i < end; ++i, out += Channels) {
            Four value = load_four(source + run.offset[i]);
            if (Normalized) value = (value - shift) * scale;
            store_four(out, value);
        }
    }
}

template <int Channels, bool Normalized>
void copy_channels(const Run& run) {
    // Three channels are written as four, from left to right: all but the run's last pixel.
    const int32_t whole = Channels == 3 ? run.count - 1 : run.count;
    float* out = run.target;
    for (int32_t i = 0; i < whole; i += linear_block, out += linear_block * Channels) {
        prefetch_block(run, i, Channels);
        const int32_t end = i + linear_block < whole ? i + linear_block : whole;
        copy_block<Channels, Normalized>(run, i, end, out);
    }
    if constexpr (Channels == 3) {
        float last[4];
        copy_block<Channels, Normalized>(run, whole, run.count, last);
        memcpy(run.target + static_cast<int64_t>(whole) * Channels, last, 3 * sizeof(float));
    }
}

// Any number of channels, one value after the other.
template <bool Normalized>
void copy_any_channels(const Run& run, const LinearJob& job) {
    float* out = run.target;
    for (int32_t i = 0; i < run.count; ++i, out += job.channels) {
        const float* from = run.source + run.offset[i];
        for (int32_t c = 0; c < job.channels; ++c)
            out[c] = Normalized ? (from[c] - job.shift[c]) * job.scale[c] : from[c];
    }
}

template <int Channels>
void copy_points(const Run& run, const LinearJob& job) {
    const bool normalized = job.shift != nullptr;
    if constexpr (Channels == 0)
        normalized ? copy_any_channels<true>(run, job) : copy_any_channels<false>(run, job);
    else
        normalized ? copy_channels<Channels, true>(run) : copy_channels<Channels, false>(run);
}

void point(const LinearJob& job) {
    using Place = void (*)(const LinearJob&, const Cut&);
    const Place place =
        in_mode(job.mode, [](auto mode) -> Place { return place_points<decltype(mode)::value>; });
    const float* outside = fills_outside(job.mode) ? job.scratch.fx : nullptr;
    switch (job.channels) {
        case 1:
            return each_run(job, place, copy_points<1>, outside);
        case 3:
            return each_run(job, place, copy_points<3>, outside);
        case 4:
            return each_run(job, place, copy_points<4>, outside);
        default:
            return each_run(job, place, copy_points<0>, outside);
    }
}

}  // namespace
}  // namespace batchwarp
