// Pixel passes for 3 and 4 channels on vectors of four floats, without intrinsics; and the plain
// one for a single channel. SSE2 uses them all, other tiers what they have no better for. Those of
// bytes are for tiers that convert four bytes by one instruction: SSE2 takes three, which is more
// than to convert an image first.

namespace batchwarp {
namespace {

// Three channels read and write a fourth value: source images have slack behind them, and output is
// written from left to right.
template <int Channels, class Sample = float>
struct FourLanes {
    static constexpr int channels = Channels;
    static constexpr int excess = 4 - Channels;
    static constexpr bool reads_bytes = is_same<Sample, uint8_t>;

    template <bool Normalized>
    BATCHWARP_INLINE static void block(const Run& run, int32_t i, float* out) {
        const Four shift = load_four(run.shift), scale = load_four(run.scale);
        const Sample *above = samples_of(run, Sample()), *below = samples_below(run, Sample());
        for (int32_t k = i; k < i + warp_block; ++k, out += Channels) {
            const Sample* top = above + run.offset[k];
            const Sample* bottom = below + run.offset[k];
            const Four fx = all_four(run.fx[k]), fy = all_four(run.fy[k]);
            const Four top_left = load_four(top), top_right = load_four(top + Channels);
            const Four left = top_left + fy * (load_four(bottom) - top_left);
            const Four right = top_right + fy * (load_four(bottom + Channels) - top_right);
            Four value = left + fx * (right - left);
            if (Normalized) value = (value - shift) * scale;
            store_four(out, value);
        }
    }
};

// One channel: taps first, arithmetic second, so that the second loop becomes vectors.
struct BlockTaps {
    float top_left[warp_block], top_right[warp_block];
    float bottom_left[warp_block], bottom_right[warp_block];

    template <bool Normalized>
    BATCHWARP_INLINE void blend(const Run& run, int32_t i, float* out) const {
        for (int32_t k = 0; k < warp_block; ++k) {
            const float fx = run.fx[i + k], fy = run.fy[i + k];
            const float left = top_left[k] + fy * (bottom_left[k] - top_left[k]);
            const float right = top_right[k] + fy * (bottom_right[k] - top_right[k]);
            const float value = left + fx * (right - left);
            out[k] = Normalized ? (value - run.shift[0]) * run.scale[0] : value;
        }
    }
};

struct OneLane {
    static constexpr int channels = 1;
    static constexpr int excess = 0;

    template <bool Normalized>
    BATCHWARP_INLINE static void block(const Run& run, int32_t i, float* out) {
        BlockTaps taps;
        for (int32_t k = 0; k < warp_block; ++k) {
            const float* top = run.source + run.offset[i + k];
            const float* bottom = top + run.row_stride;
            taps.top_left[k] = top[0];
            taps.top_right[k] = top[1];
            taps.bottom_left[k] = bottom[0];
            taps.bottom_right[k] = bottom[1];
        }
        taps.blend<Normalized>(run, i, out);
    }
};

struct OneLanePairs {
    static constexpr int channels = 1;
    static constexpr int excess = 0;

    template <bool Normalized>
    BATCHWARP_INLINE static void block(const Run& run, int32_t i, float* out) {
        BlockTaps taps;
        for (int32_t k = 0; k < warp_block; ++k) {
            const float* pair = run.source + run.offset[i + k];
            taps.top_left[k] = pair[0];
            taps.bottom_left[k] = pair[1];
            taps.top_right[k] = pair[2];
            taps.bottom_right[k] = pair[3];
        }
        taps.blend<Normalized>(run, i, out);
    }
};

}  // namespace
}  // namespace batchwarp
