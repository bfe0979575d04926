// Small images of bytes of one channel, orders 0 and 1, where they lie: by permutations of bytes.
// Rows that lie one behind the other are one run of bytes. Sixteen pixels of an output row have
// their taps in a window of it, unless the map turns too much: see `WarpJob::window`. So there are
// no offsets, and no copy. Coordinates are those of small.inl, and so are the values.

namespace batchwarp {
namespace {

constexpr bool reflects(Extension extension) {
    return extension == Extension::half_symmetric || extension == Extension::whole_symmetric;
}

// The bytes of a window.
template <bool Wide>
BATCHWARP_INLINE __m512i pick_bytes(const uint8_t* from, __m512i places) {
    const auto line = [from](int k) { return _mm512_loadu_si512(from + k * 64); };
    const __m512i first = _mm512_permutex2var_epi8(line(0), places, line(1));
    if constexpr (Wide) {
        const __m512i second = _mm512_permutex2var_epi8(line(2), places, line(3));
        return _mm512_mask_mov_epi8(first, _mm512_movepi8_mask(places), second);
    } else {
        return first;
    }
}

// Byte 0 of each lane, four times.
BATCHWARP_INLINE __m512i repeated_bytes(__m512i v) {
    return _mm512_shuffle_epi8(v, _mm512_set4_epi32(0x0c0c0c0c, 0x08080808, 0x04040404, 0));
}

// Where the windows of a block of rows begin, for the same sixteen columns, and what is added to
// the places of their taps.
struct WindowRows {
    alignas(64) int32_t offset[row_block];
    alignas(64) int32_t places[row_block];
    uint32_t parted;  // the rows of which some pixels lie at the top of the image, others below
};

// Sixteen pixels of an output row: row i, from column c on.
struct RowOfWindows {
    const Rows& rows;
    const WindowRows& windows;
    int32_t i, c;
};

// What is common to the blocks of an image: where its rows are, and its axes.
template <Extension extension, bool Wide>
struct ByteWindows {
    using L = Lanes;
    static constexpr int32_t bytes = Wide ? warp_wide_window : warp_window;

    const WarpJob& job;
    SmallAxis<extension> vertical, horizontal;
    __m512i rows;  // the lower byte of the offset of each
    int32_t last;  // where the last window begins
    int32_t taps;  // of a pixel, beside its first: (top, bottom) of the left column, and the right

    BATCHWARP_INLINE ByteWindows(const WarpJob& of, int32_t taps_of_pixel)
        : job(of),
          vertical(of.height),
          horizontal(of.width),
          last(of.height * of.width - bytes),
          taps(taps_of_pixel) {
        alignas(64) uint8_t low[warp_window_rows];
        for (int32_t r = 0; r < warp_window_rows; ++r) low[r] = static_cast<uint8_t>(r * of.width);
        rows = _mm512_load_si512(low);
    }

    // What lies first of all that is between `a` and `b`.
    BATCHWARP_INLINE Lanes::Int first_of(const SmallAxis<extension>& axis, Lanes::Int a,
                                         Lanes::Int b) const {
        const auto least = _mm512_min_epi32(axis.inside(a), axis.inside(b));
        if constexpr (reflects(extension)) {
            const auto through_edge = L::less(L::differing_bits(a, b), L::all(0));
            return L::template shift_right<warp_fixed_bits>(
                L::where(through_edge, L::all(0), least));
        } else {
            return L::template shift_right<warp_fixed_bits>(least);
        }
    }

    // Whether coordinates jump between `a` and `b`.
    BATCHWARP_INLINE Lanes::Mask jumps(const SmallAxis<extension>& axis, Lanes::Int a,
                                       Lanes::Int b) const {
        const auto zero = L::all(0), end = L::all(axis.last);
        return _kor_mask16(_kxor_mask16(L::less(a, zero), L::less(b, zero)),
                           _kxor_mask16(L::less(end, a), L::less(end, b)));
    }

    // Places in a window from `offset` on.
    BATCHWARP_INLINE Lanes::Int places_from(Lanes::Int offset) const {
        return _mm512_sub_epi8(L::all(taps), repeated_bytes(offset));
    }

