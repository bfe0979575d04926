// How the spline kernels go through an image: row by row, each cut into border and interior. What
// is inside gets its coordinates as in coordinates.inl; what is not gets them in double, brought
// inside as SciPy does.

namespace batchwarp {
namespace {

constexpr bool has_period(Extension extension) {
    switch (extension) {
        case Extension::half_symmetric:
        case Extension::whole_symmetric:
        case Extension::periodic:
        case Extension::overlapping:
            return true;
        case Extension::none:
        case Extension::constant:
        case Extension::replicate:
            return false;
    }
    return false;
}

// Calls `body` with the extension as a type whose `value` is a constant.
template <Extension extension>
struct OfExtension {
    static constexpr Extension value = extension;
};
template <class Body>
BATCHWARP_INLINE auto with_extension(Extension extension, Body&& body) {
    switch (extension) {
        case Extension::none:
            break;
        case Extension::constant:
            return body(OfExtension<Extension::constant>());
        case Extension::replicate:
            return body(OfExtension<Extension::replicate>());
        case Extension::half_symmetric:
            return body(OfExtension<Extension::half_symmetric>());
        case Extension::whole_symmetric:
            return body(OfExtension<Extension::whole_symmetric>());
        case Extension::periodic:
            return body(OfExtension<Extension::periodic>());
        case Extension::overlapping:
            return body(OfExtension<Extension::overlapping>());
    }
    return body(OfExtension<Extension::none>());
}

// map_coordinate of one axis without branches, so that loops over pixels become vectors. SciPy's
// operations in SciPy's order: where coordinates jump, their last bit shows. For extensions that
// have a period.
//
// Near: the coordinate is known to lie within one and a half periods of zero, which saves the
// division and changes no bit.
template <Extension extension, bool Near>
struct ExactAxis {
    double last, size, period;

    BATCHWARP_INLINE explicit ExactAxis(int32_t extent) {
        size = extent;
        last = size - 1;
        period = period_of(extension, size);
    }

    BATCHWARP_INLINE bool is_near(double in) const { return fabs(in) < 1.5 * period - 1; }

    // How far whole periods reach, for a distance that is not negative.
    BATCHWARP_INLINE double whole_periods(double distance) const {
        if constexpr (Near) return distance >= period ? period : 0.0;
        return period * static_cast<double>(static_cast<int32_t>(distance / period));
    }

    BATCHWARP_INLINE double inside(double in) const {
        const bool below = in < 0;
        if constexpr (extension == Extension::overlapping || extension == Extension::periodic) {
            const double beyond = extension == Extension::overlapping ? -in : -1 - in;
            const double turns = whole_periods(below ? beyond : in);
            const double low = in + (turns + period), high = in - turns;
            return below ? low : in > last ? high : in;
        } else {
            const double turns = whole_periods(fabs(in));
            const double high = in - turns;
            if constexpr (extension == Extension::whole_symmetric) {
                const double low = turns + in;
                const double from_low = low <= 1 - size ? low + period : -low;
                const double from_high = high >= size ? period - high : high;
                return below ? from_low : in > last ? from_high : in;
            } else {
                const double low = in < -period ? turns + in : in;
                const double from_low =
                    low < -size ? low + period : (low > -1e-15 ? 1e-15 : -low) - 1;
                const double from_high = high >= size ? period - high - 1 : high;
                return below ? from_low : in > last ? from_high : in;
            }
        }
    }
};

// c * m01 and c * m11 for each output column c: what the columns add to a row's coordinates.
void fill_products(const WarpJob& job) {
    double* __restrict y = job.scratch.column_y;
    double* __restrict x = job.scratch.column_x;
    const double first = source_column(job, 0), direction = job.flip_horizontal ? -1 : 1;
    const double slope_y = job.m01, slope_x = job.m11;
    const int32_t slots = (job.target_width + warp_block - 1) & -warp_block;
    for (int32_t c = 0; c < slots; ++c) {
        y[c] = (first + direction * c) * slope_y;
        x[c] = (first + direction * c) * slope_x;
    }
}

// Columns [begin, end) of row i: border up to `inside`, interior up to `outside`, border up to
// `stop`. All but `end` are multiples of the block, so that which pixels share a block depends on
// the row alone.
struct Segments {
    const Rows& rows;
    int32_t i, begin, inside, outside, stop, end;

