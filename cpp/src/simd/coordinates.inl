// Where the pixels of an output row lie in the source: the first pass of the warp of orders 0 and
// 1, on the tier's `Lanes`.
//
// Coordinates come from tables: for each column the integer and the fractional part of c * m01 and
// c * m11, computed in double. A row adds its own two parts; fractions that reach 1 carry over. So
// single precision is used for fractions only, and the error does not grow with the image.

namespace batchwarp {
namespace {

BATCHWARP_INLINE double clamp_to(double v, double low, double high) {
    return v > low ? (v < high ? v : high) : low;
}

// Largest integer not above `t`, for |t| below 2^31; unlike floor() it is a vector in every tier.
BATCHWARP_INLINE double whole_below(double t) {
    const double towards_zero = static_cast<double>(static_cast<int32_t>(t));
    return towards_zero > t ? towards_zero - 1 : towards_zero;
}

// Coordinates of small images are in fixed point: clamping them takes two operations an axis.
constexpr double fixed_one = int32_t{1} << warp_fixed_bits;

BATCHWARP_INLINE int32_t to_fixed(double at) {
    return static_cast<int32_t>(whole_below(at * fixed_one + 0.5));
}

// How one source coordinate changes along the output's columns, from left to right.
struct Slope {
    double value, inverse;
    double start;  // what column 0 adds to the row's base