    // The columns are [c, c + 16).
    BATCHWARP_INLINE void start(const Rows& all, int32_t c, WindowRows& windows) const {
        const auto first_y = L::all(job.scratch.column_iy[c]),
                   first_x = L::all(job.scratch.column_ix[c]),
                   last_y = L::all(job.scratch.column_iy[c + warp_block - 1]),
                   last_x = L::all(job.scratch.column_ix[c + warp_block - 1]);
        const auto width = L::all(job.width);
        windows.parted = 0;
        for (int32_t i = 0; i < row_block; i += L::count) {
            const auto row_y = L::load(all.fixed_y + i), row_x = L::load(all.fixed_x + i);
            const auto y0 = L::add(row_y, first_y), y1 = L::add(row_y, last_y);
            const auto x0 = L::add(row_x, first_x), x1 = L::add(row_x, last_x);
            const auto top = first_of(vertical, y0, y1);
            auto left = first_of(horizontal, x0, x1);
            if constexpr (extension == Extension::overlapping) {
                left = L::where(jumps(horizontal, x0, x1), L::all(0), left);
                windows.parted |= uint32_t{jumps(vertical, y0, y1)} << i;
            }
            const auto offset =
                _mm512_min_epi32(L::add(L::multiply(top, width), left), L::all(last));
            L::store(windows.offset + i, offset);
            L::store(windows.places + i, places_from(offset));
        }
    }

    // Of each lane the taps of a pixel, of a row.
    BATCHWARP_INLINE Lanes::Int pick(Lanes::Int y, Lanes::Int x, const RowOfWindows& row) const {
        // The integer part of a lane in all of its bytes.
        constexpr int64_t whole = warp_fixed_bits * 0x01010101, next = whole + 32 * 0x01010101;
        const auto bits = _mm512_set1_epi64(next << 32 | whole);
        const auto across = _mm512_multishift_epi64_epi8(bits, x);
        const auto down = _mm512_permutexvar_epi8(_mm512_multishift_epi64_epi8(bits, y), rows);
        const auto place = _mm512_add_epi8(across, down);
        if constexpr (extension == Extension::overlapping) {
            if ((row.windows.parted >> row.i & 1) != 0) {
                const auto above =
                    pick_bytes<Wide>(job.bytes, _mm512_add_epi8(place, places_from(L::all(0))));
                const auto below = pick_bytes<Wide>(
                    job.bytes + last, _mm512_add_epi8(place, places_from(L::all(last))));
                return L::where(L::less(L::all(vertical.last / 2), y), below, above);
            }
        }
        return pick_bytes<Wide>(job.bytes + row.windows.offset[row.i],
                                _mm512_add_epi8(place, L::all(row.windows.places[row.i])));
    }
};

// The fraction of a coordinate that is not negative: as many bits as a float's.
BATCHWARP_INLINE __m512 fraction_of(__m512i at) {
    static_assert(warp_fixed_bits == 23);
    constexpr int and_or = 0xea;  // (a & b) | c
    const __m512 one = _mm512_set1_ps(1);
    const __m512i sum = _mm512_ternarylogic_epi32(at, _mm512_set1_epi32(fixed_whole - 1),
                                                  _mm512_castps_si512(one), and_or);
    return _mm512_sub_ps(_mm512_castsi512_ps(sum), one);
}

// The pixels of row i from column c on that are the fill value.
BATCHWARP_NOINLINE __mmask16 filled_exactly(const WarpJob& job, const RowOfWindows& row) {
    const double last_y = job.height - 1, last_x = job.width - 1;
    uint32_t filled = 0;
    for (int32_t k = 0; k < warp_block; ++k) {
        const Position at = position_of(job, row.rows, row.i, row.c + k);
        const bool inside = at.y >= 0 && at.y <= last_y && at.x >= 0 && at.x <= last_x;
        filled |= uint32_t{!inside} << k;
    }
    return static_cast<__mmask16>(filled);
}

// The taps and weights of row i from column c on, where the last bit of a coordinate decides.
struct ExactTaps {
    alignas(64) int32_t taps[warp_block];
    alignas(64) float fy[warp_block], fx[warp_block];

