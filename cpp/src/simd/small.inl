// Where the pixels of small images lie, in fixed point: coordinates are added, and brought inside
// as the border wants it, in a few operations on integers, wherever they are.

namespace batchwarp {
namespace {

constexpr int32_t fixed_whole = int32_t{1} << warp_fixed_bits;
// Coordinates are off by one unit at most: closer than this to where they jump, or to where the
// fill value begins, their last bit decides.
constexpr int32_t fixed_margin = 3;

// One axis of `n` samples. Coordinates are within a period of them, see `WarpJob::small`.
template <Extension extension>
struct SmallAxis {
    using L = Lanes;
    int32_t last;

    BATCHWARP_INLINE explicit SmallAxis(int32_t n) : last((n - 1) * fixed_whole) {}

    // Beyond an edge, the way back from it.
    BATCHWARP_INLINE Lanes::Int folded(Lanes::Int at, int32_t low, int32_t high) const {
        at = L::add(L::absolute(L::subtract(at, L::all(low))), L::all(low));
        return L::subtract(L::all(high), L::absolute(L::subtract(L::all(high), at)));
    }

    // Where the tap that comes first is, and how far behind it the coordinate is. It may be the
    // last sample of all: another one like it follows.
    BATCHWARP_INLINE Lanes::Int inside(Lanes::Int at) const {
        if constexpr (extension == Extension::half_symmetric)
            at = folded(at, -fixed_whole / 2, last + fixed_whole / 2);
        if constexpr (extension == Extension::whole_symmetric) at = folded(at, 0, last);
        if constexpr (extension == Extension::overlapping) {
            const auto below = L::less(at, L::all(0)), above = L::less(L::all(last), at);
            at = L::add_where(above, L::add_where(below, at, L::all(last)), L::all(-last));
        }
        return L::clamp(at, L::all(0), L::all(last));
    }

    // How far beyond the nearer edge; less than 0: inside.
    BATCHWARP_INLINE Lanes::Int beyond(Lanes::Int at) const {
        const int32_t middle = last / 2;
        return L::subtract(L::absolute(L::subtract(at, L::all(middle))), L::all(middle));
    }
};

// The first tap of pixels that are the fill value: see `WarpJob::padded`.
BATCHWARP_INLINE int32_t fill_offset(const WarpJob& job) {
    return (job.height + 1) * static_cast<int32_t>(job.source_row_stride);
}

void fill_exactly(const WarpJob& job, const Rows& rows, int32_t i, Span span) {
    const double last_y = job.height - 1, last_x = job.width - 1;
    for (int32_t k = 0; k < span.count; ++k) {
        const Position at = position_of(job, rows, i, span.c + k);
        const bool inside = at.y >= 0 && at.y <= last_y && at.x >= 0 && at.x <= last_x;
        if (!inside) job.scratch.offset[span.at + k] = fill_offset(job);
    }
}

template <Extension extension>
void fill_small_rows(const WarpJob& job, const Rows& rows, int32_t i, int32_t stop) {
    using L = Lanes;
    const int32_t* __restrict column_y = job.scratch.column_iy;
    const int32_t* __restrict column_x = job.scratch.column_ix;
    float* __restrict fy = job.scratch.fy;
    float* __restrict fx = job.scratch.fx;
    int32_t* __restrict offset = job.scratch.offset;
    const auto stride_and_step =
        L::all(job.pixel_step << 16 | static_cast<int32_t>(job.source_row_stride));
    const SmallAxis<extension> vertical(job.height), horizontal(job.width);
    const auto low_bits = L::all(fixed_whole - 1);
    const auto unit = L::all(static_cast<float>(1 / fixed_one));
    const auto fill = L::all(fill_offset(job));
    const int32_t width = job.target_width, count = (width + warp_block - 1) & -warp_block;
    for (int32_t first = 0; i < stop; ++i, first += width) {
        const auto row_y = L::all(rows.fixed_y[i]), row_x = L::all(rows.fixed_x[i]);
        for (int32_t k = 0; k < count; k += L::count) {
            const auto at_y = L::add(L::load(column_y + k), row_y);
            const auto at_x = L::add(L::load(column_x + k), row_x);
            const auto y = vertical.inside(at_y), x = horizontal.inside(at_x);
            const auto tap = L::template sum_of_products<warp_fixed_bits>(y, x, stride_and_step);
            const Span span{k, L::count, first + k};
            L::store(fy + span.at, L::multiply(L::to_float(L::bits(y, low_bits)), unit));
            L::store(fx + span.at, L::multiply(L::to_float(L::bits(x, low_bits)), unit));
            if constexpr (extension == Extension::constant) {
                const auto beyond = L::max(vertical.beyond(at_y), horizontal.beyond(at_x));
                if (L::any(L::less(L::absolute(beyond), L::all(fixed_margin + 1)))) {
                    L::store(offset + span.at, tap);
                    fill_exactly(job, rows, i, span);
                } else {
                    L::store(offset + span.at, L::where(L::less(L::all(0), beyond), fill, tap));
                }
            } else {
                L::store(offset + span.at, tap);
            }
            if constexpr (extension == Extension::overlapping)
                if (L::any(L::less(L::all(-fixed_margin - 1),
                                   L::max(vertical.beyond(y), horizontal.beyond(x)))))
                    wrap_exactly<extension>(job, rows, i, span);
        }
    }
}

// Coordinates of rows [i, stop) of a small image, one behind the other from position 0 on.
void fill_small_coordinates(const WarpJob& job, const Rows& rows, int32_t i, int32_t stop) {
    if (!job.padded) return fill_small_rows<Extension::replicate>(job, rows, i, stop);
    switch (job.border.coordinates) {
        case Extension::constant:
            return fill_small_rows<Extension::constant>(job, rows, i, stop);
        case Extension::half_symmetric:
            return fill_small_rows<Extension::half_symmetric>(job, rows, i, stop);
        case Extension::whole_symmetric:
            return fill_small_rows<Extension::whole_symmetric>(job, rows, i, stop);
        case Extension::overlapping:
            return fill_small_rows<Extension::overlapping>(job, rows, i, stop);
        case Extension::none:
        case Extension::replicate:
        case Extension::periodic:
            return fill_small_rows<Extension::replicate>(job, rows, i, stop);
    }
}

}  // namespace
}  // namespace batchwarp
