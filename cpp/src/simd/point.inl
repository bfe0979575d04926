// Spline order 0: each pixel is a copy of the source pixel whose centre is nearest.
//
// Coordinates are those of the bilinear warp: its upper left tap moves on where a fraction is one
// half or more. Single precision cannot tell that where a pixel lies half way between two samples;
// such pixels are found, and decided one by one in double, in SciPy's order of operations.

namespace batchwarp {
namespace {

// More than the rounding errors of fractions.
constexpr float half_way_margin = 1e-6f;

// Whether clamped coordinates tell nothing: what is outside is another sample than the last one.
BATCHWARP_INLINE bool decides_clamped(BorderRule border) {
    return !has_axis(border) && !clamps(border);
}

// Whether a pixel has to be decided exactly. What was clamped has a fraction of 0 or 1.
BATCHWARP_INLINE Lanes::Mask is_ambiguous(Lanes::Float fraction, bool with_clamped) {
    using L = Lanes;
    const auto distance = L::subtract(fraction, L::all(0.5f));
    const auto squared = L::multiply(distance, distance);
    const auto half_way = L::at_least(L::all(half_way_margin * half_way_margin), squared);
    return with_clamped ? L::either(half_way, L::at_least(squared, L::all(0.25f))) : half_way;
}

// Moves offsets to the nearest sample; marks blocks in which some pixel is ambiguous.
void round_offsets(const WarpJob& job, int32_t count, bool* ambiguous) {
    using L = Lanes;
    const float* __restrict fy = job.scratch.fy;
    const float* __restrict fx = job.scratch.fx;
    int32_t* __restrict offset = job.scratch.offset;
    const bool with_clamped = decides_clamped(job.border);
    const auto half = L::all(0.5f);
    const auto stride = L::all(static_cast<int32_t>(job.source_row_stride));
    const auto step = L::all(job.pixel_step);
    for (int32_t i = 0; i < count; i += warp_block) {
        bool any = false;
        for (int32_t k = i; k < i + warp_block; k += L::count) {
            const auto y = L::load(fy + k), x = L::load(fx + k);
            const auto below = L::add_where(L::at_least(y, half), L::load(offset + k), stride);
            L::store(offset + k, L::add_where(L::at_least(x, half), below, step));
            any |= L::any(L::either(is_ambiguous(y, with_clamped), is_ambiguous(x, with_clamped)));
        }
        ambiguous[i / warp_block] = any;
    }
}

// Where the `index`-th pixel of a job lies.
Position position_of(const WarpJob& job, int64_t index) {
    const auto i = static_cast<int32_t>(index / job.target_width), row = job.row_begin + i;
    const auto column = static_cast<int32_t>(index % job.target_width);
    if (job.places != nullptr) {
        const int64_t columns = warp_column_blocks(job.target_width);
        const double* y = job.places + 2 * columns * i + column;
        return {y[0], y[columns]};
    }
    const double r = job.flip_vertical ? job.target_height - 1 - row : row;
    const double c = source_column(job, column);
    const Position at{job.o0 + r * job.m00 + c * job.m01, job.o1 + r * job.m10 + c * job.m11};
    if (!job.projects) return at;
    const double w = job.divisor_one + r * job.divisor_r + c * job.divisor_c;
    return {projected(at.y, w), projected(at.x, w)};
}

// Makes one pixel from scratch: the `index`-th of the job.
void copy_exactly(const WarpJob& job, int64_t index, float* out) {
    const Position at = position_of(job, index);
    const int64_t y = nearest_sample(at.y, job.height, job.border);
    const int64_t x = nearest_sample(at.x, job.width, job.border);
    const int64_t first = y * job.source_row_stride + x * job.pixel_step;
    const auto sample = [&](int32_t k) {
        if (y < 0 || x < 0) return static_cast<float>(job.cval);
        return job.bytes != nullptr ? static_cast<float>(job.bytes[first + k])
                                    : job.source[first + k];
    };
    for (int32_t k = 0; k < job.channels; ++k) out[k] = normalized(job, sample(k), k);
}

// A block's number of pixels is not a constant here: unrolled, compilers would collect values in
// vectors, at one shuffle each, only to store them again.
template <int Channels, bool Normalized, class Sample>
BATCHWARP_INLINE void copy_block(const Run& run, int32_t begin, int32_t end, float* out) {
    const Sample* source = samples_of(run, Sample());
    if constexpr (Channels == 1) {
        BATCHWARP_UNROLL
        for (int32_t i = begin; i < end; ++i) {
            const auto value = static_cast<float>(source[run.offset[i]]);
            *out++ = Normalized ? (value - run.shift[0]) * run.scale[0] : value;
        }
    } else {
        const Four shift = load_four(run.shift), scale = load_four(run.scale);
        BATCHWARP_UNROLL
        for (int32_t i = begin; i < end; ++i, out += Channels) {
            Four value = load_four(source + run.offset[i]);
            if (Normalized) value = (value - shift) * scale;
            store_four(out, value);
        }
    }
}

template <int Channels, bool Normalized, class Sample>
void copy_channels(const Run& shared) {
    const Run run = shared;  // a copy that no store can alias
    // Three channels are written as four, from left to right: all but the run's last pixel.
    const int32_t whole = Channels == 3 ? run.count - 1 : run.count;
    float* out = run.target;
    for (int32_t i = 0; i < whole; i += warp_block, out += warp_block * Channels) {
        fetch_ahead<Channels, sizeof(Sample)>(run, i);
        const int32_t end = i + warp_block < whole ? i + warp_block : whole;
        copy_block<Channels, Normalized, Sample>(run, i, end, out);
    }
    if constexpr (Channels == 3) {
        float last[4];
        copy_block<Channels, Normalized, Sample>(run, whole, run.count, last);
        memcpy(run.target + static_cast<int64_t>(whole) * Channels, last, 3 * sizeof(float));
    }
}

// Any number of channels, one value after the other.
template <bool Normalized, class Sample>
void copy_any_channels(const Run& run, const WarpJob& job) {
    float* out = run.target;
    for (int32_t i = 0; i < run.count; ++i, out += job.channels) {
        const Sample* from = samples_of(run, Sample()) + run.offset[i];
        for (int32_t c = 0; c < job.channels; ++c) {
            const auto value = static_cast<float>(from[c]);
            out[c] = Normalized ? (value - job.shift[c]) * job.scale[c] : value;
        }
    }
}

template <bool Normalized, class Sample>
void copy_samples(const Run& run, const WarpJob& job) {
    switch (job.channels) {
        case 1:
            return copy_channels<1, Normalized, Sample>(run);
        case 3:
            return copy_channels<3, Normalized, Sample>(run);
        case 4:
            return copy_channels<4, Normalized, Sample>(run);
        default:
            return copy_any_channels<Normalized, Sample>(run, job);
    }
}

template <bool Normalized>
void copy_run(const Run& run, const WarpJob& job) {
    if (job.bytes != nullptr)
        copy_samples<Normalized, uint8_t>(run, job);
    else
        copy_samples<Normalized, float>(run, job);
}

void point(const WarpJob& job) {
    WarpJob clamped = job;
    // The bilinear warp would interpolate at the edges.
    if (decides_clamped(job.border)) clamped.border = border_rule(FillMode::nearest);
    warp_chunks(clamped, [&job](const Run& run) {
        const bool with_clamped = decides_clamped(job.border);
        bool ambiguous[warp_chunk_slots / warp_block];
        round_offsets(job, run.count, ambiguous);
        job.shift != nullptr ? copy_run<true>(run, job) : copy_run<false>(run, job);
        const int64_t first = (run.target - job.target) / job.channels;
        for (int32_t i = 0; i < run.count; ++i) {
            if (i % warp_block == 0 && !ambiguous[i / warp_block]) {
                i += warp_block - 1;
                continue;
            }
            const auto is_clear = [with_clamped](float fraction) {
                const float distance = fabsf(fraction - 0.5f);
                return distance > 2 * half_way_margin && (!with_clamped || distance < 0.5f);
            };
            if (!is_clear(run.fy[i]) || !is_clear(run.fx[i]))
                copy_exactly(job, first + i, run.target + int64_t{i} * job.channels);
        }
    });
}

}  // namespace
}  // namespace batchwarp
