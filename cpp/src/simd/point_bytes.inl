// Spline order 0 of bytes, under maps that keep lines parallel: pixels are copied. They stay bytes,
// or, of one channel, become values row by row.
//
// Coordinates are in fixed point, the sum of a column's part and of a row's. Where one is so near
// to a place at which the sample changes that rounding may matter, it is decided in double, in
// SciPy's order of operations. Which sample stands for a coordinate beyond the edges is looked up:
// whatever the fill mode, it changes at samples and half way between them, and nowhere else.

namespace batchwarp {
namespace {

// Columns and rows are rounded to half a unit each, and all sums are larger by `point_error`: what
// rounding may have moved across a whole number has 0, 1, 2 or 3 behind the point.
constexpr int32_t point_error = 2;
constexpr int32_t point_one = 1 << point_bits, point_undecided = 2 * point_error;
constexpr int32_t filled = -1;

BATCHWARP_INLINE int32_t to_point(double at) {
    return static_cast<int32_t>(whole_below(at * point_one + 0.5));
}

// What stands for the halves of pixels from `first` on, times `step`. The first half of the first
// pixel is number 0, and so is its coordinate half a pixel more.
void fill_halves(int32_t extent, BorderRule border, int32_t step, PointHalves halves) {
    for (int32_t i = 0; i < halves.count; ++i) {
        const int32_t half = halves.first + i;
        const bool inside = half > 0 && half < 2 * extent - 1;
        const int64_t sample =
            inside ? half >> 1 : nearest_sample((2 * half - 1) / 4.0, extent, border);
        halves.offset[i] = sample < 0 ? filled : static_cast<int32_t>(sample) * step;
    }
}

// A row that is being made.
struct PointRow {
    const PointBytesJob& job;
    const Rows& rows;
    int32_t i;
    int32_t y, x;  // its part of coordinates that are half a pixel more

    BATCHWARP_INLINE PointRow(const PointBytesJob& all, const Rows& started, int32_t at)
        : job(all),
          rows(started),
          i(at),
          y(to_point(rows.base_y[i] + 0.5) + point_error),
          x(to_point(rows.base_x[i] + 0.5) + point_error) {}
};

// Where the sample of one pixel is, or `filled`.
BATCHWARP_NOINLINE int32_t offset_exactly(const PointRow& row, int32_t c) {
    const WarpJob& place = row.job.place;
    const Position at = position_of(place, row.rows, row.i, c);
    const int64_t y = nearest_sample(at.y, place.height, place.border);
    const int64_t x = nearest_sample(at.x, place.width, place.border);
    if (y < 0 || x < 0) return filled;
    return static_cast<int32_t>(y * place.source_row_stride + x * place.pixel_step);
}

// Offsets of the pixels in columns [begin, end), all inside of the image, and of some more.
BATCHWARP_INLINE void interior_offsets(const PointRow& row, int32_t begin, int32_t end) {
    using L = Lanes;
    const WarpJob& place = row.job.place;
    const int32_t* __restrict column_y = place.scratch.column_iy;
    const int32_t* __restrict column_x = place.scratch.column_ix;
    int32_t* __restrict offset = place.scratch.column_offset;
    const auto row_y = L::all(row.y), row_x = L::all(row.x), one = L::all(1);
    const auto steps =
        L::all(place.pixel_step << 16 | static_cast<int32_t>(place.source_row_stride));
    const auto low_bits = L::all(point_one - point_undecided);
    for (int32_t c = begin; c < end; c += L::count) {
        const auto y = L::add(L::load(column_y + c), row_y);
        const auto x = L::add(L::load(column_x + c), row_x);
        L::store(offset + c, L::template sum_of_products<point_bits>(y, x, steps));
        const auto undecided =
            L::either(L::less(L::bits(y, low_bits), one), L::less(L::bits(x, low_bits), one));
        if (!L::any(undecided)) continue;
        for (int32_t k = c; k < c + L::count && k < end; ++k) offset[k] = offset_exactly(row, k);
    }
}

template <int Channels>
BATCHWARP_INLINE void copy_pixel(const uint8_t* from, int32_t channels, uint8_t* to) {
    if constexpr (Channels > 0) {
        memcpy(to, from, Channels);
    } else {
        for (int32_t k = 0; k < channels; ++k) to[k] = from[k];
    }
}

template <int Channels>
BATCHWARP_INLINE void copy_interior(const PointRow& row, int32_t begin, int32_t end,
                                    uint8_t* __restrict out) {
    const uint8_t* __restrict source = row.job.source;
    const int32_t* __restrict offset = row.job.place.scratch.column_offset;
    const int32_t channels = Channels > 0 ? Channels : row.job.place.channels;
    int32_t c = begin;
    // Three channels are copied as four, from left to right: all but the last pixel.
    if (Channels == 3 && row.job.reads_behind) {
        BATCHWARP_UNROLL
        for (; c < end - 1; ++c, out += channels) memcpy(out, source + offset[c], 4);
    }
    BATCHWARP_UNROLL
    for (; c < end; ++c, out += channels) copy_pixel<Channels>(source + offset[c], channels, out);
}

// One axis of the pixels of a row: columns' parts of coordinates, and what stands for their halves.
struct PointAxis {
    const int32_t* __restrict column;
    const int32_t* __restrict offset;
    int32_t start;  // the row's part, as if the first half that is looked up were number 0

