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
// A tier provides pixel passes: classes with `channels` and `block<Normalized>(run, i, out)`, which
// computes the 16 pixels from the i-th on and may write one float past them if there are three
// channels or more. See four_lanes.inl for the plain ones, table.inl for how they are put together.

namespace batchwarp {
namespace {

// One output row: where it starts in the source, and which columns [interior_begin, interior_end)
// have both taps inside of the image on both axes, a safety margin included.
struct Row {
    double base_y, base_x;  // o + r * m, as SciPy computes it
    float fy, fx;
    int32_t iy, ix;
    int32_t interior_begin, interior_end;
};

BATCHWARP_INLINE double clamp_to(double v, double low, double high) {
    return v > low ? (v < high ? v : high) : low;
}

// Largest integer not above `t`, for |t| below 2^31; unlike floor() it is a vector in every tier.
BATCHWARP_INLINE double whole_below(double t) {
    const double towards_zero = static_cast<double>(static_cast<int32_t>(t));
    return towards_zero > t ? towards_zero - 1 : towards_zero;
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

// Rows are started several at a time, in vectors.
constexpr int32_t row_block = 32;

struct Rows {
    double base_y[row_block], base_x[row_block];
    float fy[row_block], fx[row_block];
    int32_t iy[row_block], ix[row_block];
    int32_t interior_begin[row_block], interior_end[row_block];

    BATCHWARP_INLINE Row operator[](int32_t i) const {
        return {base_y[i], base_x[i],         fy[i],          fx[i], iy[i],
                ix[i],     interior_begin[i], interior_end[i]};
    }
};

// Rows `first` and up, `row_block` of them; those past the last one are computed and never used.
void start_rows(const LinearJob& job, const Slope& slope_y, const Slope& slope_x, int32_t first,
                Rows& rows) {
    constexpr double margin = 1e-4;  // larger than any rounding error of the tables
    const double from = job.flip_vertical ? job.height - 1 - first : first;
    const double step = job.flip_vertical ? -1 : 1;
    const double width = job.width, far = job.width - 1;
    const double last_y = job.height - 1 - margin, last_x = far - margin;
    const double o0 = job.o0, o1 = job.o1, m00 = job.m00, m10 = job.m10;
    const double start_y = slope_y.start, start_x = slope_x.start;
    const double inverse_y = slope_y.inverse, inverse_x = slope_x.inverse;
    for (int32_t i = 0; i < row_block; ++i) {
        const double r = from + step * i;
        const double y = o0 + r * m00, x = o1 + r * m10;
        const double floor_y = whole_below(y), floor_x = whole_below(x);
        rows.base_y[i] = y;
        rows.base_x[i] = x;
        rows.fy[i] = static_cast<float>(y - floor_y);
        rows.fx[i] = static_cast<float>(x - floor_x);
        rows.iy[i] = static_cast<int32_t>(floor_y);
        rows.ix[i] = static_cast<int32_t>(floor_x);

        // margin <= base + start + c * slope <= last - margin, solved for c, on both axes.
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
        rows.interior_begin[i] = -static_cast<int32_t>(whole_below(-begin));
        rows.interior_end[i] = static_cast<int32_t>(end + 1);
    }
}

BATCHWARP_INLINE double source_column(const LinearJob& job, int32_t c) {
    return job.flip_horizontal ? job.width - 1 - c : c;
}

// Fills one axis of the column tables.
BATCHWARP_INLINE void split_columns(double first, double step, double slope, int32_t slots,
                                    float* __restrict fraction, int32_t* __restrict whole) {
    for (int32_t c = 0; c < slots; ++c) {
        const double at = (first + step * c) * slope;  // the column is an integer: no rounding
        const double below = whole_below(at);
        fraction[c] = static_cast<float>(at - below);
        whole[c] = static_cast<int32_t>(below);
    }
}

void fill_columns(const LinearJob& job) {
    const LinearScratch& s = job.scratch;
    const int32_t slots = linear_column_slots(job.width);
    const double first = source_column(job, 0), step = job.flip_horizontal ? -1 : 1;
    split_columns(first, step, job.m01, slots, s.column_fy, s.column_iy);
    split_columns(first, step, job.m11, slots, s.column_fx, s.column_ix);
    // Only interior columns use this; elsewhere it may wrap around.
    const uint32_t stride = static_cast<uint32_t>(job.source_row_stride);
    const uint32_t channels = static_cast<uint32_t>(job.channels);
    const int32_t* __restrict iy = s.column_iy;
    const int32_t* __restrict ix = s.column_ix;
    int32_t* __restrict offset = s.column_offset;
    for (int32_t c = 0; c < slots; ++c)
        offset[c] = static_cast<int32_t>(static_cast<uint32_t>(iy[c]) * stride +
                                         static_cast<uint32_t>(ix[c]) * channels);
}

// Columns [c, c + count) of a row, to positions `at` and up of the chunk; count is a multiple of
// the block. The pointers are restricted and the masked count shows it, so that compilers make
// vectors of these loops without a remainder.
struct Span {
    int32_t c, count, at;
};

// Both taps are known to lie inside.
void interior_span(const LinearJob& job, const Row& row, Span span) {
    const float* __restrict column_fy = job.scratch.column_fy + span.c;
    const float* __restrict column_fx = job.scratch.column_fx + span.c;
    const int32_t* __restrict column_offset = job.scratch.column_offset + span.c;
    float* __restrict fy = job.scratch.fy + span.at;
    float* __restrict fx = job.scratch.fx + span.at;
    int32_t* __restrict offset = job.scratch.offset + span.at;
    const uint32_t stride = static_cast<uint32_t>(job.source_row_stride);
    const uint32_t channels = static_cast<uint32_t>(job.channels);
    const uint32_t start =
        static_cast<uint32_t>(row.iy) * stride + static_cast<uint32_t>(row.ix) * channels;
    const float row_fy = row.fy, row_fx = row.fx;
    const int32_t count = span.count & -linear_block;
    for (int32_t k = 0; k < count; ++k) {
        const float y = column_fy[k] + row_fy, x = column_fx[k] + row_fx;
        fy[k] = y >= 1.0f ? y - 1.0f : y;
        fx[k] = x >= 1.0f ? x - 1.0f : x;
        uint32_t at = static_cast<uint32_t>(column_offset[k]) + start;
        at += y >= 1.0f ? stride : 0u;
        at += x >= 1.0f ? channels : 0u;
        offset[k] = static_cast<int32_t>(at);
    }
}

// Coordinates clamped to the image. An edge is reached with a weight of exactly 0 or 1.
void nearest_span(const LinearJob& job, const Row& row, Span span) {
    const float* __restrict column_fy = job.scratch.column_fy + span.c;
    const float* __restrict column_fx = job.scratch.column_fx + span.c;
    const int32_t* __restrict column_iy = job.scratch.column_iy + span.c;
    const int32_t* __restrict column_ix = job.scratch.column_ix + span.c;
    float* __restrict fy = job.scratch.fy + span.at;
    float* __restrict fx = job.scratch.fx + span.at;
    int32_t* __restrict offset = job.scratch.offset + span.at;
    const int32_t stride = static_cast<int32_t>(job.source_row_stride), channels = job.channels;
    const int32_t last_y = job.height - 2, last_x = job.width - 2;
    const int32_t row_iy = row.iy, row_ix = row.ix;
    const float row_fy = row.fy, row_fx = row.fx;
    const int32_t count = span.count & -linear_block;
    for (int32_t k = 0; k < count; ++k) {
        float y = column_fy[k] + row_fy, x = column_fx[k] + row_fx;
        int32_t iy = column_iy[k] + row_iy + (y >= 1.0f ? 1 : 0);
        int32_t ix = column_ix[k] + row_ix + (x >= 1.0f ? 1 : 0);
        y = y >= 1.0f ? y - 1.0f : y;
        x = x >= 1.0f ? x - 1.0f : x;
        y = iy < 0 ? 0.0f : y;
        x = ix < 0 ? 0.0f : x;
        fy[k] = iy > last_y ? 1.0f : y;
        fx[k] = ix > last_x ? 1.0f : x;
        iy = iy < 0 ? 0 : iy;
        ix = ix < 0 ? 0 : ix;
        iy = iy > last_y ? last_y : iy;
        ix = ix > last_x ? last_x : ix;
        offset[k] = iy * stride + ix * channels;
    }
}

// One axis of the modes that bring coordinates back by folding or by wrapping: map_coordinate
// without branches, and with the half pixel beyond the edge that SciPy leaves to its taps resolved
// as well. `reflect` and `mirror` are continuous, so that a rounding error more does not matter.
template <FillMode mode>
struct Axis {
    double last, period, inverse;

    BATCHWARP_INLINE explicit Axis(int32_t extent) {
        last = extent - 1;
        period = mode == FillMode::reflect ? 2.0 * extent : 2.0 * last;
        inverse = 1 / period;
    }

    BATCHWARP_INLINE double inside(double in) const {
        double at;
        if constexpr (mode == FillMode::wrap) {  // jumps: exactly SciPy's operations
            const double turns = static_cast<double>(static_cast<int32_t>(fabs(in) / last));
            at = in > last ? in - last * turns : in;
            at = in < 0 ? in + last * (turns + 1) : at;
        } else {
            const double half = mode == FillMode::reflect ? 0.5 : 0.0;
            const double shifted = in + half;
            const double folded = shifted - whole_below(shifted * inverse) * period;
            at = 0.5 * period - fabs(0.5 * period - folded) - half;
        }
        return clamp_to(at, 0, last);
    }
};

// Coordinates in double, mapped.
template <FillMode mode>
void mapped_span(const LinearJob& job, const Row& row, Span span) {
    float* __restrict fy = job.scratch.fy + span.at;
    float* __restrict fx = job.scratch.fx + span.at;
    int32_t* __restrict offset = job.scratch.offset + span.at;
    const int32_t stride = static_cast<int32_t>(job.source_row_stride), channels = job.channels;
    const int32_t last_y = job.height - 2, last_x = job.width - 2;
    const Axis<mode> vertical(job.height), horizontal(job.width);
    const double first = source_column(job, span.c), step = job.flip_horizontal ? -1 : 1;
    const double base_y = row.base_y, base_x = row.base_x, slope_y = job.m01, slope_x = job.m11;
    const int32_t count = span.count & -linear_block;
    for (int32_t k = 0; k < count; ++k) {
        const double c = first + step * k;
        const double y = vertical.inside(base_y + c * slope_y);
        const double x = horizontal.inside(base_x + c * slope_x);
        int32_t iy = static_cast<int32_t>(y), ix = static_cast<int32_t>(x);
        iy = iy > last_y ? last_y : iy;
        ix = ix > last_x ? last_x : ix;
        fy[k] = static_cast<float>(y - iy);
        fx[k] = static_cast<float>(x - ix);
        offset[k] = iy * stride + ix * channels;
    }
}

// A row's columns [begin, end): border, interior, border. Spans are whole blocks; the last one may
// run past `end`, into slack or into positions that the next segment overwrites.
BATCHWARP_INLINE void fill_coordinates(const LinearJob& job, const Row& row, int32_t begin,
                                       int32_t end, int32_t at) {
    // `begin` is a block boundary, always.
    const auto up = [](int32_t c) { return (c + linear_block - 1) & -linear_block; };
    const int32_t stop = up(end);
    int32_t inside = up(row.interior_begin > begin ? row.interior_begin : begin);
    int32_t outside = row.interior_end < stop ? row.interior_end : stop;
    outside &= -linear_block;
    if (inside >= outside) inside = outside = stop;
    const auto border = [&](int32_t from, int32_t to) {
        if (from >= to) return;
        const Span span{from, to - from, at + from - begin};
        switch (job.mode) {
            case FillMode::reflect:
                return mapped_span<FillMode::reflect>(job, row, span);
            case FillMode::mirror:
                return mapped_span<FillMode::mirror>(job, row, span);
            case FillMode::wrap:
                return mapped_span<FillMode::wrap>(job, row, span);
            default:
                return nearest_span(job, row, span);
        }
    };
    border(begin, inside < stop ? inside : stop);
    if (inside < outside) interior_span(job, row, {inside, outside - inside, at + inside - begin});
    border(outside, stop);
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

template <class Pixels, bool Normalized>
void fixed_channels(const Run& run) {
    constexpr int32_t channels = Pixels::channels;
    constexpr int64_t block_bytes = int64_t{linear_block} * channels * sizeof(float);
    constexpr int64_t write_ahead = 2048;
    const char* prefetch = run.prefetch;
    int32_t i = 0;
    for (; i + linear_block < run.count; i += linear_block) {
        float* out = run.target + static_cast<int64_t>(i) * channels;
        if (prefetch != nullptr) {
            for (int64_t b = 0; b < block_bytes; b += 64) {
                BATCHWARP_PREFETCH(prefetch + b);
                BATCHWARP_PREFETCH_WRITE(reinterpret_cast<const char*>(out) + write_ahead + b);
            }
            prefetch += block_bytes;
        }
        Pixels::template block<Normalized>(run, i, out);
    }
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

void repair_columns(const LinearJob& job, const Row& row, int32_t begin, int32_t end, float* out) {
    for (int32_t c = begin; c < end; ++c) {
        const double cc = source_column(job, c);
        repair_pixel(job, row.base_y + cc * job.m01, row.base_x + cc * job.m11,
                     out + static_cast<int64_t>(c - begin) * job.channels);
    }
}

// The part of row `r` from column `begin` to `end`, at position `at` of the chunk.
struct Segment {
    Row row;
    int32_t begin, end, at;
};

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
    run.target = job.target;
    run.prefetch = nullptr;
    for (int k = 0; k < 16; ++k) {
        run.shift[k] = job.shift != nullptr ? job.shift[k % job.channels] : 0.0f;
        run.scale[k] = job.scale != nullptr ? job.scale[k % job.channels] : 1.0f;
    }
    const char* ahead = nullptr;
    if (job.prefetch_bytes != 0)
        ahead = reinterpret_cast<const char*>(job.source + job.row_begin * job.source_row_stride) +
                job.prefetch_bytes;

    const bool repairs = job.mode == FillMode::constant || job.mode == FillMode::grid_wrap ||
                         job.mode == FillMode::grid_constant;
    // At least two pixels each, and one more where a row was cut.
    constexpr int max_segments = linear_chunk / 2 + 2;
    Segment segments[max_segments];
    int pending = 0;
    int32_t filled = 0;

    const auto flush = [&] {
        // Pad to whole blocks with a pixel that can be read.
        for (int32_t k = 0; k < linear_block; ++k) {
            s.offset[filled + k] = s.offset[filled - 1];
            s.fx[filled + k] = 0;
            s.fy[filled + k] = 0;
        }
        run.count = filled;
        run.prefetch = ahead;
        pass(run);
        for (int i = 0; i < pending; ++i) {
            const Segment& g = segments[i];
            float* out = run.target + static_cast<int64_t>(g.at) * job.channels;
            const int32_t a = g.row.interior_begin, b = g.row.interior_end;
            const int32_t left = a < b ? (a < g.end ? a : g.end) : g.end;
            const int32_t right = a < b ? (b > g.begin ? b : g.begin) : g.end;
            repair_columns(job, g.row, g.begin, left, out);
            repair_columns(job, g.row, right, g.end,
                           out + static_cast<int64_t>(right - g.begin) * job.channels);
        }
        const int64_t values = static_cast<int64_t>(filled) * job.channels;
        run.target += values;
        if (ahead != nullptr) ahead += values * static_cast<int64_t>(sizeof(float));
        filled = 0;
        pending = 0;
    };

    const Slope slope_y(job, job.m01), slope_x(job, job.m11);
    Rows rows;
    for (int32_t r = job.row_begin; r < job.row_end; ++r) {
        const int32_t i = (r - job.row_begin) % row_block;
        if (i == 0) start_rows(job, slope_y, slope_x, r, rows);
        const Row row = rows[i];
        for (int32_t begin = 0; begin < job.width;) {
            // Rows are cut between blocks: which pixels share a block must not depend on where the
            // chunk began, or results would depend on how rows are spread over threads.
            const int32_t room = linear_chunk - filled, rest = job.width - begin;
            const int32_t count = rest <= room ? rest : room & -linear_block;
            if (count == 0) {
                flush();
                continue;
            }
            fill_coordinates(job, row, begin, begin + count, filled);
            if (repairs) segments[pending++] = {row, begin, begin + count, filled};
            begin += count;
            filled += count;
        }
    }
    if (filled != 0) flush();
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
