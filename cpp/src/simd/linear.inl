// The bilinear warp, written once; each tier compiles it with its own flags and its own pixel
// passes.
//
// Work goes in chunks of some hundred pixels, in two passes. The first (coordinates.inl) computes,
// for each output pixel, the offset of its upper left tap and the two weights, into buffers that
// stay in L1. The second reads the taps: flat, without branches, across the ends of rows. One fused
// loop is slower, because loads that wait for fresh addresses fill the processor's scheduler.
//
// A tier provides pixel passes, as tier.hpp says. See four_lanes.inl for the plain ones, table.inl
// for how they are put together.

namespace batchwarp {
namespace {

template <class S>
void pair_rows(const S* from, int64_t row_stride, int64_t height, int64_t width, float* to) {
    using L = Lanes;
    for (int64_t r = 0; r < height; ++r, from += row_stride, to += 2 * (width + 1)) {
        const S* __restrict top = from;
        const S* __restrict bottom = r + 1 < height ? from + row_stride : from;
        float* __restrict pairs = to;
        const auto pair = [&](int64_t i) {
            L::store_pairs(pairs + 2 * i, L::load(top + i), L::load(bottom + i));
        };
        if (width >= L::count) {  // whole vectors; the last one ends with the row
            for (int64_t i = 0; i + L::count < width; i += L::count) pair(i);
            pair(width - L::count);
        } else {
            for (int64_t i = 0; i < width; ++i) {
                pairs[2 * i] = static_cast<float>(top[i]);
                pairs[2 * i + 1] = static_cast<float>(bottom[i]);
            }
        }
        pairs[2 * width] = pairs[2 * width - 2];
        pairs[2 * width + 1] = pairs[2 * width - 1];
    }
}

// What a pixel pass reads. `shift` and `scale` repeat per channel, over 16 lanes from any channel
// of three on.
struct Run {
    const float* source;
    int64_t row_stride;
    const int32_t* offset;
    const float *fx, *fy;
    float* target;
    int32_t count;
    alignas(64) float shift[18];
    alignas(64) float scale[18];
    const char* prefetch;  // null: no prefetching
    // What a later row will read: its first tap relative to each column's offset, and the columns
    // for which this lies inside of the image. No columns: no fetching.
    const char* ahead;
    const int32_t* ahead_offset;
    int32_t ahead_begin, ahead_end;
    int64_t write_ahead;  // bytes from what is written to what will be
    // Instead of `source`, where a pass reads bytes, and the row below it: compilers that see how
    // the two belong together compute an address for each pixel and row.
    const uint8_t *bytes, *bytes_below;
};

// All that the runs of a job share.
BATCHWARP_INLINE Run start_run(const WarpJob& job) {
    Run run;
    run.source = job.source;
    run.bytes = job.bytes;
    run.bytes_below = job.bytes != nullptr ? job.bytes + job.source_row_stride : nullptr;
    run.row_stride = job.source_row_stride;
    run.offset = job.scratch.offset;
    run.fx = job.scratch.fx;
    run.fy = job.scratch.fy;
    run.target = job.target;
    run.prefetch = nullptr;
    run.ahead_begin = run.ahead_end = 0;
    run.write_ahead = 2048;
    int32_t channel = 0;  // of value k, without a division
    for (int k = 0; k < 18; ++k) {
        run.shift[k] = job.shift != nullptr ? job.shift[channel] : 0.0f;
        run.scale[k] = job.scale != nullptr ? job.scale[channel] : 1.0f;
        channel = channel + 1 < job.channels ? channel + 1 : 0;
    }
    return run;
}

// Any number of channels, one value after the other.
template <bool Normalized>
void any_channels(const Run& run, const WarpJob& job) {
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

// The samples that a pass reads.
BATCHWARP_INLINE const float* samples_of(const Run& run, float) { return run.source; }
BATCHWARP_INLINE const uint8_t* samples_of(const Run& run, uint8_t) { return run.bytes; }

// Those of the row below.
BATCHWARP_INLINE const float* samples_below(const Run& run, float) {
    return run.source + run.row_stride;
}
BATCHWARP_INLINE const uint8_t* samples_below(const Run& run, uint8_t) { return run.bytes_below; }

// Fetches what the blocks to come will read and write, while the i-th pixel's block is made.
template <int32_t Channels, int64_t source_item = sizeof(float)>
BATCHWARP_INLINE void fetch_ahead(const Run& run, int32_t i) {
    constexpr int64_t item = sizeof(float), block_bytes = warp_block * Channels * item;
    constexpr int64_t source_bytes = warp_block * Channels * source_item;
    const int64_t source_at = int64_t{i} * Channels * source_item;
    constexpr int32_t step = Channels == 1 ? 8 : 4;  // pixels; a line has 16 or fewer
    const int64_t at = int64_t{i} * Channels * item;
    const char* target = reinterpret_cast<const char*>(run.target) + at + run.write_ahead;
    if (run.prefetch != nullptr)
        for (int64_t b = 0; b < source_bytes; b += 64)
            BATCHWARP_PREFETCH(run.prefetch + source_at + b);
    if (i >= run.ahead_begin && i < run.ahead_end)
        for (int32_t k = 0; k < warp_block; k += step)
            BATCHWARP_PREFETCH(run.ahead + run.ahead_offset[i + k] * source_item);
    for (int64_t b = 0; b < block_bytes; b += 64) BATCHWARP_PREFETCH_WRITE(target + b);
}

// A function of its own: inlined, it would share its registers with the driver.
template <class Pixels, bool Normalized>
BATCHWARP_NOINLINE void fixed_channels(const Run& shared) {
    const Run run = shared;  // a copy that no store can alias: its members stay in registers
    constexpr int32_t channels = Pixels::channels;
    constexpr int64_t source_item = ReadsBytes<Pixels> ? 1 : sizeof(float);
    int32_t i = 0;
    const auto each_whole_block = [&](auto&& make) {
        for (; i + warp_block + Pixels::excess <= run.count; i += warp_block) {
            fetch_ahead<channels, source_item>(run, i);
            make(run.target + static_cast<int64_t>(i) * channels);
        }
    };
    // The last block goes through a buffer: what is next to the chunk may be another thread's.
    float last[warp_block * channels + 4];
    if constexpr (ReadsAhead<Pixels>) {
        // Behind the last block is one that pads it.
        auto taps = Pixels::taps_of(run, 0);
        each_whole_block([&](float* out) {
            typename Pixels::Reader next(run, i + warp_block);
            Pixels::template values<Normalized>(run, i, taps, out, [&](int k) { next.read(k); });
            taps = next.block();
        });
        if (i < run.count) Pixels::template values<Normalized>(run, i, taps, last, [](int) {});
    } else {
        each_whole_block([&](float* out) { Pixels::template block<Normalized>(run, i, out); });
        if (i < run.count) Pixels::template block<Normalized>(run, i, last);
    }
    if (i >= run.count) return;
    memcpy(run.target + static_cast<int64_t>(i) * channels, last,
           static_cast<size_t>(run.count - i) * channels * sizeof(float));
}

// The same with a copy of each pixel's taps, for pixels so near to the end of memory that vectors
// of taps would reach past it.
template <class Pixels, bool Normalized, class Sample>
BATCHWARP_NOINLINE void copied_channels(const Run& run) {
    constexpr int32_t channels = Pixels::channels, taps = 2 * channels;
    constexpr int32_t row = warp_block * taps + static_cast<int32_t>(warp_read_slack);
    Sample copy[2 * row] = {};
    int32_t offset[warp_block];
    Run block = run;
    block.row_stride = row;
    block.offset = offset;
    const Sample* source = samples_of(run, Sample());
    if constexpr (ReadsBytes<Pixels>) {
        block.bytes = copy;
        block.bytes_below = copy + row;
    } else {
        block.source = copy;
    }
    for (int32_t i = 0; i < run.count; i += warp_block) {
        for (int32_t k = 0; k < warp_block; ++k) {
            const Sample* from = source + run.offset[i + k];
            offset[k] = k * taps;
            memcpy(copy + offset[k], from, taps * sizeof *from);
            memcpy(copy + row + offset[k], from + run.row_stride, taps * sizeof *from);
        }
        block.fx = run.fx + i;
        block.fy = run.fy + i;
        float made[warp_block * channels + 4];
        Pixels::template block<Normalized>(block, 0, made);
        const int32_t count = run.count - i < warp_block ? run.count - i : warp_block;
        memcpy(run.target + static_cast<int64_t>(i) * channels, made,
               static_cast<size_t>(count) * channels * sizeof(float));
    }
}

// Whether a pixel of the chunk has taps behind the last that vectors may be read at; those that pad
// its last block count.
BATCHWARP_INLINE bool reads_past_end(const Run& run, const WarpJob& job) {
    using L = Lanes;
    if (job.last_whole_offset >= warp_max_offset) return false;
    auto past = L::less(L::all(0), L::all(0));
    const auto last = L::all(static_cast<int32_t>(job.last_whole_offset));
    for (int32_t i = 0; i < run.count; i += warp_block)
        for (int32_t k = i; k < i + warp_block; k += L::count)
            past = L::either(past, L::less(last, L::load(run.offset + k)));
    return L::any(past);
}

// Whether what a target's row reads lies below what the rows above it read, more or less.
BATCHWARP_INLINE bool goes_down(const WarpJob& job) {
    return !job.flip_vertical && job.m00 >= fabs(job.m01);
}

// How the pixels of a job are divided: a chunk is some whole rows, or a part of a wide one that
// ends at a block's boundary. A source that no cache holds is read in tiles of `row_block` rows,
// and what a row will read is fetched along its slanted way, and so are bytes that the target does
// not go down along; of others the same place some rows below is near enough.
struct Chunks {
    int64_t source_item, source_bytes;
    bool slanted;
    int32_t columns, rows;  // at most

    BATCHWARP_INLINE explicit Chunks(const WarpJob& job)
        : source_item(job.bytes != nullptr ? 1 : sizeof(float)),
          source_bytes(job.height * job.source_row_stride * source_item),
          slanted(job.prefetch_bytes != 0 && !is_by_pixel(job) &&
                  (source_bytes > warp_huge_bytes || (job.bytes != nullptr && !goes_down(job)))) {
        const int32_t most = slanted ? warp_tile : warp_chunk;
        const int32_t width = job.target_width;
        const int32_t tiles = (width + most - 1) / most, even = (width + tiles - 1) / tiles;
        columns = width <= most ? width : (even + warp_block - 1) & -warp_block;
        // Parts of a row are more than half of a chunk each.
        rows = slanted || width > most ? 1 : warp_chunk / width;
    }
};

// Has the pass over columns `begin` and up of a row fetch what row i will read there.
BATCHWARP_INLINE void look_ahead(const WarpJob& job, const Rows& rows, int32_t i, int32_t begin,
                                 Run& run) {
    const int64_t first =
        rows.iy[i] * job.source_row_stride + static_cast<int64_t>(rows.ix[i]) * job.pixel_step;
    run.ahead = job.bytes != nullptr ? reinterpret_cast<const char*>(job.bytes + first)
                                     : reinterpret_cast<const char*>(job.source + first);
    run.ahead_offset = job.scratch.column_offset + begin;
    run.ahead_begin = rows.interior_begin[i] - begin;
    run.ahead_end = rows.interior_end[i] - warp_block - begin;
}

// What the pass over the chunk that begins at row `first + i`, column `begin`, fetches early.
BATCHWARP_INLINE void set_prefetch(const WarpJob& job, const Chunks& chunks, const Rows& rows,
                                   int32_t first, int32_t i, int32_t begin, Run& run) {
    run.prefetch = nullptr;
    run.ahead_begin = run.ahead_end = 0;
    if (chunks.slanted) {
        look_ahead(job, rows, i + rows_ahead, begin, run);
    } else if (job.prefetch_bytes != 0) {
        // The part of the source that is as far down as the chunk is in the target.
        const int64_t row = int64_t{first + i} * job.height / job.target_height;
        const int64_t column = int64_t{begin} * job.width / job.target_width;
        const int64_t ahead =
            (row * job.source_row_stride + column * job.pixel_step) * chunks.source_item +
            job.prefetch_bytes;
        const char* source = job.bytes != nullptr ? reinterpret_cast<const char*>(job.bytes)
                                                  : reinterpret_cast<const char*>(job.source);
        if (ahead < chunks.source_bytes)
            run.prefetch = source + ahead;
        else if (job.next_source != nullptr)
            run.prefetch = job.next_source + (ahead - chunks.source_bytes);
    }
}

// Pads a chunk to whole blocks with a pixel that can be read.
BATCHWARP_INLINE void pad_chunk(const WarpScratch& s, int32_t count) {
    for (int32_t k = count; k < count + warp_block; k += Lanes::count) {
        Lanes::store(s.offset + k, Lanes::all(0));
        Lanes::store(s.fx + k, Lanes::all(0.0f));
        Lanes::store(s.fy + k, Lanes::all(0.0f));
    }
}

// Small images in a copy: chunks are whole rows, of which nothing has to be fetched or repaired.
template <class Pass>
BATCHWARP_INLINE void warp_padded(const WarpJob& job, Pass&& pass) {
    fill_columns(job);
    Run run = start_run(job);
    const int32_t width = job.target_width;
    // Not below 0, which analysers see only of what has no sign.
    const auto most = static_cast<int32_t>(warp_chunk / static_cast<uint32_t>(width));
    Rows rows;
    for (int32_t first = job.row_begin; first < job.row_end; first += row_block) {
        start_rows(job, first, rows);
        for (int32_t i = 0, stop; i < rows.count; i = stop) {
            stop = rows.count - i < most ? rows.count : i + most;
            fill_small_coordinates(job, rows, i, stop);
            run.count = (stop - i) * width;
            pad_chunk(job.scratch, run.count);
            pass(run);
            run.target += int64_t{run.count} * job.channels;
        }
    }
}

template <class Pass>
BATCHWARP_INLINE void warp_chunks(const WarpJob& job, Pass&& pass) {
    if (job.padded) return warp_padded(job, pass);
    if (!is_by_pixel(job)) fill_columns(job);
    Run run = start_run(job);
    const bool repairs = !has_axis(job.border);
    Fill fill;
    if (repairs) fill.start(job);
    const Chunks chunks(job);
    const int32_t width = job.target_width;
    run.write_ahead =
        chunks.slanted ? int64_t{width} * job.channels * int64_t{sizeof(float)} : 2048;
    const Slope slope_y(job, job.m01), slope_x(job, job.m11);
    Rows rows;
    const auto chunk = [&](int32_t first, int32_t i, int32_t stop, int32_t begin, int32_t end) {
        run.count = (stop - i) * (end - begin);
        if (job.small)
            fill_small_coordinates(job, rows, i, stop);
        else
            for (int32_t k = i; k < stop; ++k)
                fill_coordinates(job, rows, k, begin, end, (k - i) * (end - begin));
        pad_chunk(job.scratch, run.count);
        const int64_t row = first + i;
        run.target = job.target + ((row - job.row_begin) * width + begin) * int64_t{job.channels};
        set_prefetch(job, chunks, rows, first, i, begin, run);
        pass(run);
        if (!repairs) return;
        float* out = run.target;
        for (int32_t k = i; k < stop; ++k, out += int64_t{end - begin} * job.channels)
            repair_row(job, rows, fill, k, begin, end, out);
    };
    for (int32_t first = job.row_begin; first < job.row_end; first += row_block) {
        start_rows(job, first, rows);
        if (job.places != nullptr)
            bound_placed_rows(job, slope_y, slope_x, rows);
        else if (job.projects)
            bound_projected_rows(job, rows);
        else if (repairs)
            bound_rows(job, slope_y, slope_x, rows);
        else if (!job.small)
            bound_columns(job, slope_y, slope_x, coordinate_margin, rows, rows.interior_begin,
                          rows.interior_end);
        for (int32_t begin = 0; begin < width; begin += chunks.columns) {
            const int32_t columns = width - begin;
            const int32_t end = columns < chunks.columns ? width : begin + chunks.columns;
            for (int32_t i = 0; i < rows.count; i += chunks.rows)
                chunk(first, i, rows.count - i < chunks.rows ? rows.count : i + chunks.rows, begin,
                      end);
        }
    }
}

template <class Pixels, bool Normalized>
BATCHWARP_INLINE void pass_over(const Run& run, const WarpJob& job) {
    if (!reads_past_end(run, job)) return fixed_channels<Pixels, Normalized>(run);
    if constexpr (ReadsBytes<Pixels>)
        copied_channels<Pixels, Normalized, uint8_t>(run);
    else
        copied_channels<Pixels, Normalized, float>(run);
}

template <class Pixels>
void linear_fixed(const WarpJob& job) {
    if (job.shift != nullptr)
        warp_chunks(job, [&job](const Run& run) { pass_over<Pixels, true>(run, job); });
    else
        warp_chunks(job, [&job](const Run& run) { pass_over<Pixels, false>(run, job); });
}

void linear_any(const WarpJob& job) {
    if (job.shift != nullptr)
        warp_chunks(job, [&job](const Run& run) { any_channels<true>(run, job); });
    else
        warp_chunks(job, [&job](const Run& run) { any_channels<false>(run, job); });
}

}  // namespace
}  // namespace batchwarp