    BATCHWARP_INLINE PointAxis(const int32_t* columns, const PointHalves& halves, int32_t row)
        : column(columns), offset(halves.offset), start(row - halves.first * (point_one / 2)) {}

    // Sets `at` to what stands for the coordinate in column `c`; false if rounding may matter.
    BATCHWARP_INLINE bool look_up(int32_t c, int32_t& at) const {
        const int32_t coordinate = column[c] + start, half = coordinate >> (point_bits - 1);
        at = offset[half];
        return (coordinate & (point_one / 2 - point_undecided)) != 0 || at == offset[half - 1];
    }
};

template <int Channels>
BATCHWARP_INLINE void copy_border(const PointRow& row, int32_t begin, int32_t end,
                                  uint8_t* __restrict out) {
    const PointBytesJob& job = row.job;
    const uint8_t* __restrict source = job.source;
    const PointAxis down(job.place.scratch.column_iy, job.down, row.y);
    const PointAxis across(job.place.scratch.column_ix, job.across, row.x);
    const int32_t channels = Channels > 0 ? Channels : job.place.channels;
    const uint8_t fill = job.fill;
    for (int32_t c = begin; c < end; ++c, out += channels) {
        int32_t y, x;
        const bool decided_y = down.look_up(c, y), decided_x = across.look_up(c, x);
        int32_t offset = (y | x) < 0 ? filled : y + x;
        if (!decided_y || !decided_x) offset = offset_exactly(row, c);
        if (offset < 0)
            memset(out, fill, static_cast<size_t>(channels));
        else
            copy_pixel<Channels>(source + offset, channels, out);
    }
}

constexpr int64_t line_bytes = 64;

// How far ahead of the rows at hand: their pixels may lie that many rows below.
BATCHWARP_INLINE int64_t fetched_ahead(const PointBytesJob& job) {
    constexpr int64_t of_a_channel = 16384, most = 49152;
    const int64_t ahead = of_a_channel * job.place.channels;
    return ahead < most ? ahead : most;
}

BATCHWARP_INLINE void fetch(const PointBytesJob& job, int64_t begin, int64_t end) {
    const int64_t all = job.place.height * job.place.source_row_stride;
    const int64_t stop = end < all ? end : all;
    for (int64_t b = begin; b < stop; b += line_bytes) BATCHWARP_PREFETCH(job.source + b);
}

// The row of the source that lies where row `at` of the target does, if that is not turned much.
// What is fetched for nothing costs little, as images of bytes are small.
BATCHWARP_INLINE int64_t place_beside(const PointBytesJob& job, int32_t at) {
    const WarpJob& place = job.place;
    return int64_t{at} * place.height / place.target_height * place.source_row_stride;
}

// Fetches what the first rows read,
BATCHWARP_INLINE void fetch_first(const PointBytesJob& job) {
    const int64_t first = place_beside(job, job.place.row_begin);
    fetch(job, first, first + fetched_ahead(job));
}

// and what will be read, and written, some rows below row `at`.
BATCHWARP_INLINE void fetch_below(const PointBytesJob& job, int32_t at, uint8_t* row) {
    const int64_t first = place_beside(job, at) + fetched_ahead(job);
    fetch(job, first, first + job.place.source_row_stride);
    constexpr int32_t rows = 8;
    if (job.to_values || at + rows >= job.place.row_end) return;
    const int64_t stride = job.target_row_stride,
                  packed = job.place.target_width * job.place.channels;
    uint8_t* const next = row + rows * stride;
    for (int64_t b = 0; b < packed; b += line_bytes) BATCHWARP_PREFETCH_WRITE(next + b);
}

// How pixels inside of the image are made: their places one by one, then copies of them.
template <int Channels>
struct PointCopies {
    static constexpr bool replicates_edges = false;

