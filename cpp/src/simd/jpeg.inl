// The way of an image through JPEG and back: luma and chroma, of which the latter is halved, and
// blocks of 8 x 8. What is lossless in a file, how blocks are coded, is left out.
//
// Strips of 16 rows pass through memory that stays in a first-level cache. A row is finished when
// the chroma below it is there, so the last one of a strip waits for the next strip. All of it is
// in libjpeg's whole numbers.

namespace batchwarp {
namespace {

// The levels of a value range, and back.
struct JpegLevels {
    using S = Samples;
    using Float = S::Float;
    static constexpr float large = 1 << 23;  // whose last bit is worth 1
    Float low, factor, extent, most, black, half, up, down, all_down;

    BATCHWARP_INLINE explicit JpegLevels(const JpegJob& job)
        : low(S::all(job.low)),
          factor(S::all(255 / (job.high - job.low))),
          extent(S::all(job.high - job.low)),
          most(S::all(255.0f)),
          black(S::all(0.0f)),
          half(S::all(0.5f)),
          up(S::all(0.5f - job.low)),
          down(S::all(large)),
          all_down(S::all(large - job.low)) {}

    /// Whether levels are values but for a whole number.
    static bool fit(const JpegJob& job) {
        return job.high - job.low == 255 && job.low > -large && job.low < large &&
               static_cast<float>(static_cast<int32_t>(job.low)) == job.low;
    }

    /// NaN becomes black.
    template <bool Scaled>
    BATCHWARP_INLINE Sample of(Float v) const {
        v = Scaled ? S::add(S::multiply(S::subtract(v, low), factor), half) : S::add(v, up);
        return S::truncated(S::bring_within(v, black, most));
    }
    /// `level`: its number in the lower halves of floats that are `large` without it.
    template <bool Scaled>
    BATCHWARP_INLINE Float value(Sample level) const {
        const Float v = S::of_bits(level);
        if (!Scaled) return S::subtract(v, all_down);
        // Divided, so that what is a whole number becomes one.
        return S::add(low, S::divide(S::multiply(S::subtract(v, down), extent), most));
    }
};

// A row of pixels, in so many parts of so many interleaved channels each.
template <int Parts, int Step>
struct JpegRow {
    using S = Samples;
    using Float = S::Float;
    static constexpr int channels = Parts * Step, half_lane = 4;
    float* part[Parts];