    BATCHWARP_INLINE Slope(const WarpJob& job, double per_column) {
        value = job.flip_horizontal ? -per_column : per_column;
        // Columns that all have the same coordinate are inside together or not at all.
        inverse = fabs(value) < 1e-9 ? 1e300 : 1 / value;
        start = job.flip_horizontal ? (job.target_width - 1) * per_column : 0;
    }
};

// Output rows, started several at a time, in vectors: where each begins in the source, and which
// columns [interior_begin, interior_end) have both taps inside of the image on both axes, a safety
// margin included.
constexpr int32_t row_block = 32;
constexpr int32_t rows_ahead = 8;  // and these, for what is fetched early
constexpr int32_t row_slots = row_block + rows_ahead;

struct Rows {
    double base_y[row_slots], base_x[row_slots];  // o + r * m, as SciPy computes it
    double base_w[row_slots];                     // of projective maps only
    float fy[row_slots], fx[row_slots];
    int32_t iy[row_slots], ix[row_slots];
    int32_t interior_begin[row_slots], interior_end[row_slots];
    int32_t outer_begin[row_slots], outer_end[row_slots];  // the others hold the fill value
    int32_t fixed_y[row_slots], fixed_x[row_slots];        // of small images only
    const double* places;                                  // of the first row, if there are any
    int32_t count;                                         // that the job has, up to `row_block`
};

// Whether each pixel is placed by itself, since no tables of columns serve all rows.
BATCHWARP_INLINE bool is_by_pixel(const WarpJob& job) {
    return job.projects || job.places != nullptr;
}

// Rows `first` and up; what is past the job's last row is like it, and within the same limits.
void start_rows(const WarpJob& job, int32_t first, Rows& rows) {
    const double from = job.flip_vertical ? job.target_height - 1 - first : first;
    const double step = job.flip_vertical ? -1 : 1;
    const int32_t last = job.row_end - 1 - first;
    rows.count = last < row_block ? last + 1 : row_block;
    const double o0 = job.o0, o1 = job.o1, m00 = job.m00, m10 = job.m10;
    for (int32_t i = 0; i < row_slots; ++i) {
        const double r = from + step * (i < last ? i : last);
        rows.base_y[i] = o0 + r * m00;
        rows.base_x[i] = o1 + r * m10;
    }
    if (job.projects) {
        const double one = job.divisor_one, divisor_r = job.divisor_r;
        for (int32_t i = 0; i < row_slots; ++i) {
            const double r = from + step * (i < last ? i : last);
            rows.base_w[i] = one + r * divisor_r;
        }
    }
    if (is_by_pixel(job)) {
        for (int32_t i = 0; i < row_slots; ++i) {
            rows.fy[i] = rows.fx[i] = 0;
            rows.iy[i] = rows.ix[i] = 0;
        }
        if (job.places != nullptr)
            rows.places = job.places + int64_t{2} * (first - job.row_begin) *
                                           warp_column_blocks(job.target_width);
        return;
    }
    if (job.small) {
        for (int32_t i = 0; i < row_slots; ++i) {
            rows.fixed_y[i] = to_fixed(rows.base_y[i]);
            rows.fixed_x[i] = to_fixed(rows.base_x[i]);
        }
        return;
    }
    for (int32_t i = 0; i < row_slots; ++i) {
        const double y = rows.base_y[i], x = rows.base_x[i];
        const double floor_y = whole_below(y), floor_x = whole_below(x);
        rows.fy[i] = static_cast<float>(y - floor_y);
        rows.fx[i] = static_cast<float>(x - floor_x);
        rows.iy[i] = static_cast<int32_t>(floor_y);
        rows.ix[i] = static_cast<int32_t>(floor_x);
    }
}

// The columns of each row whose coordinates are `margin` or more inside of the image:
// margin <= base + start + c * slope <= last - margin, solved for c, on both axes.
void bound_columns(const WarpJob& job, const Slope& slope_y, const Slope& slope_x, double margin,
                   const Rows& rows, int32_t* __restrict begins, int32_t* __restrict ends) {
    const double width = job.target_width, far = job.target_width - 1;
    const double last_y = job.height - 1 - margin, last_x = job.width - 1 - margin;
    const double start_y = slope_y.start, start_x = slope_x.start;
    const double inverse_y = slope_y.inverse, inverse_x = slope_x.inverse;
    if (last_y < margin || last_x < margin) {  // as displacements can be larger than the image
        for (int32_t i = 0; i < row_slots; ++i) begins[i] = ends[i] = 0;
        return;
    }
    for (int32_t i = 0; i < row_slots; ++i) {
        const double y = rows.base_y[i], x = rows.base_x[i];
        const double y1 = (margin - y - start_y) * inverse_y,
                     y2 = (last_y - y - start_y) * inverse_y;
        const double x1 = (margin - x - start_x) * inverse_x,
                     x2 = (last_x - x - start_x) * inverse_x;
        const double begin_y = y1 < y2 ? y1 : y2, end_y = y1 < y2 ? y2 : y1;
        const double begin_x = x1 < x2 ? x1 : x2, end_x = x1 < x2 ? x2 : x1;
        double begin = begin_y > begin_x ? begin_y : begin_x;
        double end = end_y < end_x ? end_y : end_x;
        begin = begin > 0 ? begin : 0;
        begin = begin < width ? begin : width;
        end = end > -1 ? end : -1;
        end = end < far ? end : far;
        // Rounded up exactly: under a strong zoom a thousandth of a column is more than the margin.
        begins[i] = -static_cast<int32_t>(whole_below(-begin));
        ends[i] = static_cast<int32_t>(end + 1);
    }
}

// Larger than any rounding error of the tables.
constexpr double coordinate_margin = 1e-4;

// What is farther out than this is the fill value and nothing else.
BATCHWARP_INLINE double fill_distance(const WarpJob& job) {
    return job.border.taps == Extension::constant ? 1 : 0;
}

void take_all_columns(const WarpJob& job, Rows& rows) {
    for (int32_t i = 0; i < row_slots; ++i) {
        rows.outer_begin[i] = 0;
        rows.outer_end[i] = job.target_width;
    }
}

void bound_rows(const WarpJob& job, const Slope& slope_y, const Slope& slope_x, Rows& rows) {
    bound_columns(job, slope_y, slope_x, coordinate_margin, rows, rows.interior_begin,
                  rows.interior_end);
    if (!fills(job.border)) return take_all_columns(job, rows);
    bound_columns(job, slope_y, slope_x, -fill_distance(job) - coordinate_margin, rows,
                  rows.outer_begin, rows.outer_end);
}

BATCHWARP_INLINE double source_column(const WarpJob& job, int32_t c) {
    return job.flip_horizontal ? job.target_width - 1 - c : c;
}

struct Position {
    double y, x;
};

// The y of all pixels of row i that have been placed, followed by their x.
BATCHWARP_INLINE const double* places_of(const WarpJob& job, const Rows& rows, int32_t i) {
    return rows.places + int64_t{2} * i * warp_column_blocks(job.target_width);
}

// Where the pixel in column c of row i lies: in double, as everybody else places it.
BATCHWARP_INLINE Position position_of(const WarpJob& job, const Rows& rows, int32_t i, int32_t c) {
    if (job.places != nullptr) {
        const double* y = places_of(job, rows, i) + c;
        return {*y, y[warp_column_blocks(job.target_width)]};
    }
    const double column = source_column(job, c);
    const Position at{rows.base_y[i] + column * job.m01, rows.base_x[i] + column * job.m11};
    if (!job.projects) return at;
    const double w = rows.base_w[i] + column * job.divisor_c;
    return {projected(at.y, w), projected(at.x, w)};
}

// Fills one axis of the column tables.
BATCHWARP_INLINE void split_columns(double first, double direction, double slope, int32_t slots,
                                    float* __restrict fraction, int32_t* __restrict whole) {
    for (int32_t c = 0; c < slots; ++c) {
        const double at = (first + direction * c) * slope;  // the column is an integer: no rounding
        const double below = whole_below(at);
        fraction[c] = static_cast<float>(at - below);
        whole[c] = static_cast<int32_t>(below);
    }
}

BATCHWARP_INLINE void fix_columns(double first, double direction, double slope, int32_t slots,
                                  int32_t* __restrict fixed) {
    for (int32_t c = 0; c < slots; ++c) fixed[c] = to_fixed((first + direction * c) * slope);
}

void fill_columns(const WarpJob& job) {
    const WarpScratch& s = job.scratch;
    const int32_t slots = warp_column_blocks(job.target_width);
    const double first = source_column(job, 0), direction = job.flip_horizontal ? -1 : 1;
    if (job.small) {
        fix_columns(first, direction, job.m01, slots, s.column_iy);
        fix_columns(first, direction, job.m11, slots, s.column_ix);
        return;
    }
    split_columns(first, direction, job.m01, slots, s.column_fy, s.column_iy);
    split_columns(first, direction, job.m11, slots, s.column_fx, s.column_ix);
    // Only interior columns use this; elsewhere it may wrap around.
    const uint32_t stride = static_cast<uint32_t>(job.source_row_stride);
    const uint32_t step = static_cast<uint32_t>(job.pixel_step);
    const int32_t* __restrict iy = s.column_iy;
    const int32_t* __restrict ix = s.column_ix;
    int32_t* __restrict offset = s.column_offset;
    for (int32_t c = 0; c < slots; ++c)
        offset[c] = static_cast<int32_t>(static_cast<uint32_t>(iy[c]) * stride +
                                         static_cast<uint32_t>(ix[c]) * step);
}

// Columns [c, c + count) of a row, to positions `at` and up of the chunk; count is a multiple of
// the block. The pointers are restricted and the masked count shows it, so that compilers make
// vectors of scalar loops without a remainder.
struct Span {
    int32_t c, count, at;
};

// Both taps are known to lie inside.
BATCHWARP_INLINE void interior_span(const WarpJob& job, const Rows& rows, int32_t i, Span span) {
    using L = Lanes;
    const float* __restrict column_fy = job.scratch.column_fy + span.c;
    const float* __restrict column_fx = job.scratch.column_fx + span.c;
    const int32_t* __restrict column_offset = job.scratch.column_offset + span.c;
    float* __restrict fy = job.scratch.fy + span.at;
    float* __restrict fx = job.scratch.fx + span.at;
    int32_t* __restrict offset = job.scratch.offset + span.at;
    const uint32_t row_offset =
        static_cast<uint32_t>(rows.iy[i]) * static_cast<uint32_t>(job.source_row_stride) +
        static_cast<uint32_t>(rows.ix[i]) * static_cast<uint32_t>(job.pixel_step);
    const auto stride = L::all(static_cast<int32_t>(job.source_row_stride));
    const auto step = L::all(job.pixel_step), start = L::all(static_cast<int32_t>(row_offset));
    const auto row_fy = L::all(rows.fy[i]), row_fx = L::all(rows.fx[i]), one = L::all(1.0f);
    const int32_t count = span.count & -warp_block;
    for (int32_t k = 0; k < count; k += L::count) {
        const auto y = L::add(L::load(column_fy + k), row_fy);
        const auto x = L::add(L::load(column_fx + k), row_fx);
        const auto carry_y = L::at_least(y, one), carry_x = L::at_least(x, one);
        L::store(fy + k, L::subtract_where(carry_y, y, one));
        L::store(fx + k, L::subtract_where(carry_x, x, one));
        const auto at = L::add(L::load(column_offset + k), start);
        L::store(offset + k, L::add_where(carry_x, L::add_where(carry_y, at, stride), step));
    }
}

// One axis of 16 or fewer pixels: integer and fractional part of their coordinates.
struct Split {
    Lanes::Float fraction;
    Lanes::Int whole;
};

// The sum of a column's part and of a row's.
BATCHWARP_INLINE Split sum_of(Split column, Split row) {
    using L = Lanes;
    const auto one = L::all(1.0f), sum = L::add(column.fraction, row.fraction);
    const auto carry = L::at_least(sum, one);
    return {L::subtract_where(carry, sum, one),
            L::add_where(carry, L::add(column.whole, row.whole), L::all(1))};
}

// Whether Axis has all that a border needs. Otherwise pixels there are computed from clamped
// coordinates first, and repaired then.
BATCHWARP_INLINE bool has_axis(BorderRule border) {
    switch (border.coordinates) {
        case Extension::half_symmetric:
        case Extension::whole_symmetric:
        case Extension::overlapping:
            return true;
        case Extension::none:
            return replicates(border);
        case Extension::constant:
        case Extension::replicate:
        case Extension::periodic:
            return false;
    }
    return false;
}

// How one axis brings coordinates back inside, with both taps at neighbours: what map_coordinate in
// warp/border.hpp does, and SciPy's taps in the half sample outside of a half-symmetric edge.
template <Extension extension>
struct Axis {
    using L = Lanes;
    int32_t extent, period;
    float inverse;

