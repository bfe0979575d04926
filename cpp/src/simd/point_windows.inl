// Spline order 0 of bytes of one channel, sixteen pixels at a time: a map that hardly shrinks or
// turns the image has their samples in a few windows of sixteen bytes, from which shuffles pick
// them. Each sample has a code: the number of its window, times sixteen, and its place there.

namespace batchwarp {
namespace {

constexpr int32_t window = 16;  // bytes, and pixels that are made at a time

// Over how many samples `window` pixels reach, of which neighbours are `slope` apart.
int32_t reach_of_window(double slope) {
    const double distance = (window - 1) * (slope < 0 ? -slope : slope);
    if (!(distance < window * most_windows)) return window * most_windows;
    if (whole_below(slope) == slope) return static_cast<int32_t>(distance) + 1;
    return static_cast<int32_t>(whole_below(distance + 1e-6)) + 2;  // more than rounding errors
}

// How many such groups a row has; the last one may begin in the one before.
BATCHWARP_INLINE int32_t groups_of(int32_t width) { return (width + window - 1) / window; }

// The windows of any group: `Down` times `Across` of them, `Down` is `down` if it is 0.
template <int Down, int Across>
struct PointWindows {
    int32_t groups, last_group;  // how many, and the column at which the last one begins
    int32_t down;

    static constexpr bool replicates_edges = true;

    PointWindows(const PointBytesJob& job, int32_t rows)
        : groups(groups_of(job.place.target_width)),
          last_group(job.place.target_width - window),
          down(rows) {
        const WarpJob& place = job.place;
        const bool flips = place.flip_horizontal;
        // The topmost and the leftmost of the sixteen, at one of both ends.
        const int32_t topmost = (place.m01 < 0) != flips ? window - 1 : 0;
        const int32_t leftmost = (place.m11 < 0) != flips ? window - 1 : 0;
        for (int32_t g = 0; g < point_group_slots(groups); ++g) {
            const int32_t first = column_of(g);
            job.groups.column_y[g] = place.scratch.column_iy[first + topmost];
            job.groups.column_x[g] = place.scratch.column_ix[first + leftmost];
        }
        start_words(job);
    }

    // Columns [begin, end) are inside of the image. What is made of others is right if edges are
    // replicated.
    BATCHWARP_INLINE void operator()(const PointRow& row, int32_t begin, int32_t end,
                                     uint8_t* __restrict out) const {
        if (begin >= end) return;
        const int32_t first = begin / window, last = (end - 1) / window + 1;
        start_groups(row);
        // Groups of which no coordinate has to be held back.
        const int32_t inner = row.rows.interior_begin[row.i], outer = row.rows.interior_end[row.i];
        const int32_t first_inside = (inner + window - 1) / window;
        const bool to_end = outer >= last_group + window && last_group >= inner;
        const int32_t last_inside = to_end ? groups : outer / window;
        if (first_inside >= last_inside) return make(row, first, last, out);
        make(row, first, first_inside, out);
        make_inside(row, first_inside, last_inside, out);
        make(row, last_inside, last, out);
    }

  private:
    BATCHWARP_INLINE int32_t column_of(int32_t group) const {
        return group * window < last_group ? group * window : last_group;
    }

    static constexpr int32_t step = window * Across;  // from a code to the one below

    BATCHWARP_INLINE static void start_words(const PointBytesJob& job) {
        const WarpJob& place = job.place;
        const int32_t* __restrict column_y = place.scratch.column_iy;
        const int32_t* __restrict column_x = place.scratch.column_ix;
        uint16_t* __restrict y = job.columns.y;
        uint16_t* __restrict x = job.columns.x;
        uint16_t* __restrict code = job.columns.code;
        const int32_t slots = warp_column_slots(place.target_width);
        for (int32_t c = 0; c < slots; ++c) {
            y[c] = static_cast<uint16_t>(column_y[c]);
            x[c] = static_cast<uint16_t>(column_x[c]);
            code[c] = static_cast<uint16_t>((column_y[c] >> point_bits) * step +
                                            (column_x[c] >> point_bits));
        }
    }

    // Half of the last pixel: no coordinate is larger once edges are replicated.
    static BATCHWARP_INLINE int32_t last_of(int32_t extent) {
        return (extent - 1) * point_one + point_one / 2;
    }

    // Where the first window of each group is, what its first byte's code would be if windows were
    // numbered from the first row on, and the row's part of codes, less that.
    BATCHWARP_INLINE void start_groups(const PointRow& row) const {
        using L = Lanes;
        const WarpJob& place = row.job.place;
        const PointGroups& at = row.job.groups;
        const int32_t* __restrict column_y = at.column_y;
        const int32_t* __restrict column_x = at.column_x;
        int32_t* __restrict code = at.code;
        int32_t* __restrict start = at.start;
        int32_t* __restrict offset = at.offset;
        const auto row_y = L::all(row.y), row_x = L::all(row.x), zero = L::all(0);
        const auto last_top = L::all(place.height - down);
        const auto last_left = L::all(place.width - window * Across);
        const auto rows = L::all(step);
        const auto stride = L::all(static_cast<int32_t>(place.source_row_stride));
        const auto row_code = L::all((row.y >> point_bits) * step + (row.x >> point_bits));
        for (int32_t g = 0; g < groups; g += L::count) {
            const auto y = L::template shift_right<point_bits>(
                           L::add(L::load(column_y + g), row_y)),
                       x = L::template shift_right<point_bits>(
                           L::add(L::load(column_x + g), row_x));
            const auto top = L::clamp(y, zero, last_top), left = L::clamp(x, zero, last_left);
            const auto first = L::add(L::multiply(top, rows), left);
            L::store(code + g, first);
            L::store(start + g, L::subtract(row_code, first));
            L::store(offset + g, L::add(L::multiply(top, stride), left));
        }
    }

