// The bilinear warp, written once; each tier compiles it with its own flags and its own pixel
// passes.
//
// Work goes in chunks of some hundred pixels, in two passes. The first computes, for each output
// pixel, the offset of its upper left tap and the two weights, into buffers that stay in L1. The
// second reads the taps: flat, without branches, across the ends of rows. One fused loop is slower,
// because loads that wait for fresh addresses fill the processor's scheduler.
//
// Coordinates come from tables: for each column the integer and the fractional part of c * m01 and
// c * m11, computed in double. A row adds its own two parts; fractions that reach 1 carry over. So
// single precision is used for fractions only, and the error does not grow with the image.
//
// A tier provides `Lanes`, the vectors of the first pass, and pixel passes for the second: classes
// with `channels` and `block<Normalized>(run, i, out)`, which computes the 16 pixels from the i-th
// on and writes up to `excess` floats past them. See four_lanes.inl for the plain ones, table.inl
// for how they are put together.

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
constexpr double fixed_one = int32_t{1} << linear_fixed_bits;

BATCHWARP_INLINE int32_t to_fixed(double at) {
    return static_cast<int32_t>(whole_below(at * fixed_one + 0.5));
}

// How one source coordinate changes along the output's columns, from left to right.
struct Slope {
    double value, inverse;
    double start;  // what column 0 adds to the row's base

