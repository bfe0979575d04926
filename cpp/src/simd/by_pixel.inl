// Where the pixels of an output row lie if each is placed by itself: under a projective map, where
// it has a divisor of its own, or where somebody has placed them. No table serves two rows: a row's
// coordinates are in double, are split into whole and fraction, and go on as those of other maps
// do.

namespace batchwarp {
namespace {

// Where divisors are at least so large, rounding errors do not matter; elsewhere pixels are placed
// one by one.
constexpr double near_divisor = 1e-3;

// What has to hold for a pixel: y * of_y + x * of_x + w * of_w >= least, in homogeneous
// coordinates. Along a row that is so on one side of some column.
struct Condition {
    double of_y, of_x, of_w, least;

    BATCHWARP_INLINE void narrow(const WarpJob& job, const Rows& rows, double* __restrict begin,
                                 double* __restrict end) const {
        const double direction = job.flip_horizontal ? -1 : 1, first = source_column(job, 0);
        const double per_column = job.m01 * of_y + job.m11 * of_x + job.divisor_c * of_w;
        const double start = first * per_column - least, slope = direction * per_column;
        // Where all columns are alike, they are in together or not at all.
        const double inverse = fabs(slope) < 1e-9 ? 1e300 : 1 / slope;
        const bool rises = inverse > 0;
        for (int32_t i = 0; i < row_slots; ++i) {
            const double at =
                rows.base_y[i] * of_y + rows.base_x[i] * of_x + rows.base_w[i] * of_w + start;
            const double turn = -at * inverse;
            begin[i] = rises && turn > begin[i] ? turn : begin[i];
            end[i] = !rises && turn < end[i] ? turn : end[i];
        }
    }
};

// As bound_columns does for an affine map: the columns of each row whose coordinates are `margin`
// or more inside of the image, and that have at least this divisor.
void bound_projected(const WarpJob& job, double margin, double divisor, const Rows& rows,
                     int32_t* __restrict begins, int32_t* __restrict ends) {
    const double far = job.target_width - 1;
    const double last_y = job.height - 1 - margin, last_x = job.width - 1 - margin;
    const Condition conditions[] = {{1, 0, -margin, 0},
                                    {-1, 0, last_y, 0},
                                    {0, 1, -margin, 0},
                                    {0, -1, last_x, 0},
                                    {0, 0, 1, divisor}};
    double begin[row_slots], end[row_slots];
    for (int32_t i = 0; i < row_slots; ++i) {
        begin[i] = 0;
        end[i] = far;
    }
    for (const Condition& condition : conditions) condition.narrow(job, rows, begin, end);
    for (int32_t i = 0; i < row_slots; ++i) {
        const double from = begin[i] < far + 1 ? begin[i] : far + 1, to = end[i] > -1 ? end[i] : -1;
        begins[i] = -static_cast<int32_t>(whole_below(-from));
        ends[i] = static_cast<int32_t>(to + 1);
    }
}

void bound_projected_rows(const WarpJob& job, Rows& rows) {
    bound_projected(job, coordinate_margin, near_divisor, rows, rows.interior_begin,
                    rows.interior_end);
    if (!fills(job.border)) return take_all_columns(job, rows);
    bound_projected(job, -fill_distance(job) - coordinate_margin, 0, rows, rows.outer_begin,
                    rows.outer_end);
}

// Whether the pixels from column `c` on, a block of them, are `margin` or more inside.
BATCHWARP_INLINE bool is_inside(const WarpJob& job, const double* places, int32_t c,
                                double margin) {
    using L = Lanes;
    const double* y = places + c;
    const double* x = y + warp_column_blocks(job.target_width);
    const auto least = L::wide(margin), last_y = L::wide(job.height - 1 - margin),
               last_x = L::wide(job.width - 1 - margin);
    bool inside = true;
    for (int32_t k = 0; k < warp_block; k += L::count) {
        inside &= L::within(L::load(y + k), least, last_y);
        inside &= L::within(L::load(x + k), least, last_x);
    }
    return inside;
}

// Whether they all are the fill value.
bool is_outside(const WarpJob& job, const double* places, int32_t c, double margin) {
    const double* y = places + c;
    const double* x = y + warp_column_blocks(job.target_width);
    const double last_y = job.height - 1 + margin, last_x = job.width - 1 + margin;
    for (int32_t k = 0; k < warp_block; ++k)
        if (y[k] >= -margin && y[k] <= last_y && x[k] >= -margin && x[k] <= last_x) return false;
    return true;
}

// The columns from `begin` to `end` and the blocks beside them that are inside as well. If there
// are none yet, the longest run of such blocks.
void widen(const WarpJob& job, const double* places, int32_t& begin, int32_t& end) {
    const int32_t stop = warp_column_blocks(job.target_width);
    const auto inside = [&](int32_t c) { return is_inside(job, places, c, coordinate_margin); };
    begin = (begin + warp_block - 1) & -warp_block;
    end &= -warp_block;
    if (begin < end) {
        while (begin > 0 && inside(begin - warp_block)) begin -= warp_block;
        while (end < stop && inside(end)) end += warp_block;
        return;
    }
    begin = end = 0;
    int32_t from = 0;
    for (int32_t c = 0; c < stop; c += warp_block) {
        if (!inside(c)) {
            from = c + warp_block;
        } else if (c + warp_block - from > end - begin) {
            begin = from;
            end = c + warp_block;
        }
    }
}

// The same columns of pixels that have been placed: what is inside wherever the field moves it and
// what turns out to be, and all but the blocks at the ends that are outside.
void bound_placed_rows(const WarpJob& job, const Slope& slope_y, const Slope& slope_x, Rows& rows) {
    const int32_t stop = warp_column_blocks(job.target_width);
    const double filled = fill_distance(job) + coordinate_margin;
    bound_columns(job, slope_y, slope_x, coordinate_margin + job.reach, rows, rows.interior_begin,
                  rows.interior_end);
    take_all_columns(job, rows);
    for (int32_t i = 0; i < rows.count; ++i) {
        const double* places = places_of(job, rows, i);
        widen(job, places, rows.interior_begin[i], rows.interior_end[i]);
        if (!fills(job.border)) continue;
        int32_t first = 0, last = stop;
        while (first < stop && is_outside(job, places, first, filled)) first += warp_block;
        while (last > first && is_outside(job, places, last - warp_block, filled))
            last -= warp_block;
        rows.outer_begin[i] = first;
        rows.outer_end[i] = last;
    }
}

// Coordinates in fixed point, by an addition: the sum is so large that its last bit counts 2^-23,
// and its low bits are the number that is wanted. For coordinates up to `farthest`.
constexpr int sum_bits = 23;
constexpr double sum_addend = 3 << 28;  // 1.5 * 2^(52 - sum_bits)

// The two parts, from such sums. `whole` has what every sum has above the whole part, too.
struct SumParts {
    static constexpr uint32_t excess = 0x90000000;
    Lanes::Int whole;
    Lanes::Float fraction;

