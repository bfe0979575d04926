// Pixel passes for 3 and 4 channels on vectors of four floats, which SSE2 and NEON both have; and
// the plain one for a single channel. The baseline uses them all, other tiers what they have no
// better for.

namespace batchwarp {
namespace {

#if defined(_MSC_VER) && !defined(__clang__)
struct Four {
    float lane[4];
};
BATCHWARP_INLINE Four operator+(Four a, Four b) {
    for (int k = 0; k < 4; ++k) a.lane[k] += b.lane[k];
    return a;
}
BATCHWARP_INLINE Four operator-(Four a, Four b) {
    for (int k = 0; k < 4; ++k) a.lane[k] -= b.lane[k];
    return a;
}
BATCHWARP_INLINE Four operator*(Four a, Four b) {
    for (int k = 0; k < 4; ++k) a.lane[k] *= b.lane[k];
    return a;
}
BATCHWARP_INLINE Four all_four(float v) { return {{v, v, v, v}}; }
#else
typedef float Four __attribute__((vector_size(16)));
BATCHWARP_INLINE Four all_four(float v) { return Four{v, v, v, v}; }
#endif

BATCHWARP_INLINE Four load_four(const float* from) {
    Four v;
    memcpy(&v, from, sizeof v);
    return v;
}
BATCHWARP_INLINE void store_four(float* to, Four v) { memcpy(to, &v, sizeof v); }

// Three channels read and write a fourth float: source images have slack behind them, and output is
// written from left to right.
template <int Channels>
struct FourLanes {
    static constexpr int channels = Channels;

    template <bool Normalized>
    BATCHWARP_INLINE static void block(const Run& run, int32_t i, float* out) {
        const Four shift = load_four(run.shift), scale = load_four(run.scale);
        for (int32_t k = i; k < i + linear_block; ++k, out += Channels) {
            const float* top = run.source + run.offset[k];
            const float* bottom = top + run.row_stride;
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

struct OneLane {
    static constexpr int channels = 1;

    template <bool Normalized>
    BATCHWARP_INLINE static void block(const Run& run, int32_t i, float* out) {
        // Taps first, arithmetic second: the second loop becomes vectors.
        float tl[linear_block], tr[linear_block], bl[linear_block], br[linear_block];
        for (int32_t k = 0; k < linear_block; ++k) {
            const float* top = run.source + run.offset[i + k];
            const float* bottom = top + run.row_stride;
            tl[k] = top[0];
            tr[k] = top[1];
            bl[k] = bottom[0];
            br[k] = bottom[1];
        }
        for (int32_t k = 0; k < linear_block; ++k) {
            const float left = tl[k] + run.fy[i + k] * (bl[k] - tl[k]);
            const float right = tr[k] + run.fy[i + k] * (br[k] - tr[k]);
            const float value = left + run.fx[i + k] * (right - left);
            out[k] = Normalized ? (value - run.shift[0]) * run.scale[0] : value;
        }
    }
};

}  // namespace
}  // namespace batchwarp