    BATCHWARP_INLINE JpegRow(const JpegJob& job, int64_t row) {
        for (int p = 0; p < Parts; ++p) part[p] = job.part[p] + row * job.width * Step;
    }
    BATCHWARP_INLINE void skip(int64_t pixels) {
        for (float*& at : part) at += pixels * Step;
    }
    /// As many pixels as a register holds, as levels.
    template <bool Scaled>
    BATCHWARP_INLINE void load(const JpegLevels& levels, Sample (&color)[channels]) const {
        constexpr int stride = 2 * half_lane * Step;
        Sample level[2][channels];
        for (int half = 0; half < 2; ++half) {
            Float value[channels];
            const int64_t at = half * half_lane * Step;
            if constexpr (Step == 3) {
                for (int k = 0; k < 3; ++k)
                    value[k] = S::load<stride>(part[0] + at + k * half_lane);
                split(value);
            } else {
                for (int p = 0; p < Parts; ++p) value[p] = S::load<stride>(part[p] + at);
            }
            for (int k = 0; k < channels; ++k) level[half][k] = levels.of<Scaled>(value[k]);
        }
        for (int k = 0; k < channels; ++k) color[k] = S::narrow(level[0][k], level[1][k]);
    }
    /// Lanes of eight pixels are stored to places that are `Distance` pixels apart.
    template <bool Scaled, int Distance>
    BATCHWARP_INLINE void store(const JpegLevels& levels, const Sample (&color)[channels]) const {
        constexpr int stride = Distance * Step;
        const Sample black = S::all(0), white = S::all(255);
        const Sample upper_bits = S::all(__builtin_bit_cast(int32_t, JpegLevels::large) >> 16);
        Sample level[2][channels];
        for (int k = 0; k < channels; ++k) {
            const Sample within = S::clamp(color[k], black, white);
            level[0][k] = S::zip_low<2>(within, upper_bits);
            level[1][k] = S::zip_high<2>(within, upper_bits);
        }
        for (int half = 0; half < 2; ++half) {
            Float value[channels];
            for (int k = 0; k < channels; ++k) value[k] = levels.value<Scaled>(level[half][k]);
            const int64_t at = half * half_lane * Step;
            if constexpr (Step == 3) {
                join(value);
                for (int k = 0; k < 3; ++k)
                    S::store<stride>(part[0] + at + k * half_lane, value[k]);
            } else {
                for (int p = 0; p < Parts; ++p) S::store<stride>(part[p] + at, value[p]);
            }
        }
    }
    /// Calls `each` with a place and a row that begins there, and has `count` pixels.
    template <bool Writes, int count, class Each>
    BATCHWARP_INLINE void blocks(int64_t width, Each&& each) const {
        int64_t i = 0;
        JpegRow at = *this;
        for (; i + count <= width; i += count) {
            each(i, at);
            at.skip(count);
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

  private:
    /// In each lane: four pixels of three channels to three channels of four pixels, and back.
    static BATCHWARP_INLINE void split(Float (&v)[3]) {
        const Float late = S::pick<2, 3, 1, 2>(v[1], v[2]), early = S::pick<1, 2, 0, 1>(v[0], v[1]);
        v[0] = S::pick<0, 3, 0, 2>(v[0], late);
        v[1] = S::pick<0, 2, 1, 3>(early, late);
        v[2] = S::pick<1, 3, 0, 3>(early, v[2]);
    }
    static BATCHWARP_INLINE void join(Float (&v)[3]) {
        const Float even = S::pick<0, 2, 0, 2>(v[0], v[1]), odd = S::pick<1, 3, 1, 3>(v[1], v[2]),
                    ends = S::pick<0, 2, 1, 3>(v[2], v[0]);
        v[0] = S::pick<0, 2, 0, 2>(even, ends);
        v[1] = S::pick<0, 2, 1, 3>(odd, even);
        v[2] = S::pick<1, 3, 1, 3>(ends, odd);
    }
};

// What the rows of a strip are in. Luma and chroma begin with the last row of the strip before.
struct JpegStrip {
    static constexpr int rows = 2 * jpeg_block;
    int64_t width, half;  // of rows in memory, multiples of jpeg_tile
    int16_t *luma, *chroma[2];
    int16_t* wide[2][2];  // two rows of chroma that is not halved
    int16_t* sums[2];     // of two rows of halved chroma, with as much as a block on either side

    BATCHWARP_INLINE JpegStrip(int64_t pixels, int16_t* memory)
        : width(jpeg_row(pixels)), half(width / 2) {
        const auto take = [&](int64_t count) {
            int16_t* const taken = memory;
            memory += count;
            return taken;
        };
        luma = take((rows + 1) * width);
        for (int16_t*& plane : chroma) plane = take((jpeg_block + 1) * half);
        for (auto& plane : wide)
            for (int16_t*& row : plane) row = take(width);
        for (int16_t*& row : sums) row = take(half + 2 * jpeg_block) + jpeg_block;
        // Beyond the last blocks, where nobody looks, there are numbers as well.
        memset(luma, 0, static_cast<size_t>(memory - luma) * sizeof *luma);
    }
    BATCHWARP_INLINE int16_t* luma_row(int64_t row) const { return luma + (row + 1) * width; }
    BATCHWARP_INLINE int16_t* chroma_row(int plane, int64_t row) const {
        return chroma[plane] + (row + 1) * half;
    }
};

// What is beyond an edge is as the outermost sample, to where blocks of `columns` end.
BATCHWARP_INLINE void jpeg_extend(int16_t* row, int64_t width, int64_t columns) {
    const int16_t last = row[width - 1];
    for (int64_t i = width; i % columns != 0; ++i) row[i] = last;
}
BATCHWARP_INLINE void jpeg_extend_down(int16_t* rows, int64_t width, int64_t count) {
    for (int64_t r = count; r % jpeg_block != 0; ++r)
        memcpy(rows + r * width, rows + (count - 1) * width,
               static_cast<size_t>(width) * sizeof *rows);
}

// The colours of a row as luma and chroma, the latter around 0. Halves are rounded up in luma, down
// in chroma. With 16 bits behind the point, a half is too large for a word, but not below 0: each
// is one of the colours and what it differs by, and -1 is multiplied by what rounds.
template <bool Scaled, class Row>
BATCHWARP_INLINE void jpeg_from_colors(const JpegLevels& levels, const Row& row, int64_t width,
                                       int16_t* const (&to)[3]) {
    using S = Samples;
    constexpr int bits = 16;
    constexpr int32_t one = 1 << bits, half = half_of(bits);
    const Sample minus_one = S::all(-1);
    row.template blocks<false, S::count>(width, [&](int64_t i, const Row& at) {
        Sample color[3];
        at.template load<Scaled>(levels, color);
        const JpegPairs first(color[0], color[1]), last(color[2], minus_one);
        const auto store = [&](int k, JpegSums difference, Sample from) {
            S::store<jpeg_block>(to[k] + i, S::add(from, difference.template without_bits<bits>()));
        };
        store(0, first.times(19595, 38470 - one) + last.times(7471, -half), color[1]);
        store(1, first.times(-11059, -21709) + last.times(half - one, 1 - half), color[2]);
        store(2, first.times(half - one, -27439) + last.times(-5329, 1 - half), color[0]);
    });
}

// What a channel has of one kind of chroma, the nearest whole number to it times `Weight`, of 16
// bits behind the point: whole times, and the rest in halves, which are rounded up.
template <int32_t Weight>
BATCHWARP_INLINE Sample jpeg_share(Sample chroma) {
    using S = Samples;
    constexpr int32_t whole = (Weight + 32768) >> 16, rest = Weight - whole * 65536;
    const Sample twice = S::add(chroma, chroma);
    const Sample halves = S::multiply_high(twice, S::all(static_cast<int16_t>(rest)));
    const Sample share = S::shift_right<1>(S::add(halves, S::all(1)));
    return S::add(share, whole == 2 ? twice : chroma);
}

BATCHWARP_INLINE Sample jpeg_thrice(Sample v) { return Samples::add(Samples::add(v, v), v); }

// Sums of two rows, of which the nearer one counts three times, with one more on either side.
BATCHWARP_INLINE void jpeg_sum(const int16_t* near, const int16_t* far, int64_t half,
                               int16_t* sums) {
    using S = Samples;
    for (int64_t i = 0; i < half; i += S::count)
        S::store<jpeg_block>(sums + i, S::add(jpeg_thrice(S::load<jpeg_block>(near + i)),
                                              S::load<jpeg_block>(far + i)));
    sums[-1] = sums[0];
    sums[half] = sums[half - 1];
}

// Chroma around 0 between four levels, of which the nearest counts nine times, the next ones three
// times: twice as many as there are sums of two rows.
struct JpegChroma {
    Sample low, high;  // of each two lanes

    BATCHWARP_INLINE explicit JpegChroma(const int16_t* sums) {
        using S = Samples;
        const auto sum = [&](int at) { return S::load<jpeg_block>(sums + at); };
        const Sample here = jpeg_thrice(sum(0));
        const Sample even = S::add(here, S::add(sum(-1), S::all(8 - 16 * jpeg_middle))),
                     odd = S::add(here, S::add(sum(1), S::all(7 - 16 * jpeg_middle)));
        low = S::zip_low<2>(S::shift_right<4>(even), S::shift_right<4>(odd));
        high = S::zip_high<2>(S::shift_right<4>(even), S::shift_right<4>(odd));
    }
};

template <bool Scaled, class Row>
BATCHWARP_INLINE void jpeg_to_colors(const JpegLevels& levels, const Row& row, int64_t width,
                                     const int16_t* luma, const int16_t* const (&sums)[2]) {
    using S = Samples;
    constexpr int lane = jpeg_block;
    row.template blocks<true, 2 * S::count>(width, [&](int64_t i, Row at) {
        const JpegChroma blue(sums[0] + i / 2), red(sums[1] + i / 2);
        for (int half = 0; half < 2; ++half) {
            const Sample y = S::load<2 * lane>(luma + i + half * lane),
                         cb = half == 0 ? blue.low : blue.high, cr = half == 0 ? red.low : red.high;
            const JpegSums less = JpegPairs(cb, cr).times(-22554, 65536 - 46802) + half_of(16);
            const Sample green = S::subtract(less.template without_bits<16>(), cr);
            at.template store<Scaled, 2 * lane>(levels,
                                                {S::add(y, jpeg_share<91881>(cr)), S::add(y, green),
                                                 S::add(y, jpeg_share<116130>(cb))});
            at.skip(lane);
        }
    });
}

// Levels of chroma around 0: means of four, which are rounded down and up in turns.
BATCHWARP_NOINLINE void jpeg_halve(const int16_t* above, const int16_t* below, int64_t half,
                                   int16_t* to) {
    using S = Samples;
    const Sample one = S::all(1), rounding = S::all_wide(1 | 2 << 16);
    const Sample offset = S::add(rounding, S::all(4 * jpeg_middle));
    for (int64_t i = 0; i < half; i += S::count) {
        const auto sums = [&](int64_t at) {
            const Sample pairs =
                S::add(S::load<2 * jpeg_block>(above + at), S::load<2 * jpeg_block>(below + at));
            return S::add_products(pairs, one);
        };
        const Sample sum = S::narrow(sums(2 * i), sums(2 * i + jpeg_block));
        S::store<jpeg_block>(to + i, S::shift_right<2>(S::add(sum, offset)));
    }
}

// The colours of row `row`, which is `at` in the strip.
template <bool Scaled, class Row>
BATCHWARP_INLINE void jpeg_write(const JpegJob& job, const JpegLevels& levels,
                                 const JpegStrip& strip, int64_t row, int64_t at) {
    const int64_t half = (job.width + 1) / 2, last = (job.height + 1) / 2 - 1;
    const int64_t near = (at - (row & 1)) / 2;
    const int64_t next = row & 1 ? (row / 2 < last ? near + 1 : near) : row > 0 ? near - 1 : near;
    const bool narrow = half <= 2;  // so that libjpeg looks at no neighbours
    for (int plane = 0; plane < 2; ++plane)
        jpeg_sum(strip.chroma_row(plane, near), strip.chroma_row(plane, narrow ? near : next), half,
                 strip.sums[plane]);
    Row to(job, row);
    if (!narrow)
        return jpeg_to_colors<Scaled>(levels, to, job.width, strip.luma_row(at),
                                      {strip.sums[0], strip.sums[1]});
    for (int64_t c = 0; c < half; ++c) {
        for (int plane = 0; plane < 2; ++plane) {
            int16_t* const sums = strip.sums[plane];
            sums[0] = static_cast<int16_t>(4 * strip.chroma_row(plane, near)[c]);
            sums[-1] = sums[1] = sums[0];
        }
        const int64_t left = job.width - 2 * c;
        jpeg_to_colors<Scaled>(levels, to, left < 2 ? left : 2, strip.luma_row(at) + 2 * c,
                               {strip.sums[0], strip.sums[1]});
        to.skip(2);
    }
}

// Reads `rows` rows from `first` on, and makes of them what they are after JPEG.
template <bool Scaled, class Row>
BATCHWARP_INLINE void jpeg_read(const JpegJob& job, const JpegLevels& levels,
                                const JpegStrip& strip, int64_t first, int64_t rows) {
    for (int64_t r = 0; r < rows; r += 2) {
        const int64_t below = r + 1 < rows ? 1 : 0;
        for (int64_t k = 0; k <= below; ++k) {
            int16_t* const to[3] = {strip.luma_row(r + k), strip.wide[0][k], strip.wide[1][k]};
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
                   static_cast<size_t>(strip.width) * sizeof(int16_t));
            for (int plane = 0; plane < 2; ++plane)
                memcpy(strip.chroma_row(plane, -1), strip.chroma_row(plane, jpeg_block - 1),
                       static_cast<size_t>(strip.half) * sizeof(int16_t));
        }
        jpeg_read<Scaled, Row>(job, levels, strip, first, rows);
        for (int64_t r = first > 0 ? -1 : 0; r < (is_last ? rows : most - 1); ++r) {
            jpeg_write<Scaled, Row>(job, levels, strip, first + r, r);
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
            int16_t* const luma = strip.luma_row(r);
            Row(job, first + r)
                .blocks<false, Samples::count>(job.width, [&](int64_t i, const Row& at) {
                    Sample level[1];
                    at.load<Scaled>(levels, level);
                    Samples::store<jpeg_block>(luma + i, level[0]);
                });
            jpeg_extend(luma, job.width, jpeg_block);
        }
        jpeg_extend_down(strip.luma_row(0), strip.width, rows);
        jpeg_blocks(strip.luma_row(0), strip.width, job.width, *job.luma);
        for (int64_t r = 0; r < rows; ++r) {
            const int16_t* const luma = strip.luma_row(r);
            Row(job, first + r)
                .blocks<true, Samples::count>(job.width, [&](int64_t i, const Row& at) {
                    at.template store<Scaled, jpeg_block>(levels,
                                                          {Samples::load<jpeg_block>(luma + i)});
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
    if (JpegLevels::fit(job))
        jpeg_scaled<false>(job);
    else
        jpeg_scaled<true>(job);
}

}  // namespace
}  // namespace batchwarp