    BATCHWARP_INLINE explicit SumParts(Lanes::Wide sum) {
        using L = Lanes;
        whole = L::low_bits<sum_bits>(sum);
        const auto low = L::bits(L::low_bits<0>(sum), L::all((1 << sum_bits) - 1));
        fraction = L::multiply(L::to_float(low), L::all(1.0f / (1 << sum_bits)));
    }
};

// Gives `keep` the parts of each pixel's coordinates. There is one division for both; that rounds
// otherwise than `projected`, but decides nothing. Divisors are `near_divisor` or more.
template <bool Inside, class Keep>
BATCHWARP_INLINE void each_in_front(const WarpJob& job, const Rows& rows, int32_t i, Span span,
                                    Keep&& keep) {
    using L = Lanes;
    const double first = source_column(job, span.c), direction = job.flip_horizontal ? -1 : 1;
    const auto slope_y = L::wide(direction * job.m01), slope_x = L::wide(direction * job.m11);
    const auto slope_w = L::wide(direction * job.divisor_c);
    const auto base_y = L::wide(rows.base_y[i] + first * job.m01);
    const auto base_x = L::wide(rows.base_x[i] + first * job.m11);
    const auto base_w = L::wide(rows.base_w[i] + first * job.divisor_c);
    const auto addend = L::wide(sum_addend), more = L::wide(L::count);
    const auto lowest = L::wide(sum_addend - farthest), highest = L::wide(sum_addend + farthest);
    auto column = L::ramp();
    for (int32_t k = 0; k < span.count; k += L::count, column = L::add(column, more)) {
        const auto inverse = L::inverse(L::multiply_add(column, slope_w, base_w));
        auto y = L::multiply_add(L::multiply_add(column, slope_y, base_y), inverse, addend);
        auto x = L::multiply_add(L::multiply_add(column, slope_x, base_x), inverse, addend);
        if constexpr (!Inside) {
            y = L::clamp(y, lowest, highest);
            x = L::clamp(x, lowest, highest);
        }
        keep(k, SumParts(y), SumParts(x));
    }
}

// Likewise of pixels that have been placed. None of them is beyond `farthest`.
template <class Keep>
BATCHWARP_INLINE void each_placed(const WarpJob& job, const Rows& rows, int32_t i, Span span,
                                  Keep&& keep) {
    using L = Lanes;
    const auto addend = L::wide(sum_addend);
    const double* y = places_of(job, rows, i) + span.c;
    const double* x = y + warp_column_blocks(job.target_width);
    for (int32_t k = 0; k < span.count; k += L::count)
        keep(k, SumParts(L::add(L::load(y + k), addend)), SumParts(L::add(L::load(x + k), addend)));
}

// Both taps of each pixel are known to lie inside.
BATCHWARP_NOINLINE void by_pixel_interior(const WarpJob& job, const Rows& rows, int32_t i,
                                          Span span) {
    using L = Lanes;
    const uint32_t stride = static_cast<uint32_t>(job.source_row_stride);
    const uint32_t step = static_cast<uint32_t>(job.pixel_step);
    const auto strides = L::all(static_cast<int32_t>(stride));
    const auto steps = L::all(static_cast<int32_t>(step));
    const auto correction = L::all(static_cast<int32_t>(0 - SumParts::excess * (stride + step)));
    float* __restrict fy = job.scratch.fy + span.at;
    float* __restrict fx = job.scratch.fx + span.at;
    int32_t* __restrict offset = job.scratch.offset + span.at;
    const auto keep = [&](int32_t k, const SumParts& y, const SumParts& x) {
        L::store(fy + k, y.fraction);
        L::store(fx + k, x.fraction);
        const auto down = L::multiply(y.whole, strides), right = L::multiply(x.whole, steps);
        L::store(offset + k, L::add(L::add(down, right), correction));
    };
    if (job.projects) return each_in_front<true>(job, rows, i, span, keep);
    each_placed(job, rows, i, span, keep);
}

// Whether no pixel of a row is near the horizon, even if the row were a block longer at both ends.
BATCHWARP_INLINE bool is_in_front(const WarpJob& job, const Rows& rows, int32_t i) {
    const double w = rows.base_w[i];
    return w >= near_divisor &&
           w + (job.target_width - 1 + warp_block) * job.divisor_c >= near_divisor &&
           w - warp_block * job.divisor_c >= near_divisor;
}

// Some taps may lie outside: the tables get what those of other maps have, and rows add nothing.
BATCHWARP_NOINLINE void by_pixel_border(const WarpJob& job, const Rows& rows, int32_t i,
                                        Span span) {
    using L = Lanes;
    float* __restrict fy = job.scratch.column_fy + span.c;
    float* __restrict fx = job.scratch.column_fx + span.c;
    int32_t* __restrict iy = job.scratch.column_iy + span.c;
    int32_t* __restrict ix = job.scratch.column_ix + span.c;
    const auto correction = L::all(static_cast<int32_t>(0 - SumParts::excess));
    const auto keep = [&](int32_t k, const SumParts& y, const SumParts& x) {
        L::store(fy + k, y.fraction);
        L::store(fx + k, x.fraction);
        L::store(iy + k, L::add(y.whole, correction));
        L::store(ix + k, L::add(x.whole, correction));
    };
    if (!job.projects) return each_placed(job, rows, i, span, keep);
    // The whole row decides, not the span: bands must not show.
    if (is_in_front(job, rows, i)) return each_in_front<false>(job, rows, i, span, keep);
    for (int32_t k = 0; k < span.count; ++k) {
        const Position at = position_of(job, rows, i, span.c + k);
        const double whole_y = whole_below(at.y), whole_x = whole_below(at.x);
        fy[k] = static_cast<float>(at.y - whole_y);
        fx[k] = static_cast<float>(at.x - whole_x);
        iy[k] = static_cast<int32_t>(whole_y);
        ix[k] = static_cast<int32_t>(whole_x);
    }
}

}  // namespace
}  // namespace batchwarp