    BATCHWARP_INLINE void operator()(const PointRow& row, int32_t begin, int32_t end,
                                     uint8_t* __restrict out) const {
        interior_offsets(row, begin, end);
        copy_interior<Channels>(row, begin, end, out + begin * row.job.place.channels);
    }
};

void start_columns(const PointBytesJob& job) {
    const WarpJob& place = job.place;
    const double first = source_column(place, 0), direction = place.flip_horizontal ? -1 : 1;
    const int32_t slots = warp_column_slots(place.target_width);
    for (int32_t c = 0; c < slots; ++c) {
        place.scratch.column_iy[c] = to_point((first + direction * c) * place.m01);
        place.scratch.column_ix[c] = to_point((first + direction * c) * place.m11);
    }
}

void start_halves(const PointBytesJob& job) {
    const WarpJob& place = job.place;
    fill_halves(place.height, place.border, static_cast<int32_t>(place.source_row_stride),
                job.down);
    fill_halves(place.width, place.border, place.pixel_step, job.across);
}

template <int Channels, class Inside>
void point_rows(const PointBytesJob& job, const Inside& inside) {
    const WarpJob& place = job.place;
    const Slope slope_y(place, place.m01), slope_x(place, place.m11);
    const int32_t width = place.target_width;
    const int64_t channels = place.channels;
    const auto fill = [&](uint8_t* row, int32_t begin, int32_t end) {
        memset(row + begin * channels, job.fill, static_cast<size_t>((end - begin) * channels));
    };
    const bool all_inside = Inside::replicates_edges && replicates(place.border);
    if (!all_inside) start_halves(job);
    fetch_first(job);
    PointValues values(job);
    Rows rows;
    uint8_t* out = job.target;
    const auto make = [&](const PointRow& row) {
        const int32_t i = row.i;
        if (all_inside) return inside(row, 0, width, out);
        const int32_t left = rows.outer_begin[i], right = rows.outer_end[i];
        if (left >= right) return fill(out, 0, width);
        int32_t begin = rows.interior_begin[i], end = rows.interior_end[i];
        if (begin >= end) begin = end = right;
        inside(row, begin, end, out);  // which may write to the others, too
        fill(out, 0, left);
        // NOLINTBEGIN(readability-suspicious-call-argument): what lies beside the interior
        copy_border<Channels>(row, left, begin, out + left * channels);
        copy_border<Channels>(row, end, right, out + end * channels);
        // NOLINTEND(readability-suspicious-call-argument)
        fill(out, right, width);
    };
    for (int32_t first = place.row_begin; first < place.row_end; first += row_block) {
        start_rows(place, first, rows);
        bound_rows(place, slope_y, slope_x, rows);
        for (int32_t i = 0; i < rows.count; ++i, out += job.target_row_stride) {
            fetch_below(job, first + i, out);
            if constexpr (Channels == 1) values.fetch();
            make(PointRow(job, rows, i));
            if constexpr (Channels == 1) values.make(out);
        }
    }
}

void point_bytes(const PointBytesJob& job) {
    start_columns(job);
    switch (job.place.channels) {
        case 1:
            return point_rows<1>(job, PointCopies<1>());
        case 2:
            return point_rows<2>(job, PointCopies<2>());
        case 3:
            return point_rows<3>(job, PointCopies<3>());
        case 4:
            return point_rows<4>(job, PointCopies<4>());
        case 8:
            return point_rows<8>(job, PointCopies<8>());
        default:
            return point_rows<0>(job, PointCopies<0>());
    }
}

}  // namespace
}  // namespace batchwarp