    BATCHWARP_NOINLINE ExactTaps(const WarpJob& job, const RowOfWindows& row) {
        for (int32_t k = 0; k < warp_block; ++k) {
            const Position at = position_of(job, row.rows, row.i, row.c + k);
            const Tap y = wrapped_exactly<Extension::overlapping>(at.y, job.height);
            const Tap x = wrapped_exactly<Extension::overlapping>(at.x, job.width);
            const uint8_t* top = job.bytes + y.whole * job.width + x.whole;
            const uint8_t* bottom = top + job.width;
            taps[k] = static_cast<int32_t>(top[0] | uint32_t{bottom[0]} << 8 |
                                           uint32_t{top[1]} << 16 | uint32_t{bottom[1]} << 24);
            fy[k] = y.fraction;
            fx[k] = x.fraction;
        }
    }
};

template <bool Normalized>
struct WindowValues {
    __m512 shift, scale;

    BATCHWARP_INLINE explicit WindowValues(const WarpJob& job)
        : shift(_mm512_set1_ps(Normalized ? *job.shift : 0)),
          scale(_mm512_set1_ps(Normalized ? *job.scale : 1)) {}

    BATCHWARP_INLINE void store(float* to, __m512 value) const {
        if (Normalized) value = _mm512_mul_ps(_mm512_sub_ps(value, shift), scale);
        _mm512_storeu_ps(to, value);
    }
};

// Calls `block` for all blocks of sixteen pixels: the last one of a row may begin in the one
// before.
template <int32_t shift = 0, class Windows, class Block>
BATCHWARP_INLINE void make_windows(const WarpJob& job, const Windows& windows, Block&& block) {
    fill_columns(job);
    Rows rows;
    WindowRows starts;
    const int64_t width = job.target_width;
    for (int32_t first = job.row_begin; first < job.row_end; first += row_block) {
        start_rows(job, first, rows);
        if constexpr (shift != 0) {
            for (int32_t& y : rows.fixed_y) y += shift;
            for (int32_t& x : rows.fixed_x) x += shift;
        }
        float* const target = job.target + (first - job.row_begin) * width;
        const int64_t ahead = rows.count * width;  // the next rows, or the next image
        for (int32_t begin = 0; begin < width; begin += warp_block) {
            const int32_t c = begin + warp_block <= width ? begin : job.target_width - warp_block;
            windows.start(rows, c, starts);
            const auto column_y = Lanes::load(job.scratch.column_iy + c),
                       column_x = Lanes::load(job.scratch.column_ix + c);
            float* to = target + c;
            for (int32_t i = 0; i < rows.count; ++i, to += width) {
                BATCHWARP_PREFETCH_WRITE(to + ahead);
                block(RowOfWindows{rows, starts, i, c},
                      Lanes::add(column_y, Lanes::all(rows.fixed_y[i])),
                      Lanes::add(column_x, Lanes::all(rows.fixed_x[i])), to);
            }
        }
    }
}

template <Extension extension, bool Wide, bool Normalized>
void linear_windows_of(const WarpJob& job) {
    using L = Lanes;
    const ByteWindows<extension, Wide> windows(job,
                                               (job.width << 8 | 1 << 16 | (job.width + 1) << 24));
    const WindowValues<Normalized> values(job);
    const auto cval = L::all(static_cast<float>(job.cval));
    const auto &vertical = windows.vertical, &horizontal = windows.horizontal;
    make_windows(job, windows, [&](const RowOfWindows& row, __m512i at_y, __m512i at_x, float* to) {
        const auto y = vertical.inside(at_y), x = horizontal.inside(at_x);
        if constexpr (extension == Extension::overlapping)
            if (L::any(L::less(L::all(-fixed_margin - 1),
                               L::max(vertical.beyond(y), horizontal.beyond(x))))) {
                const ExactTaps exact(job, row);
                return values.store(to, between_four_bytes(L::load(exact.taps), L::load(exact.fx),
                                                           L::load(exact.fy)));
            }
        auto value = between_four_bytes(windows.pick(y, x, row), fraction_of(x), fraction_of(y));
        if constexpr (extension == Extension::constant) {
            const auto beyond = L::max(vertical.beyond(at_y), horizontal.beyond(at_x));
            auto filled = L::less(L::all(fixed_margin), beyond);
            if (filled != L::less(L::all(-fixed_margin - 1), beyond))
                filled = filled_exactly(job, row);
            value = L::where(filled, cval, value);
        }
        values.store(to, value);
    });
}

// What order 0 adds to coordinates: half a pixel, so that what is below the point tells nothing but
// whether a coordinate lies between two samples, and a margin, so that this begins with 0.
constexpr int32_t point_margin = 4;
constexpr int32_t point_shift = fixed_whole / 2 + point_margin;
static_assert(point_margin > fixed_margin);

// The samples of row i from column c on, where the last bit of a coordinate decides.
BATCHWARP_NOINLINE __m512 samples_exactly(const WarpJob& job, const RowOfWindows& row) {
    alignas(64) float samples[warp_block];
    for (int32_t k = 0; k < warp_block; ++k) {
        const Position at = position_of(job, row.rows, row.i, row.c + k);
        const int64_t y = nearest_sample(at.y, job.height, job.border);
        const int64_t x = nearest_sample(at.x, job.width, job.border);
        samples[k] = y < 0 || x < 0 ? static_cast<float>(job.cval)
                                    : static_cast<float>(job.bytes[y * job.width + x]);
    }
    return _mm512_load_ps(samples);
}

template <Extension extension, bool Wide, bool Normalized>
void point_windows_of(const WarpJob& job) {
    using L = Lanes;
    const ByteWindows<extension, Wide> windows(job, 0);
    const WindowValues<Normalized> values(job);
    const auto cval = L::all(static_cast<float>(job.cval));
    const auto &vertical = windows.vertical, &horizontal = windows.horizontal;
    const auto undecided = L::all((fixed_whole - 1) & -2 * point_margin);
    make_windows<point_shift>(
        job, windows, [&](const RowOfWindows& row, __m512i at_y, __m512i at_x, float* to) {
            bool exactly = (_mm512_testn_epi32_mask(at_y, undecided) |
                            _mm512_testn_epi32_mask(at_x, undecided)) != 0;
            __mmask16 filled = 0;
            if constexpr (extension == Extension::constant) {
                const auto shift = L::all(point_shift);
                const auto beyond = L::max(vertical.beyond(L::subtract(at_y, shift)),
                                           horizontal.beyond(L::subtract(at_x, shift)));
                filled = L::less(L::all(fixed_margin), beyond);
                exactly |= filled != L::less(L::all(-fixed_margin - 1), beyond);
            }
            if (exactly) return values.store(to, samples_exactly(job, row));
            const auto samples = windows.pick(vertical.inside(at_y), horizontal.inside(at_x), row);
            const auto value = L::to_float(L::bits(samples, L::all(0xff)));
            values.store(to, L::where(filled, cval, value));
        });
}

template <Extension extension, bool Wide>
void linear_windows_of(const WarpJob& job) {
    job.shift != nullptr ? linear_windows_of<extension, Wide, true>(job)
                         : linear_windows_of<extension, Wide, false>(job);
}

template <bool Wide>
void linear_windows(const WarpJob& job) {
    switch (job.border.coordinates) {
        case Extension::constant:
            return linear_windows_of<Extension::constant, Wide>(job);
        case Extension::half_symmetric:
            return linear_windows_of<Extension::half_symmetric, Wide>(job);
        case Extension::whole_symmetric:
            return linear_windows_of<Extension::whole_symmetric, Wide>(job);
        case Extension::overlapping:
            return linear_windows_of<Extension::overlapping, Wide>(job);
        case Extension::none:
        case Extension::replicate:
        case Extension::periodic:
            return linear_windows_of<Extension::replicate, Wide>(job);
    }
}

template <Extension extension, bool Wide>
void point_windows_of(const WarpJob& job) {
    job.shift != nullptr ? point_windows_of<extension, Wide, true>(job)
                         : point_windows_of<extension, Wide, false>(job);
}

// Order 0 is small where edges are the last sample or a fill value.
template <bool Wide>
void point_windows_of(const WarpJob& job) {
    job.border.coordinates == Extension::constant
        ? point_windows_of<Extension::constant, Wide>(job)
        : point_windows_of<Extension::replicate, Wide>(job);
}

}  // namespace
}  // namespace batchwarp