    BATCHWARP_INLINE explicit Axis(int32_t n)
        : extent(n), period(period_of(extension, n)), inverse(1 / static_cast<float>(period)) {}

    // An edge is reached with a fraction of exactly 0 or 1.
    BATCHWARP_INLINE Split clamped(Split at) const {
        const auto last = L::all(extent - 2);
        const auto before = L::less(at.whole, L::all(0)), after = L::less(last, at.whole);
        const auto fraction = L::where(before, L::all(0.0f), at.fraction);
        return {L::where(after, L::all(1.0f), fraction), L::clamp(at.whole, L::all(0), last)};
    }

    // The integer part modulo the period. Coordinates are below warp_max_coordinate, so that the
    // quotient is off by one at most.
    BATCHWARP_INLINE Lanes::Int reduced(Lanes::Int whole) const {
        const auto turns = L::whole_below(L::multiply(L::to_float(whole), L::all(inverse)));
        auto rest = L::subtract(whole, L::multiply(turns, L::all(period)));
        rest = L::add_where(L::less(rest, L::all(0)), rest, L::all(period));
        return L::add_where(L::less(L::all(period - 1), rest), rest, L::all(-period));
    }

    BATCHWARP_INLINE Split inside(Split at) const {
        if constexpr (extension == Extension::replicate) return clamped(at);
        at.whole = reduced(at.whole);
        if constexpr (extension == Extension::overlapping) return at;
        // The second half of the period runs backwards: the taps change places.
        constexpr bool half = extension == Extension::half_symmetric;
        const int32_t turn = half ? extent : extent - 1;
        const int32_t first_backwards = half ? period - 2 : period - 1;
        const auto backwards = L::less(L::all(turn - 1), at.whole);
        at.whole = L::where(backwards, L::subtract(L::all(first_backwards), at.whole), at.whole);
        at.fraction = L::where(backwards, L::subtract(L::all(1.0f), at.fraction), at.fraction);
        return half ? clamped(at) : at;
    }