    BATCHWARP_INLINE Segments(const Rows& of, int32_t row, int32_t from, int32_t to)
        : rows(of), i(row), begin(from), end(to) {
        const auto up = [](int32_t c) { return (c + warp_block - 1) & -warp_block; };
        const int32_t last = rows.interior_end[i], first = last > 0 ? rows.interior_begin[i] : 0;
        stop = up(end);
        inside = up(first > begin ? first : begin);
        outside = (last < stop ? last : stop) & -warp_block;
        if (inside >= outside) inside = outside = stop;
    }

    BATCHWARP_INLINE Span span(int32_t from, int32_t to) const {
        return {from, to - from, from - begin};
    }
};

// Whether all coordinates of a span are near, on both axes. They grow or fall along a row, so its
// ends decide.
template <Extension extension>
BATCHWARP_INLINE bool is_near(const WarpJob& job, const Segments& segments, Span span) {
    const ExactAxis<extension, true> vertical(job.height), horizontal(job.width);
    const double *y = job.scratch.column_y + span.c, *x = job.scratch.column_x + span.c;
    const double base_y = segments.rows.base_y[segments.i],
                 base_x = segments.rows.base_x[segments.i];
    const int32_t end = span.count - 1;
    return vertical.is_near(base_y + y[0]) && vertical.is_near(base_y + y[end]) &&
           horizontal.is_near(base_x + x[0]) && horizontal.is_near(base_x + x[end]);
}

// Writes the fill value to those border pixels of a run whose `outside` is not zero.
void fill_outside(const WarpJob& job, const float* outside, const Segments& segments, float* out) {
    const int32_t channels = job.channels;
    const auto fill = [&](int32_t from, int32_t to) {
        const float* __restrict marks = outside + (from - segments.begin);
        float* __restrict pixel = out + static_cast<int64_t>(from - segments.begin) * channels;
        for (int32_t k = 0; k < channels; ++k) {
            const float value = normalized(job, static_cast<float>(job.cval), k);
            if (channels == 1)
                for (int32_t i = 0; i < to - from; ++i) pixel[i] = marks[i] != 0 ? value : pixel[i];
            else
                for (int32_t i = 0; i < to - from; ++i)
                    if (marks[i] != 0) pixel[int64_t{i} * channels + k] = value;
        }
    };
    fill(segments.begin, segments.inside < segments.end ? segments.inside : segments.end);
    fill(segments.outside, segments.end);
}

// Goes through the rows of a job, one row or a part of it at a time: `place` computes where its
// pixels lie, `sample` makes them.
void each_run(const SplineJob& job, void (*place)(const SplineJob&, const Segments&),
              void (*sample)(const Run&, const SplineJob&)) {
    Run run = start_run(job);
    const Slope slope_y(job, job.m01), slope_x(job, job.m11);
    Rows rows;
    for (int32_t r = job.row_begin; r < job.row_end; ++r) {
        const int32_t i = (r - job.row_begin) % row_block;
        if (i == 0) {
            start_rows(job, r, rows);
            if (job.small)  // all columns are placed alike
                memset(rows.interior_end, 0, sizeof rows.interior_end);
            else
                bound_columns(job, slope_y, slope_x, coordinate_margin, rows, rows.interior_begin,
                              rows.interior_end);
        }
        for (int32_t begin = 0; begin < job.target_width; begin += warp_chunk) {
            const int32_t rest = job.target_width - begin;
            const Segments segments(rows, i, begin,
                                    begin + (rest < warp_chunk ? rest : warp_chunk));
            run.count = segments.end - begin;
            place(job, segments);
            sample(run, job);
            if (job.border.coordinates == Extension::constant)
                fill_outside(job, job.outside, segments, run.target);
            run.target += static_cast<int64_t>(run.count) * job.channels;
        }
    }
}

}  // namespace
}  // namespace batchwarp
