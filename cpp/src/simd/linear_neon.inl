// The pixel passes of order 1 in NEON, on floats and on bytes: for a source of either kind, the
// same steps with the same roundings. A table lookup brings bytes into lanes of 32 bits, two of
// which would otherwise take three steps; weights are picked out of a register by the
// multiplications.

namespace batchwarp {
namespace {

// What brings the k-th byte of a register into lane k, for k from `first` on in steps of `step`,
// and zeros in front of it.
BATCHWARP_INLINE uint8x16_t bytes_to_lanes(int first, int step) {
    alignas(16) uint8_t places[16];
    for (int k = 0; k < 16; ++k)
        places[k] = k % 4 == 0 ? static_cast<uint8_t>(first + k / 4 * step) : uint8_t{0xff};
    return vld1q_u8(places);
}
BATCHWARP_INLINE Four floats_of(uint8x16_t bytes, uint8x16_t places) {
    return vcvtq_f32_u32(vreinterpretq_u32_u8(vqtbl1q_u8(bytes, places)));
}

// Interleaved channels, a pixel in a register: three channels read and write a fourth value.
template <int Channels, class Sample>
struct NeonChannels {
    static constexpr int channels = Channels;
    static constexpr int excess = 4 - Channels;
    static constexpr bool reads_bytes = is_same<Sample, uint8_t>;

    // Both taps of a source row.
    struct Taps {
        Four left, right;

        BATCHWARP_INLINE Taps(const float* from, uint8x16_t, uint8x16_t)
            : left(vld1q_f32(from)), right(vld1q_f32(from + Channels)) {}
        BATCHWARP_INLINE Taps(const uint8_t* from, uint8x16_t lefts, uint8x16_t rights) {
            const uint8x16_t bytes = vcombine_u8(vld1_u8(from), vcreate_u8(0));
            left = floats_of(bytes, lefts);
            right = floats_of(bytes, rights);
        }
    };

    template <bool Normalized>
    static BATCHWARP_INLINE void block(const Run& run, int32_t i, float* out) {
        const Four shift = vld1q_f32(run.shift), scale = vld1q_f32(run.scale);
        const uint8x16_t lefts = bytes_to_lanes(0, 1), rights = bytes_to_lanes(Channels, 1);
        const Sample *above = samples_of(run, Sample()), *below = samples_below(run, Sample());
        Four fx, fy;
        const auto pixel = [&]<int lane>(int32_t offset) {
            const Taps top(above + offset, lefts, rights), bottom(below + offset, lefts, rights);
            const Four left = vfmaq_laneq_f32(top.left, vsubq_f32(bottom.left, top.left), fy, lane);
            const Four right =
                vfmaq_laneq_f32(top.right, vsubq_f32(bottom.right, top.right), fy, lane);
            Four value = vfmaq_laneq_f32(left, vsubq_f32(right, left), fx, lane);
            if (Normalized) value = vmulq_f32(vsubq_f32(value, shift), scale);
            vst1q_f32(out, value);
            out += Channels;
        };
        for (int32_t k = i; k < i + warp_block; k += 4) {
            fx = vld1q_f32(run.fx + k);
            fy = vld1q_f32(run.fy + k);
            pixel.template operator()<0>(run.offset[k]);
            pixel.template operator()<1>(run.offset[k + 1]);
            pixel.template operator()<2>(run.offset[k + 2]);
            pixel.template operator()<3>(run.offset[k + 3]);
        }
    }
};

// One channel: four pixels' taps, each kind in a register.
struct NeonTaps {
    Four top_left, top_right, bottom_left, bottom_right;

    template <bool Normalized>
    BATCHWARP_INLINE void blend(const Run& run, int32_t i, float* out) const {
        const Four fx = vld1q_f32(run.fx + i), fy = vld1q_f32(run.fy + i);
        const Four left = vfmaq_f32(top_left, fy, vsubq_f32(bottom_left, top_left));
        const Four right = vfmaq_f32(top_right, fy, vsubq_f32(bottom_right, top_right));
        Four value = vfmaq_f32(left, fx, vsubq_f32(right, left));
        if (Normalized)
            value =
                vmulq_f32(vsubq_f32(value, vdupq_n_f32(run.shift[0])), vdupq_n_f32(run.scale[0]));
        vst1q_f32(out, value);
    }
};

// `Source` reads them.
template <class Source>
struct NeonOneChannel {
    static constexpr int channels = 1;
    static constexpr int excess = 0;
    static constexpr bool reads_bytes = Source::reads_bytes;