    // Where coordinates jump from one edge to the other, their last bit decides.
    BATCHWARP_INLINE Lanes::Mask at_jump(Split at) const {
        const auto position = L::add(L::to_float(at.whole), at.fraction);
        const float margin = 1e-4f, last = static_cast<float>(extent - 1);
        return L::either(L::at_least(L::all(margin), position),
                         L::at_least(position, L::all(last - margin)));
    }
};

// A coordinate, clamped so that the next pixel exists.
struct Tap {
    float fraction;
    int32_t whole;
};

// One axis with exactly SciPy's operations.
template <Extension extension>
BATCHWARP_INLINE Tap wrapped_exactly(double in, int32_t extent) {
    const double last = extent - 1, at = clamp_to(map_coordinate(in, extent, extension), 0, last);
    int32_t whole = static_cast<int32_t>(at);
    whole = whole > extent - 2 ? extent - 2 : whole;
    return {static_cast<float>(at - whole), whole};
}

template <Extension extension>
void wrap_exactly(const WarpJob& job, const Rows& rows, int32_t i, Span span) {
    for (int32_t k = 0; k < span.count; ++k) {
        const Position at = position_of(job, rows, i, span.c + k);
        const Tap y = wrapped_exactly<extension>(at.y, job.height);
        const Tap x = wrapped_exactly<extension>(at.x, job.width);
        job.scratch.fy[span.at + k] = y.fraction;
        job.scratch.fx[span.at + k] = x.fraction;
        job.scratch.offset[span.at + k] =
            y.whole * static_cast<int32_t>(job.source_row_stride) + x.whole * job.pixel_step;
    }
}

// Some taps may lie outside.
template <Extension extension>
BATCHWARP_INLINE void border_span(const WarpJob& job, const Rows& rows, int32_t i, Span span) {
    using L = Lanes;
    const float* __restrict column_fy = job.scratch.column_fy + span.c;
    const float* __restrict column_fx = job.scratch.column_fx + span.c;
    const int32_t* __restrict column_iy = job.scratch.column_iy + span.c;
    const int32_t* __restrict column_ix = job.scratch.column_ix + span.c;
    float* __restrict fy = job.scratch.fy + span.at;
    float* __restrict fx = job.scratch.fx + span.at;
    int32_t* __restrict offset = job.scratch.offset + span.at;
    const auto stride = L::all(static_cast<int32_t>(job.source_row_stride));
    const auto step = L::all(job.pixel_step);
    const Axis<extension> vertical(job.height), horizontal(job.width);
    const Split row_y{L::all(rows.fy[i]), L::all(rows.iy[i])};
    const Split row_x{L::all(rows.fx[i]), L::all(rows.ix[i])};
    const int32_t count = span.count & -warp_block;
    for (int32_t k = 0; k < count; k += L::count) {
        const Split y =
            vertical.inside(sum_of({L::load(column_fy + k), L::load(column_iy + k)}, row_y));
        const Split x =
            horizontal.inside(sum_of({L::load(column_fx + k), L::load(column_ix + k)}, row_x));
        L::store(fy + k, y.fraction);
        L::store(fx + k, x.fraction);
        L::store(offset + k, L::add(L::multiply(y.whole, stride), L::multiply(x.whole, step)));
        if constexpr (extension == Extension::overlapping)
            if (L::any(L::either(vertical.at_jump(y), horizontal.at_jump(x))))
                wrap_exactly<extension>(job, rows, i, {span.c + k, L::count, span.at + k});
    }
}

// Of pixels that are placed by themselves, in by_pixel.inl.
void by_pixel_interior(const WarpJob& job, const Rows& rows, int32_t i, Span span);
void by_pixel_border(const WarpJob& job, const Rows& rows, int32_t i, Span span);

// Columns [begin, end) of row i: border, interior, border. Spans are whole blocks; the last one may
// run past `end`, into slack or into positions that the next row overwrites. `begin` is always a
// block's boundary.
void fill_coordinates(const WarpJob& job, const Rows& rows, int32_t i, int32_t begin, int32_t end,
                      int32_t at) {
    const auto up = [](int32_t c) { return (c + warp_block - 1) & -warp_block; };
    const int32_t stop = up(end);
    const int32_t first = rows.interior_begin[i], last = rows.interior_end[i];
    int32_t inside = up(first > begin ? first : begin);
    int32_t outside = (last < stop ? last : stop) & -warp_block;
    if (inside >= outside) inside = outside = stop;
    if (inside < outside) {
        const Span interior{inside, outside - inside, at + inside - begin};
        is_by_pixel(job) ? by_pixel_interior(job, rows, i, interior)
                         : interior_span(job, rows, i, interior);
    }
    const Span borders[2] = {{begin, inside - begin, at},
                             {outside, stop - outside, at + outside - begin}};
    for (const Span& border : borders) {
        if (border.count <= 0) continue;
        if (is_by_pixel(job)) by_pixel_border(job, rows, i, border);
        switch (job.border.coordinates) {
            case Extension::half_symmetric:
                border_span<Extension::half_symmetric>(job, rows, i, border);
                break;
            case Extension::whole_symmetric:
                border_span<Extension::whole_symmetric>(job, rows, i, border);
                break;
            case Extension::overlapping:
                border_span<Extension::overlapping>(job, rows, i, border);
                break;
            case Extension::none:
            case Extension::constant:
            case Extension::replicate:
            case Extension::periodic:
                border_span<Extension::replicate>(job, rows, i, border);
                break;
        }
    }
}

// The sample nearest to a coordinate of one axis; -1: the fill value.
BATCHWARP_INLINE int64_t nearest_sample(double in, int32_t extent, BorderRule border) {
    const double at = map_coordinate(in, extent, border.coordinates);
    if (border.coordinates == Extension::constant && at < 0) return -1;
    return map_tap(static_cast<int64_t>(floor(at + 0.5)), extent, border.taps);
}

}  // namespace
}  // namespace batchwarp
