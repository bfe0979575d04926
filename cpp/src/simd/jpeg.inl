// The way of an image through JPEG and back: luma and chroma, of which the latter is halved, and
// blocks of 8 x 8. What is lossless in a file, how blocks are coded, is left out.
//
// Strips of 16 rows pass through memory that stays in a first-level cache. A row is finished when
// the chroma below it is there, so the last one of a strip waits for the next strip. All of it is
// in libjpeg's whole numbers; some of them are floats, which hold them exactly.

namespace batchwarp {
namespace {

// The levels of a value range, and back.
struct JpegLevels {
    using Float = Lanes::Float;
    using Int = Lanes::Int;
    Float low, factor, extent, most;

    BATCHWARP_INLINE explicit JpegLevels(const JpegJob& job)
        : low(Lanes::all(job.low)),
          factor(Lanes::all(255 / (job.high - job.low))),
          extent(Lanes::all(job.high - job.low)),
          most(Lanes::all(255.0f)) {}

    template <bool Scaled>
    BATCHWARP_INLINE Int of(Float value) const {
        value = Lanes::subtract(value, low);
        return nearest_level(Scaled ? Lanes::multiply(value, factor) : value);
    }
    template <bool Scaled>
    BATCHWARP_INLINE Float value(Int level) const {
        level = Lanes::clamp(level, Lanes::all(int32_t{0}), Lanes::all(int32_t{255}));
        Float v = Lanes::to_float(level);
        // Divided, so that what is a whole number becomes one.
        if (Scaled) v = Lanes::divide(Lanes::multiply(v, extent), most);
        return Lanes::add(low, v);
    }
};

// A row of pixels, in so many parts of so many interleaved channels each.
template <int Parts, int Step>
struct JpegRow {
    using Float = Lanes::Float;
    using Int = Lanes::Int;
    static constexpr int channels = Parts * Step, count = Lanes::count;
    float* part[Parts];

    BATCHWARP_INLINE JpegRow(const JpegJob& job, int64_t row) {
        for (int p = 0; p < Parts; ++p) part[p] = job.part[p] + row * job.width * Step;
    }
    BATCHWARP_INLINE void load(Float (&color)[channels]) const {
        if constexpr (Step == 3)
            Lanes::load_three(part[0], color[0], color[1], color[2]);
        else
            for (int p = 0; p < Parts; ++p) color[p] = Lanes::load(part[p]);
    }
    BATCHWARP_INLINE void store(const Float (&color)[channels]) const {
        if constexpr (Step == 3)
            Lanes::store_three(part[0], color[0], color[1], color[2]);
        else
            for (int p = 0; p < Parts; ++p) Lanes::store(part[p], color[p]);
    }
    /// Pixels in the order of memory from those as they are loaded, and back.
    static BATCHWARP_INLINE Int ordered(Int v) { return Step == 3 ? Lanes::ordered_three(v) : v; }
    /// Calls `each` with a place and a row that begins there, and has a whole vector of pixels.
    template <bool Writes, class Each>
    BATCHWARP_INLINE void vectors(int64_t width, Each&& each) const {
        int64_t i = 0;
        JpegRow at = *this;
        for (; i + count <= width; i += count) {
            each(i, at);
            for (int p = 0; p < Parts; ++p) at.part[p] += count * Step;
        }
        if (i == width) return;
        float some[Parts][count * Step] = {};
        const JpegRow rest = at;
        const auto bytes = static_cast<size_t>(width - i) * Step * sizeof(float);
        for (int p = 0; p < Parts; ++p) {
            if (!Writes) memcpy(some[p], rest.part[p], bytes);
            at.part[p] = some[p];
        }
        each(i, at);
        if (Writes)
            for (int p = 0; p < Parts; ++p) memcpy(rest.part[p], some[p], bytes);
    }
};

// What the rows of a strip are in. Luma and chroma begin with the last row of the strip before.
struct JpegStrip {
    static constexpr int rows = 2 * jpeg_block;
    int64_t width, half;  // of rows in memory, multiples of jpeg_tile
    int32_t *luma, *chroma[2];
    int32_t* wide[2][2];  // two rows of chroma that is not halved
    int32_t* sums;        // of two rows of halved chroma, with as much as a vector on either side