    template <bool Normalized>
    static BATCHWARP_INLINE void block(const Run& run, int32_t i, float* out) {
        const Source source(run);
        for (int32_t k = 0; k < warp_block; k += 4)
            source.taps(run.offset + i + k).template blend<Normalized>(run, i + k, out + k);
    }
};

// Left and right taps are neighbours.
struct NeonRows {
    static constexpr bool reads_bytes = false;
    const float *above, *below;

    BATCHWARP_INLINE explicit NeonRows(const Run& run)
        : above(run.source), below(run.source + run.row_stride) {}
    static BATCHWARP_INLINE void split(const float* from, const int32_t* offset, Four& left,
                                       Four& right) {
        const Four a = vcombine_f32(vld1_f32(from + offset[0]), vld1_f32(from + offset[1]));
        const Four b = vcombine_f32(vld1_f32(from + offset[2]), vld1_f32(from + offset[3]));
        left = vuzp1q_f32(a, b);
        right = vuzp2q_f32(a, b);
    }
    BATCHWARP_INLINE NeonTaps taps(const int32_t* offset) const {
        NeonTaps taps;
        split(above, offset, taps.top_left, taps.top_right);
        split(below, offset, taps.bottom_left, taps.bottom_right);
        return taps;
    }
};

// Pairs of rows: four values are all taps of a pixel, (top, bottom) of the left column and of the
// right.
struct NeonPairs {
    static constexpr bool reads_bytes = false;
    const float* pairs;

    BATCHWARP_INLINE explicit NeonPairs(const Run& run) : pairs(run.source) {}
    BATCHWARP_INLINE NeonTaps taps(const int32_t* offset) const {
        const Four a = vld1q_f32(pairs + offset[0]), b = vld1q_f32(pairs + offset[1]);
        const Four c = vld1q_f32(pairs + offset[2]), d = vld1q_f32(pairs + offset[3]);
        const Four top_ab = vuzp1q_f32(a, b), top_cd = vuzp1q_f32(c, d);
        const Four bottom_ab = vuzp2q_f32(a, b), bottom_cd = vuzp2q_f32(c, d);
        return {vuzp1q_f32(top_ab, top_cd), vuzp2q_f32(top_ab, top_cd),
                vuzp1q_f32(bottom_ab, bottom_cd), vuzp2q_f32(bottom_ab, bottom_cd)};
    }
};

// Bytes: all taps of a pixel are the bytes of a lane, those of a row side by side, or those of a
// column.
template <bool Paired>
struct NeonByteTaps {
    static constexpr bool reads_bytes = true;
    const uint8_t *above, *below;
    uint8x16_t top_left, top_right, bottom_left, bottom_right;

    BATCHWARP_INLINE explicit NeonByteTaps(const Run& run)
        : above(run.bytes),
          below(run.bytes_below),
          top_left(bytes_to_lanes(0, 4)),
          top_right(bytes_to_lanes(Paired ? 2 : 1, 4)),
          bottom_left(bytes_to_lanes(Paired ? 1 : 2, 4)),
          bottom_right(bytes_to_lanes(3, 4)) {}

    BATCHWARP_INLINE uint32_t pixel(int32_t offset) const {
        if constexpr (Paired) {
            uint32_t all;
            memcpy(&all, above + offset, sizeof all);
            return all;
        } else {
            uint16_t top, bottom;
            memcpy(&top, above + offset, sizeof top);
            memcpy(&bottom, below + offset, sizeof bottom);
            return top | static_cast<uint32_t>(bottom) << 16;
        }
    }
    BATCHWARP_INLINE uint64_t two_pixels(const int32_t* offset) const {
        return pixel(offset[0]) | static_cast<uint64_t>(pixel(offset[1])) << 32;
    }
    BATCHWARP_INLINE NeonTaps taps(const int32_t* offset) const {
        const uint8x16_t bytes = vreinterpretq_u8_u64(
            vcombine_u64(vcreate_u64(two_pixels(offset)), vcreate_u64(two_pixels(offset + 2))));
        return {floats_of(bytes, top_left), floats_of(bytes, top_right),
                floats_of(bytes, bottom_left), floats_of(bytes, bottom_right)};
    }
};

using NeonC1 = NeonOneChannel<NeonRows>;
using NeonC1Pairs = NeonOneChannel<NeonPairs>;
using NeonC1Bytes = NeonOneChannel<NeonByteTaps<false>>;
using NeonBytePairs = NeonOneChannel<NeonByteTaps<true>>;

}  // namespace
}  // namespace batchwarp