    static BATCHWARP_NOINLINE void make_exactly(const PointRow& row, int32_t begin, uint8_t* out) {
        for (int32_t k = 0; k < window; ++k) {
            const int32_t offset = offset_exactly(row, begin + k);
            out[k] = offset < 0 ? row.job.fill : row.job.source[offset];
        }
    }

    BATCHWARP_INLINE void make(const PointRow& row, int32_t begin, int32_t end,
                               uint8_t* __restrict out) const {
        using L = Lanes;
        constexpr int32_t registers = window / L::count;
        const WarpJob& place = row.job.place;
        const PointGroups at = row.job.groups;
        const uint8_t* const source = row.job.source;
        const int32_t* const column_y = place.scratch.column_iy;
        const int32_t* const column_x = place.scratch.column_ix;
        const int64_t stride = place.source_row_stride;
        const int32_t last = last_group;
        const auto row_y = L::all(row.y), row_x = L::all(row.x), one = L::all(1);
        const auto middle = L::all(point_one / 2);
        const auto last_y = L::all(last_of(place.height)), last_x = L::all(last_of(place.width));
        const auto low_bits = L::all(point_one - point_undecided);
        const auto factors = L::all(1 << 16 | step);
        for (int32_t g = begin; g < end; ++g) {
            const int32_t c = g * window < last ? g * window : last;
            const auto first = L::all(at.code[g]);
            typename L::Int codes[registers];
            bool undecided = false;
            for (int32_t k = 0; k < registers; ++k) {
                const int32_t column = c + k * L::count;
                const auto y = L::clamp(L::add(L::load(column_y + column), row_y), middle, last_y);
                const auto x = L::clamp(L::add(L::load(column_x + column), row_x), middle, last_x);
                codes[k] =
                    L::subtract(L::template sum_of_products<point_bits>(y, x, factors), first);
                undecided |= L::any(L::either(L::less(L::bits(y, low_bits), one),
                                              L::less(L::bits(x, low_bits), one)));
            }
            if (undecided) {
                make_exactly(row, c, out + c);
                continue;
            }
            pick(BytePicks(codes), source + at.offset[g], stride, out + c);
        }
    }

    // The same, of groups that are inside.
    BATCHWARP_INLINE void make_inside(const PointRow& row, int32_t begin, int32_t end,
                                      uint8_t* __restrict out) const {
        const PointBytesJob& job = row.job;
        const PointGroups at = job.groups;
        const PointColumns columns = job.columns;
        const uint8_t* const source = job.source;
        const int64_t stride = job.place.source_row_stride;
        const int32_t last = last_group;
        const PointWords words(row.y, row.x, step);
        for (int32_t g = begin; g < end; ++g) {
            const int32_t c = g * window < last ? g * window : last;
            __m256i codes;
            if (!words.find(columns.y + c, columns.x + c, columns.code + c, at.start[g], codes)) {
                make_exactly(row, c, out + c);
                continue;
            }
            pick(BytePicks(codes), source + at.offset[g], stride, out + c);
        }
    }

    BATCHWARP_INLINE void pick(BytePicks picks, const uint8_t* from, int64_t stride,
                               uint8_t* to) const {
        const int32_t rows = Down > 0 ? Down : down;
        for (int32_t i = 0; i < rows; ++i, from += stride)
            for (int32_t k = 0; k < Across; ++k) picks.pick(from + window * k);
        picks.store(to);
    }
};

template <int Down, int Across>
void point_windows(const PointBytesJob& job, int32_t rows) {
    start_columns(job);
    point_rows<1>(job, PointWindows<Down, Across>(job, rows));
}

// How many windows a group has.
struct WindowCount {
    int32_t down, across;

    explicit WindowCount(const WarpJob& place)
        : down(reach_of_window(place.m01)),
          across((reach_of_window(place.m11) + window - 1) / window) {}

    // Whether they can be had: of one channel, no more than picks take, and inside of the image.
    bool fit(const WarpJob& place) const {
        return place.channels == 1 && across <= 2 && down * across <= most_windows &&
               down <= place.height && window * across <= place.width &&
               place.target_width >= window;
    }
};

// Leaves to `otherwise` what has too many windows, or too few pixels.
template <void (*otherwise)(const PointBytesJob&)>
void point_bytes_by_windows(const PointBytesJob& job) {
    const WindowCount windows(job.place);
    if (!windows.fit(job.place)) return otherwise(job);
    const int32_t rows = windows.down;
    if (windows.across == 2) return point_windows<0, 2>(job, rows);
    switch (rows) {
        case 1:
            return point_windows<1, 1>(job, rows);
        case 2:
            return point_windows<2, 1>(job, rows);
        case 3:
            return point_windows<3, 1>(job, rows);
        case 4:
            return point_windows<4, 1>(job, rows);
        case 5:
            return point_windows<5, 1>(job, rows);
        case 6:
            return point_windows<6, 1>(job, rows);
        default:
            return point_windows<0, 1>(job, rows);
    }
}

}  // namespace
}  // namespace batchwarp