    BATCHWARP_INLINE JpegStrip(int64_t pixels, int32_t* memory)
        : width(jpeg_row(pixels)), half(width / 2) {
        const auto take = [&](int64_t count) {
            int32_t* const taken = memory;
            memory += count;
            return taken;
        };
        luma = take((rows + 1) * width);
        for (int32_t*& plane : chroma) plane = take((jpeg_block + 1) * half);
        for (auto& plane : wide)
            for (int32_t*& row : plane) row = take(width);
        sums = take(half + 2 * jpeg_block) + jpeg_block;
        // Beyond the last blocks, where nobody looks, there are numbers as well.
        memset(luma, 0, static_cast<size_t>(memory - luma) * sizeof *luma);
    }
    BATCHWARP_INLINE int32_t* luma_row(int64_t row) const { return luma + (row + 1) * width; }
    BATCHWARP_INLINE int32_t* chroma_row(int plane, int64_t row) const {
        return chroma[plane] + (row + 1) * half;
    }
};

// What is beyond an edge is as the outermost sample, to where blocks of `columns` end.
BATCHWARP_INLINE void jpeg_extend(int32_t* row, int64_t width, int64_t columns) {
    const int32_t last = row[width - 1];
    for (int64_t i = width; i % columns != 0; ++i) row[i] = last;
}
BATCHWARP_INLINE void jpeg_extend_down(int32_t* rows, int64_t width, int64_t count) {
    for (int64_t r = count; r % jpeg_block != 0; ++r)
        memcpy(rows + r * width, rows + (count - 1) * width,
               static_cast<size_t>(width) * sizeof *rows);
}

// The colours of a row as luma and chroma. Sums of 24 bits with 16 of them behind the point are
// exact in floats, and so are parts of them.
template <bool Scaled, class Row>
BATCHWARP_INLINE void jpeg_from_colors(const JpegLevels& levels, const Row& row, int64_t width,
                                       int32_t* const (&to)[3]) {
    using Float = Lanes::Float;
    constexpr float one = 65536;
    const Float offset[3] = {Lanes::all(0.5f), Lanes::all(128 + 32767 / one),
                             Lanes::all(128 + 32767 / one)};
    const Float weights[3][3] = {
        {Lanes::all(19595 / one), Lanes::all(38470 / one), Lanes::all(7471 / one)},
        {Lanes::all(-11059 / one), Lanes::all(-21709 / one), Lanes::all(32768 / one)},
        {Lanes::all(32768 / one), Lanes::all(-27439 / one), Lanes::all(-5329 / one)}};
    row.template vectors<false>(width, [&](int64_t i, const Row& at) {
        Float color[3];
        at.load(color);
        for (Float& v : color) v = Lanes::to_float(levels.of<Scaled>(v));
        for (int k = 0; k < 3; ++k) {
            Float sum = Lanes::multiply_add(weights[k][0], color[0], offset[k]);
            sum = Lanes::multiply_add(weights[k][1], color[1], sum);
            sum = Lanes::multiply_add(weights[k][2], color[2], sum);
            Lanes::store(to[k] + i, Row::ordered(Lanes::truncated(sum)));
        }
    });
}

template <bool Scaled, class Row>
BATCHWARP_INLINE void jpeg_to_colors(const JpegLevels& levels, const Row& row, int64_t width,
                                     const int32_t* luma, const int32_t* blue, const int32_t* red) {
    using Int = Lanes::Int;
    const auto part = [](Int chroma, int32_t weight, int32_t rounding) {
        return Lanes::add(Lanes::multiply(chroma, Lanes::all(weight)),
                          Lanes::all(rounding - jpeg_middle * weight));
    };
    constexpr int32_t half = 32768;
    row.template vectors<true>(width, [&](int64_t i, const Row& at) {
        const Int y = Row::ordered(Lanes::load(luma + i)), cb = Row::ordered(Lanes::load(blue + i)),
                  cr = Row::ordered(Lanes::load(red + i));
        const Int green = Lanes::add(part(cb, -22554, half), part(cr, -46802, 0));
        const Int more[3] = {part(cr, 91881, half), green, part(cb, 116130, half)};
        Lanes::Float color[3];
        for (int k = 0; k < 3; ++k)
            color[k] = levels.value<Scaled>(Lanes::add(y, Lanes::shift_right<16>(more[k])));
        at.store(color);
    });
}

// Means of four, which are rounded down and up in turns.
BATCHWARP_NOINLINE void jpeg_halve(const int32_t* __restrict above, const int32_t* __restrict below,
                                   int64_t half, int32_t* __restrict to) {
    for (int64_t i = 0; i < half; ++i) {
        uint64_t upper, lower;  // two samples each, which have room for a sum
        memcpy(&upper, above + 2 * i, sizeof upper);
        memcpy(&lower, below + 2 * i, sizeof lower);
        const uint64_t sums = upper + lower;
        const auto sum = static_cast<int32_t>(static_cast<uint32_t>(sums + (sums >> 32)));
        to[i] = (sum + 1 + static_cast<int32_t>(i & 1)) >> 2;
    }
}

// Between four, of which the nearest counts nine times, the next ones three times.
BATCHWARP_NOINLINE void jpeg_double(const int32_t* __restrict near, const int32_t* __restrict far,
                                    int64_t half, int32_t* __restrict sums,
                                    int32_t* __restrict to) {
    for (int64_t i = 0; i < half; ++i) sums[i] = 3 * near[i] + far[i];
    sums[-1] = sums[0];
    sums[half] = sums[half - 1];
    for (int64_t i = 0; i < half; ++i) {
        to[2 * i] = (3 * sums[i] + sums[i - 1] + 8) >> 4;
        to[2 * i + 1] = (3 * sums[i] + sums[i + 1] + 7) >> 4;
    }
}

// The chroma of row `row`, which is `at` in the strip, to as many columns as luma has.
BATCHWARP_INLINE void jpeg_widen(const JpegJob& job, const JpegStrip& strip, int64_t row,
                                 int64_t at) {
    const int64_t half = (job.width + 1) / 2, last = (job.height + 1) / 2 - 1;
    const int64_t near = (at - (row & 1)) / 2;
    const int64_t next = row & 1 ? (row / 2 < last ? near + 1 : near) : row > 0 ? near - 1 : near;
    for (int plane = 0; plane < 2; ++plane) {
        const int32_t* const chroma = strip.chroma_row(plane, near);
        if (half > 2)
            jpeg_double(chroma, strip.chroma_row(plane, next), half, strip.sums,
                        strip.wide[plane][0]);
        else  // libjpeg has no neighbours to look at
            for (int64_t i = 0; i < 2 * half; ++i) strip.wide[plane][0][i] = chroma[i / 2];
    }
}

// Reads `rows` rows from `first` on, and makes of them what they are after JPEG.
template <bool Scaled, class Row>
BATCHWARP_INLINE void jpeg_read(const JpegJob& job, const JpegLevels& levels,
                                const JpegStrip& strip, int64_t first, int64_t rows) {
    for (int64_t r = 0; r < rows; r += 2) {
        const int64_t below = r + 1 < rows ? 1 : 0;
        for (int64_t k = 0; k <= below; ++k) {
            int32_t* const to[3] = {strip.luma_row(r + k), strip.wide[0][k], strip.wide[1][k]};
            jpeg_from_colors<Scaled>(levels, Row(job, first + r + k), job.width, to);
            jpeg_extend(to[0], job.width, jpeg_block);
            for (int plane = 1; plane < 3; ++plane)
                jpeg_extend(to[plane], job.width, 2 * jpeg_block);
        }
        for (int plane = 0; plane < 2; ++plane)
            jpeg_halve(strip.wide[plane][0], strip.wide[plane][below], strip.half,
                       strip.chroma_row(plane, r / 2));
    }
    jpeg_extend_down(strip.luma_row(0), strip.width, rows);
    for (int64_t r = 0; r < rows; r += jpeg_block)
        jpeg_blocks(strip.luma_row(r), strip.width, job.width, *job.luma);
    for (int plane = 0; plane < 2; ++plane) {
        jpeg_extend_down(strip.chroma_row(plane, 0), strip.half, (rows + 1) / 2);
        jpeg_blocks(strip.chroma_row(plane, 0), strip.half, (job.width + 1) / 2, *job.chroma);
    }
}

template <bool Scaled, class Row>
void jpeg_strips(const JpegJob& job) {
    const JpegLevels levels(job);
    const JpegStrip strip(job.width, job.memory);
    constexpr int64_t most = JpegStrip::rows;
    for (int64_t first = 0; first < job.height; first += most) {
        const bool is_last = first + most >= job.height;
        const int64_t rows = is_last ? job.height - first : most;
        if (first > 0) {
            memcpy(strip.luma_row(-1), strip.luma_row(most - 1),
                   static_cast<size_t>(strip.width) * sizeof(int32_t));
            for (int plane = 0; plane < 2; ++plane)
                memcpy(strip.chroma_row(plane, -1), strip.chroma_row(plane, jpeg_block - 1),
                       static_cast<size_t>(strip.half) * sizeof(int32_t));
        }
        jpeg_read<Scaled, Row>(job, levels, strip, first, rows);
        for (int64_t r = first > 0 ? -1 : 0; r < (is_last ? rows : most - 1); ++r) {
            jpeg_widen(job, strip, first + r, r);
            jpeg_to_colors<Scaled>(levels, Row(job, first + r), job.width, strip.luma_row(r),
                                   strip.wide[0][0], strip.wide[1][0]);
        }
    }
}

template <bool Scaled>
void jpeg_grey(const JpegJob& job) {
    using Row = JpegRow<1, 1>;
    const JpegLevels levels(job);
    const JpegStrip strip(job.width, job.memory);
    for (int64_t first = 0; first < job.height; first += jpeg_block) {
        const int64_t left = job.height - first, rows = left < jpeg_block ? left : jpeg_block;
        for (int64_t r = 0; r < rows; ++r) {
            int32_t* const luma = strip.luma_row(r);
            Row(job, first + r).vectors<false>(job.width, [&](int64_t i, const Row& at) {
                Lanes::Float value[1];
                at.load(value);
                Lanes::store(luma + i, levels.of<Scaled>(value[0]));
            });
            jpeg_extend(luma, job.width, jpeg_block);
        }
        jpeg_extend_down(strip.luma_row(0), strip.width, rows);
        jpeg_blocks(strip.luma_row(0), strip.width, job.width, *job.luma);
        for (int64_t r = 0; r < rows; ++r) {
            const int32_t* const luma = strip.luma_row(r);
            Row(job, first + r).vectors<true>(job.width, [&](int64_t i, const Row& at) {
                at.store({levels.value<Scaled>(Lanes::load(luma + i))});
            });
        }
    }
}

template <bool Scaled>
void jpeg_scaled(const JpegJob& job) {
    if (job.channels == 1)
        jpeg_grey<Scaled>(job);
    else if (job.planar)
        jpeg_strips<Scaled, JpegRow<3, 1>>(job);
    else
        jpeg_strips<Scaled, JpegRow<1, 3>>(job);
}

void jpeg(const JpegJob& job) {
    if (job.high - job.low == 255)
        jpeg_scaled<false>(job);
    else
        jpeg_scaled<true>(job);
}

}  // namespace
}  // namespace batchwarp