    BATCHWARP_INLINE Slope(const LinearJob& job, double per_column) {
        value = job.flip_horizontal ? -per_column : per_column;
        // Columns that all have the same coordinate are inside together or not at all.
        inverse = fabs(value) < 1e-9 ? 1e300 : 1 / value;
        start = job.flip_horizontal ? (job.width - 1) * per_column : 0;
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
    float fy[row_slots], fx[row_slots];
    int32_t iy[row_slots], ix[row_slots];
    int32_t interior_begin[row_slots], interior_end[row_slots];
    int32_t outer_begin[row_slots], outer_end[row_slots];  // the others hold the fill value
    int32_t fixed_y[row_slots], fixed_x[row_slots];        // of small images only
};

// Rows `first` and up; those past the last one are computed and never used.
void start_rows(const LinearJob& job, int32_t first, Rows& rows) {
    const double from = job.flip_vertical ? job.height - 1 - first : first;
    const double step = job.flip_vertical ? -1 : 1;
    const double o0 = job.o0, o1 = job.o1, m00 = job.m00, m10 = job.m10;
    for (int32_t i = 0; i < row_slots; ++i) {
        const double r = from + step * i;
        rows.base_y[i] = o0 + r * m00;
        rows.base_x[i] = o1 + r * m10;
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
void bound_columns(const LinearJob& job, const Slope& slope_y, const Slope& slope_x, double margin,
                   const Rows& rows, int32_t* __restrict begins, int32_t* __restrict ends) {
    const double width = job.width, far = job.width - 1;
    const double last_y = job.height - 1 - margin, last_x = far - margin;
    const double start_y = slope_y.start, start_x = slope_x.start;
    const double inverse_y = slope_y.inverse, inverse_x = slope_x.inverse;
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

void bound_rows(const LinearJob& job, const Slope& slope_y, const Slope& slope_x, Rows& rows) {
    bound_columns(job, slope_y, slope_x, coordinate_margin, rows, rows.interior_begin,
                  rows.interior_end);
    // What is farther out than this is the fill value and nothing else.
    const double outside = job.mode == FillMode::grid_constant ? 1 : 0;
    bound_columns(job, slope_y, slope_x, -outside - coordinate_margin, rows, rows.outer_begin,
                  rows.outer_end);
    if (job.mode != FillMode::grid_wrap) return;
    for (int32_t i = 0; i < row_slots; ++i) {
        rows.outer_begin[i] = 0;
        rows.outer_end[i] = job.width;
    }
}

BATCHWARP_INLINE double source_column(const LinearJob& job, int32_t c) {
    return job.flip_horizontal ? job.width - 1 - c : c;
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

void fill_columns(const LinearJob& job) {
    const LinearScratch& s = job.scratch;
    const int32_t slots = (job.width + linear_block - 1) & -linear_block;
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
BATCHWARP_INLINE void interior_span(const LinearJob& job, const Rows& rows, int32_t i, Span span) {
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
    const int32_t count = span.count & -linear_block;
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

// How one axis brings coordinates back inside, with both taps at neighbours: what map_coordinate in
// border.hpp does, and SciPy's taps in the half pixel outside of a `reflect` edge.
template <FillMode mode>
struct Axis {
    using L = Lanes;
    int32_t extent, period;
    float inverse;

    BATCHWARP_INLINE explicit Axis(int32_t n)
        : extent(n),
          period(mode == FillMode::reflect  ? 2 * n
                 : mode == FillMode::mirror ? 2 * n - 2
                                            : n - 1),
          inverse(1 / static_cast<float>(period)) {}

    // An edge is reached with a fraction of exactly 0 or 1.
    BATCHWARP_INLINE Split clamped(Split at) const {
        const auto last = L::all(extent - 2);
        const auto before = L::less(at.whole, L::all(0)), after = L::less(last, at.whole);
        const auto fraction = L::where(before, L::all(0.0f), at.fraction);
        return {L::where(after, L::all(1.0f), fraction), L::clamp(at.whole, L::all(0), last)};
    }

    // The integer part modulo the period. Coordinates are below linear_max_coordinate, so that the
    // quotient is off by one at most.
    BATCHWARP_INLINE Lanes::Int reduced(Lanes::Int whole) const {
        const auto turns = L::whole_below(L::multiply(L::to_float(whole), L::all(inverse)));
        auto rest = L::subtract(whole, L::multiply(turns, L::all(period)));
        rest = L::add_where(L::less(rest, L::all(0)), rest, L::all(period));
        return L::add_where(L::less(L::all(period - 1), rest), rest, L::all(-period));
    }

    BATCHWARP_INLINE Split inside(Split at) const {
        if constexpr (mode == FillMode::nearest) return clamped(at);
        at.whole = reduced(at.whole);
        if constexpr (mode == FillMode::wrap) return at;
        // The second half of the period runs backwards: the taps change places.
        const int32_t turn = mode == FillMode::reflect ? extent : extent - 1;
        const int32_t first_backwards = mode == FillMode::reflect ? period - 2 : period - 1;
        const auto backwards = L::less(L::all(turn - 1), at.whole);
        at.whole = L::where(backwards, L::subtract(L::all(first_backwards), at.whole), at.whole);
        at.fraction = L::where(backwards, L::subtract(L::all(1.0f), at.fraction), at.fraction);
        return mode == FillMode::mirror ? at : clamped(at);
    }

    // Where `wrap` jumps from one edge to the other, the last bit of a coordinate decides.
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

// One axis of `wrap` with exactly SciPy's operations.
BATCHWARP_INLINE Tap wrapped_exactly(double in, int32_t extent) {
    const double last = extent - 1,
                 at = clamp_to(map_coordinate(in, extent, FillMode::wrap), 0, last);
    int32_t whole = static_cast<int32_t>(at);
    whole = whole > extent - 2 ? extent - 2 : whole;
    return {static_cast<float>(at - whole), whole};
}

void wrap_exactly(const LinearJob& job, const Rows& rows, int32_t i, Span span) {
    for (int32_t k = 0; k < span.count; ++k) {
        const double c = source_column(job, span.c + k);
        const Tap y = wrapped_exactly(rows.base_y[i] + c * job.m01, job.height);
        const Tap x = wrapped_exactly(rows.base_x[i] + c * job.m11, job.width);
        job.scratch.fy[span.at + k] = y.fraction;
        job.scratch.fx[span.at + k] = x.fraction;
        job.scratch.offset[span.at + k] =
            y.whole * static_cast<int32_t>(job.source_row_stride) + x.whole * job.pixel_step;
    }
}

// Some taps may lie outside.
template <FillMode mode>
BATCHWARP_INLINE void border_span(const LinearJob& job, const Rows& rows, int32_t i, Span span) {
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
    const Axis<mode> vertical(job.height), horizontal(job.width);
    const Split row_y{L::all(rows.fy[i]), L::all(rows.iy[i])};
    const Split row_x{L::all(rows.fx[i]), L::all(rows.ix[i])};
    const int32_t count = span.count & -linear_block;
    for (int32_t k = 0; k < count; k += L::count) {
        const Split y =
            vertical.inside(sum_of({L::load(column_fy + k), L::load(column_iy + k)}, row_y));
        const Split x =
            horizontal.inside(sum_of({L::load(column_fx + k), L::load(column_ix + k)}, row_x));
        L::store(fy + k, y.fraction);
        L::store(fx + k, x.fraction);
        L::store(offset + k, L::add(L::multiply(y.whole, stride), L::multiply(x.whole, step)));
        if constexpr (mode == FillMode::wrap)
            if (L::any(L::either(vertical.at_jump(y), horizontal.at_jump(x))))
                wrap_exactly(job, rows, i, {span.c + k, L::count, span.at + k});
    }
}

// Coordinates of rows [i, stop) of a small image, clamped, one behind the other from position 0 on.
// The source has a copy of its last row and column behind them, so that the upper left tap may be
// the very last pixel.
void fill_small_coordinates(const LinearJob& job, const Rows& rows, int32_t i, int32_t stop) {
    using L = Lanes;
    const int32_t* __restrict column_y = job.scratch.column_iy;
    const int32_t* __restrict column_x = job.scratch.column_ix;
    float* __restrict fy = job.scratch.fy;
    float* __restrict fx = job.scratch.fx;
    int32_t* __restrict offset = job.scratch.offset;
    const auto stride = L::all(static_cast<int32_t>(job.source_row_stride));
    const auto step = L::all(job.pixel_step), zero = L::all(0);
    const auto last_y = L::all((job.height - 1) << linear_fixed_bits);
    const auto last_x = L::all((job.width - 1) << linear_fixed_bits);
    const auto low_bits = L::all((1 << linear_fixed_bits) - 1);
    const auto unit = L::all(static_cast<float>(1 / fixed_one));
    const int32_t width = job.width, count = (width + linear_block - 1) & -linear_block;
    for (; i < stop; ++i, fy += width, fx += width, offset += width) {
        const auto row_y = L::all(rows.fixed_y[i]), row_x = L::all(rows.fixed_x[i]);
        for (int32_t k = 0; k < count; k += L::count) {
            const auto y = L::clamp(L::add(L::load(column_y + k), row_y), zero, last_y);
            const auto x = L::clamp(L::add(L::load(column_x + k), row_x), zero, last_x);
            L::store(fy + k, L::multiply(L::to_float(L::bits(y, low_bits)), unit));
            L::store(fx + k, L::multiply(L::to_float(L::bits(x, low_bits)), unit));
            const auto down = L::multiply(L::template shift_right<linear_fixed_bits>(y), stride);
            const auto right = L::multiply(L::template shift_right<linear_fixed_bits>(x), step);
            L::store(offset + k, L::add(down, right));
        }
    }
}

// Columns [begin, end) of row i: border, interior, border. Spans are whole blocks; the last one may
// run past `end`, into slack or into positions that the next row overwrites. `begin` is always a
// block's boundary.
void fill_coordinates(const LinearJob& job, const Rows& rows, int32_t i, int32_t begin, int32_t end,
                      int32_t at) {
    const auto up = [](int32_t c) { return (c + linear_block - 1) & -linear_block; };
    const int32_t stop = up(end);
    const int32_t first = rows.interior_begin[i], last = rows.interior_end[i];
    int32_t inside = up(first > begin ? first : begin);
    int32_t outside = (last < stop ? last : stop) & -linear_block;
    if (inside >= outside) inside = outside = stop;
    if (inside < outside)
        interior_span(job, rows, i, {inside, outside - inside, at + inside - begin});
    const Span borders[2] = {{begin, inside - begin, at},
                             {outside, stop - outside, at + outside - begin}};
    for (const Span& border : borders) {
        if (border.count <= 0) continue;
        switch (job.mode) {
            case FillMode::reflect:
                border_span<FillMode::reflect>(job, rows, i, border);
                break;
            case FillMode::mirror:
                border_span<FillMode::mirror>(job, rows, i, border);
                break;
            case FillMode::wrap:
                border_span<FillMode::wrap>(job, rows, i, border);
                break;
            default:  // those that repair what they find outside start from nearest
                border_span<FillMode::nearest>(job, rows, i, border);
        }
    }
}

void pair_rows(const float* from, int64_t row_stride, int64_t height, int64_t width, float* to) {
    using L = Lanes;
    for (int64_t r = 0; r < height; ++r, from += row_stride, to += 2 * (width + 1)) {
        const float* __restrict top = from;
        const float* __restrict bottom = r + 1 < height ? from + row_stride : from;
        float* __restrict pairs = to;
        const auto pair = [&](int64_t i) {
            L::store_pairs(pairs + 2 * i, L::load(top + i), L::load(bottom + i));
        };
        if (width >= L::count) {  // whole vectors; the last one ends with the row
            for (int64_t i = 0; i + L::count < width; i += L::count) pair(i);
            pair(width - L::count);
        } else {
            for (int64_t i = 0; i < width; ++i) {
                pairs[2 * i] = top[i];
                pairs[2 * i + 1] = bottom[i];
            }
        }
        pairs[2 * width] = top[width - 1];
        pairs[2 * width + 1] = bottom[width - 1];
    }
}

// What a pixel pass reads. `shift` and `scale` repeat per channel over 16 lanes.
struct Run {
    const float* source;
    int64_t row_stride;
    const int32_t* offset;
    const float *fx, *fy;
    float* target;
    int32_t count;
    alignas(64) float shift[16];
    alignas(64) float scale[16];
    const char* prefetch;  // null: no prefetching
    // What a later row will read: its first tap relative to each column's offset, and the columns
    // for which this lies inside of the image. No columns: no fetching.
    const float* ahead;
    const int32_t* ahead_offset;
    int32_t ahead_begin, ahead_end;
    int64_t write_ahead;  // bytes from what is written to what will be
};

// Any number of channels, one value after the other.
template <bool Normalized>
void any_channels(const Run& run, const LinearJob& job) {
    const int32_t channels = job.channels;
    float* out = run.target;
    for (int32_t i = 0; i < run.count; ++i, out += channels) {
        const float* top = run.source + run.offset[i];
        const float* bottom = top + run.row_stride;
        const float fx = run.fx[i], fy = run.fy[i];
        for (int32_t c = 0; c < channels; ++c) {
            const float left = top[c] + fy * (bottom[c] - top[c]);
            const float right = top[channels + c] + fy * (bottom[channels + c] - top[channels + c]);
            const float value = left + fx * (right - left);
            out[c] = Normalized ? (value - job.shift[c]) * job.scale[c] : value;
        }
    }
}

// A function of its own: inlined, it would share its registers with the driver.
template <class Pixels, bool Normalized>
BATCHWARP_NOINLINE void fixed_channels(const Run& shared) {
    const Run run =
        shared;  // a copy that no store can alias, so that its members stay in registers
    constexpr int32_t channels = Pixels::channels;
    constexpr int64_t block_bytes = int64_t{linear_block} * channels * sizeof(float);
    constexpr int32_t fetch_step = channels == 1 ? 8 : 4;  // pixels; a line has 16 or fewer
    int32_t i = 0;
    for (; i + linear_block + Pixels::excess <= run.count; i += linear_block) {
        float* out = run.target + static_cast<int64_t>(i) * channels;
        if (run.prefetch != nullptr) {
            const char* line = run.prefetch + i * int64_t{channels} * 4;
            for (int64_t b = 0; b < block_bytes; b += 64) BATCHWARP_PREFETCH(line + b);
        }
        if (i >= run.ahead_begin && i < run.ahead_end)
            for (int32_t k = 0; k < linear_block; k += fetch_step)
                BATCHWARP_PREFETCH(run.ahead + run.ahead_offset[i + k]);
        for (int64_t b = 0; b < block_bytes; b += 64)
            BATCHWARP_PREFETCH_WRITE(reinterpret_cast<const char*>(out) + run.write_ahead + b);
        Pixels::template block<Normalized>(run, i, out);
    }
    if (i == run.count) return;
    // The last block goes through a buffer: what is next to the chunk may be another thread's.
    float last[linear_block * channels + 4];
    Pixels::template block<Normalized>(run, i, last);
    memcpy(run.target + static_cast<int64_t>(i) * channels, last,
           static_cast<size_t>(run.count - i) * channels * sizeof(float));
}

// Recomputes border pixels of modes whose taps lie outside of the image or are not adjacent.
BATCHWARP_INLINE void repair_pixel(const LinearJob& job, double y, double x, float* out) {
    const double last_y = job.height - 1, last_x = job.width - 1;
    if (job.mode == FillMode::constant) {
        if (y >= 0 && y <= last_y && x >= 0 && x <= last_x) return;
        for (int32_t c = 0; c < job.channels; ++c) {
            const float value = static_cast<float>(job.cval);
            out[c] = job.shift != nullptr ? (value - job.shift[c]) * job.scale[c] : value;
        }
        return;
    }
    const bool wraps = job.mode == FillMode::grid_wrap;
    if (wraps) {
        y = map_coordinate(y, job.height, job.mode);
        x = map_coordinate(x, job.width, job.mode);
    }
    const double floor_y = floor(y), floor_x = floor(x), fy = y - floor_y, fx = x - floor_x;
    double weights[4] = {(1 - fy) * (1 - fx), (1 - fy) * fx, fy * (1 - fx), fy * fx};
    const float* taps[4];
    for (int t = 0; t < 4; ++t) {
        int64_t ty = static_cast<int64_t>(floor_y) + t / 2,
                tx = static_cast<int64_t>(floor_x) + t % 2;
        if (wraps) {
            ty = map_tap(ty, job.height, job.mode);
            tx = map_tap(tx, job.width, job.mode);
        }
        const bool inside = ty >= 0 && ty < job.height && tx >= 0 && tx < job.width;
        taps[t] = inside ? job.source + ty * job.source_row_stride + tx * job.channels : nullptr;
    }
    for (int32_t c = 0; c < job.channels; ++c) {
        double sum = 0;
        for (int t = 0; t < 4; ++t)
            sum += weights[t] * (taps[t] != nullptr ? static_cast<double>(taps[t][c]) : job.cval);
        const float value = static_cast<float>(sum);
        out[c] = job.shift != nullptr ? (value - job.shift[c]) * job.scale[c] : value;
    }
}

void repair_columns(const LinearJob& job, const Rows& rows, int32_t i, int32_t begin, int32_t end,
                    float* out) {
    for (int32_t c = begin; c < end; ++c) {
        const double cc = source_column(job, c);
        repair_pixel(job, rows.base_y[i] + cc * job.m01, rows.base_x[i] + cc * job.m11,
                     out + static_cast<int64_t>(c - begin) * job.channels);
    }
}

// The fill value of each channel, over and over.
struct Fill {
    static constexpr int32_t period = 48;  // a multiple of most channel counts
    float values[period];
    int32_t channels;

    BATCHWARP_INLINE explicit Fill(const LinearJob& job) : channels(job.channels) {
        if (!repeats()) return;
        for (int32_t k = 0; k < period; ++k) values[k] = value(job, k % channels);
    }
    BATCHWARP_INLINE bool repeats() const { return period % channels == 0; }

    static BATCHWARP_INLINE float value(const LinearJob& job, int32_t channel) {
        const float cval = static_cast<float>(job.cval);
        return job.shift != nullptr ? (cval - job.shift[channel]) * job.scale[channel] : cval;
    }

    void store(const LinearJob& job, int64_t pixels, float* out) const {
        int64_t count = pixels * channels;
        if (!repeats()) {
            for (; pixels > 0; --pixels)
                for (int32_t k = 0; k < channels; ++k) *out++ = value(job, k);
            return;
        }
        for (; count >= period; count -= period, out += period) memcpy(out, values, sizeof values);
        memcpy(out, values, static_cast<size_t>(count) * sizeof *values);
    }
};

// Repairs what lies outside of the interior in columns [begin, end) of row i, which are at `out`.
void repair_row(const LinearJob& job, const Rows& rows, const Fill& fill, int32_t i, int32_t begin,
                int32_t end, float* out) {
    const auto within = [](int32_t c, int32_t low, int32_t high) {
        return c < low ? low : c > high ? high : c;
    };
    // begin, filled, left, interior, right, filled, end
    const int32_t outer_begin = within(rows.outer_begin[i], begin, end);
    const int32_t outer_end = within(rows.outer_end[i], outer_begin, end);
    int32_t inner_begin = within(rows.interior_begin[i], outer_begin, outer_end);
    int32_t inner_end = within(rows.interior_end[i], outer_begin, outer_end);
    if (inner_begin >= inner_end) inner_begin = inner_end = outer_end;
    const auto at = [&](int32_t c) { return out + static_cast<int64_t>(c - begin) * job.channels; };
    fill.store(job, outer_begin - begin, out);
    repair_columns(job, rows, i, outer_begin, inner_begin, at(outer_begin));
    repair_columns(job, rows, i, inner_end, outer_end, at(inner_end));
    fill.store(job, end - outer_end, at(outer_end));
}

// Has the pass over columns `begin` and up of a row fetch what row i will read there.
BATCHWARP_INLINE void look_ahead(const LinearJob& job, const Rows& rows, int32_t i, int32_t begin,
                                 Run& run) {
    run.ahead = job.source + rows.iy[i] * job.source_row_stride +
                static_cast<int64_t>(rows.ix[i]) * job.pixel_step;
    run.ahead_offset = job.scratch.column_offset + begin;
    run.ahead_begin = rows.interior_begin[i] - begin;
    run.ahead_end = rows.interior_end[i] - linear_block - begin;
}

template <class Pass>
BATCHWARP_INLINE void warp_linear(const LinearJob& job, Pass&& pass) {
    const LinearScratch& s = job.scratch;
    fill_columns(job);

    Run run;
    run.source = job.source;
    run.row_stride = job.source_row_stride;
    run.offset = s.offset;
    run.fx = s.fx;
    run.fy = s.fy;
    constexpr int64_t item = sizeof(float);
    run.prefetch = nullptr;
    for (int k = 0; k < 16; ++k) {
        run.shift[k] = job.shift != nullptr ? job.shift[k % job.channels] : 0.0f;
        run.scale[k] = job.scale != nullptr ? job.scale[k % job.channels] : 1.0f;
    }
    const bool repairs = job.mode == FillMode::constant || job.mode == FillMode::grid_wrap ||
                         job.mode == FillMode::grid_constant;

    const Fill fill(job);

    // A chunk is some whole rows, or a part of a wide one, cut at a block's boundary. A source that
    // no cache holds is read in tiles of `row_block` rows, and what a row will read is fetched
    // along its slanted way; of others the same place some rows below is near enough.
    const int64_t source_bytes = job.height * job.source_row_stride * item;
    const bool slanted = job.prefetch_bytes != 0 && source_bytes > linear_huge_bytes;
    const int32_t most = slanted ? linear_tile : linear_chunk;
    const int32_t tiles = (job.width + most - 1) / most, even = (job.width + tiles - 1) / tiles;
    const int32_t most_columns = tiles == 1 ? job.width : (even + linear_block - 1) & -linear_block;
    const int32_t most_rows = slanted ? 1 : linear_chunk / most_columns;
    run.write_ahead = slanted ? int64_t{job.width} * job.channels * item : 2048;
    const char* source = reinterpret_cast<const char*>(job.source);
    const Slope slope_y(job, job.m01), slope_x(job, job.m11);
    Rows rows;
    const auto chunk = [&](int32_t first, int32_t i, int32_t stop, int32_t begin, int32_t end) {
        const int32_t count = (stop - i) * (end - begin);
        if (job.small)
            fill_small_coordinates(job, rows, i, stop);
        else
            for (int32_t k = i; k < stop; ++k)
                fill_coordinates(job, rows, k, begin, end, (k - i) * (end - begin));
        // Pad to whole blocks with a pixel that can be read.
        for (int32_t k = 0; k < linear_block; ++k) {
            s.offset[count + k] = 0;
            s.fx[count + k] = 0;
            s.fy[count + k] = 0;
        }
        const int64_t row = first + i;
        run.count = count;
        run.target =
            job.target + ((row - job.row_begin) * job.width + begin) * int64_t{job.channels};
        run.prefetch = nullptr;
        run.ahead_begin = run.ahead_end = 0;
        if (slanted) {
            look_ahead(job, rows, i + rows_ahead, begin, run);
        } else if (job.prefetch_bytes != 0) {
            const int64_t ahead =
                (row * job.source_row_stride + int64_t{begin} * job.pixel_step) * item +
                job.prefetch_bytes;
            if (ahead < source_bytes)
                run.prefetch = source + ahead;
            else if (job.next_source != nullptr)
                run.prefetch = job.next_source + (ahead - source_bytes);
        }
        pass(run);
        if (!repairs) return;
        float* out = run.target;
        for (int32_t k = i; k < stop; ++k, out += int64_t{end - begin} * job.channels)
            repair_row(job, rows, fill, k, begin, end, out);
    };
    for (int32_t first = job.row_begin; first < job.row_end; first += row_block) {
        start_rows(job, first, rows);
        if (repairs)
            bound_rows(job, slope_y, slope_x, rows);
        else if (!job.small)
            bound_columns(job, slope_y, slope_x, coordinate_margin, rows, rows.interior_begin,
                          rows.interior_end);
        const int32_t rest = job.row_end - first, started = rest < row_block ? rest : row_block;
        for (int32_t begin = 0; begin < job.width; begin += most_columns) {
            const int32_t columns = job.width - begin;
            const int32_t end = columns < most_columns ? job.width : begin + most_columns;
            for (int32_t i = 0; i < started; i += most_rows)
                chunk(first, i, started - i < most_rows ? started : i + most_rows, begin, end);
        }
    }
}

template <class Pixels>
void linear_fixed(const LinearJob& job) {
    if (job.shift != nullptr)
        warp_linear(job, [](const Run& run) { fixed_channels<Pixels, true>(run); });
    else
        warp_linear(job, [](const Run& run) { fixed_channels<Pixels, false>(run); });
}

void linear_any(const LinearJob& job) {
    if (job.shift != nullptr)
        warp_linear(job, [&job](const Run& run) { any_channels<true>(run, job); });
    else
        warp_linear(job, [&job](const Run& run) { any_channels<false>(run, job); });
}

}  // namespace
}  // namespace batchwarp
