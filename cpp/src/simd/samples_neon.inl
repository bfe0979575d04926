// What JPEG computes with, in NEON.

namespace batchwarp {
namespace {

struct Samples {
    using Register = int16x8_t;
    using Float = Four;
    static constexpr int count = 8;

    template <int Stride>
    static BATCHWARP_INLINE Register load(const int16_t* from) {
        return vld1q_s16(from);
    }
    template <int Stride>
    static BATCHWARP_INLINE Float load(const float* from) {
        return vld1q_f32(from);
    }
    template <int Stride>
    static BATCHWARP_INLINE void store(int16_t* to, Register v) {
        vst1q_s16(to, v);
    }
    template <int Stride>
    static BATCHWARP_INLINE void store(float* to, Float v) {
        vst1q_f32(to, v);
    }
    static BATCHWARP_INLINE void store_saturated(uint8_t* to, Register v) {
        vst1_u8(to, vqmovun_s16(v));
    }
    static BATCHWARP_INLINE Register repeat(const void* from) {
        return vld1q_s16(static_cast<const int16_t*>(from));
    }
    static BATCHWARP_INLINE Register all(int32_t v) { return vdupq_n_s16(static_cast<int16_t>(v)); }
    static BATCHWARP_INLINE Register all_wide(int32_t v) { return of_wide(vdupq_n_s32(v)); }
    static BATCHWARP_INLINE Float all(float v) { return vdupq_n_f32(v); }

    static BATCHWARP_INLINE Register add(Register a, Register b) { return vaddq_s16(a, b); }
    static BATCHWARP_INLINE Register subtract(Register a, Register b) { return vsubq_s16(a, b); }
    static BATCHWARP_INLINE Register multiply(Register a, Register b) { return vmulq_s16(a, b); }
    static BATCHWARP_INLINE Register clamp(Register v, Register low, Register high) {
        return vminq_s16(vmaxq_s16(v, low), high);
    }
    static BATCHWARP_INLINE Register absolute(Register v) { return vabsq_s16(v); }
    static BATCHWARP_INLINE Register with_sign(Register v, Register of) {
        const Register sign = vshrq_n_s16(of, 15);
        return vsubq_s16(veorq_s16(v, sign), sign);
    }
    static BATCHWARP_INLINE Register multiply_high(Register a, Register b) {
        const int32x4_t low = vmull_s16(vget_low_s16(a), vget_low_s16(b));
        return vuzp2q_s16(of_wide(low), of_wide(vmull_high_s16(a, b)));
    }
    static BATCHWARP_INLINE Register multiply_high_unsigned(Register a, Register b) {
        const uint16x8_t c = vreinterpretq_u16_s16(a), d = vreinterpretq_u16_s16(b);
        const uint32x4_t low = vmull_u16(vget_low_u16(c), vget_low_u16(d));
        return vuzp2q_s16(vreinterpretq_s16_u32(low), vreinterpretq_s16_u32(vmull_high_u16(c, d)));
    }
    template <int n>
    static BATCHWARP_INLINE Register shift_left(Register v) {
        return vshlq_n_s16(v, n);
    }
    template <int n>
    static BATCHWARP_INLINE Register shift_right(Register v) {
        return vshrq_n_s16(v, n);
    }
    template <int Size>
    static BATCHWARP_INLINE Register zip_low(Register a, Register b) {
        if constexpr (Size == 1)
            return vreinterpretq_s16_s8(
                vzip1q_s8(vreinterpretq_s8_s16(a), vreinterpretq_s8_s16(b)));
        else if constexpr (Size == 2)
            return vzip1q_s16(a, b);
        else if constexpr (Size == 4)
            return of_wide(vzip1q_s32(wide(a), wide(b)));
        else
            return vreinterpretq_s16_s64(
                vzip1q_s64(vreinterpretq_s64_s16(a), vreinterpretq_s64_s16(b)));
    }
    template <int Size>
    static BATCHWARP_INLINE Register zip_high(Register a, Register b) {
        if constexpr (Size == 1)
            return vreinterpretq_s16_s8(
                vzip2q_s8(vreinterpretq_s8_s16(a), vreinterpretq_s8_s16(b)));
        else if constexpr (Size == 2)
            return vzip2q_s16(a, b);
        else if constexpr (Size == 4)
            return of_wide(vzip2q_s32(wide(a), wide(b)));
        else
            return vreinterpretq_s16_s64(
                vzip2q_s64(vreinterpretq_s64_s16(a), vreinterpretq_s64_s16(b)));
    }
    static BATCHWARP_INLINE Register low_bytes(Register v) {
        return vreinterpretq_s16_u16(vmovl_u8(vget_low_u8(vreinterpretq_u8_s16(v))));
    }
    static BATCHWARP_INLINE Register high_bytes(Register v) {
        return vreinterpretq_s16_u16(vmovl_high_u8(vreinterpretq_u8_s16(v)));
    }
    static BATCHWARP_INLINE Register saturated(Register low, Register high) {
        return vreinterpretq_s16_u8(vqmovun_high_s16(vqmovun_s16(low), high));
    }
    static BATCHWARP_INLINE Register repeat_first(Register v) { return vdupq_laneq_s16(v, 0); }
    static BATCHWARP_INLINE Register without_first(Register v) { return vsetq_lane_s16(0, v, 0); }
    static BATCHWARP_INLINE Register merged_bits(Register a, Register b) { return vorrq_s16(a, b); }
    static BATCHWARP_INLINE bool is_zero(Register v) {
        return vmaxvq_u32(vreinterpretq_u32_s16(v)) == 0;
    }

    static BATCHWARP_INLINE Register add_products(Register a, Register b) {
        const int32x4_t low = vmull_s16(vget_low_s16(a), vget_low_s16(b));
        return of_wide(vpaddq_s32(low, vmull_high_s16(a, b)));
    }
    static BATCHWARP_INLINE Register add_wide(Register a, Register b) {
        return of_wide(vaddq_s32(wide(a), wide(b)));
    }
    static BATCHWARP_INLINE Register subtract_wide(Register a, Register b) {
        return of_wide(vsubq_s32(wide(a), wide(b)));
    }
    template <int n>
    static BATCHWARP_INLINE Register shift_right_wide(Register v) {
        return of_wide(vshrq_n_s32(wide(v), n));
    }
    static BATCHWARP_INLINE Register narrow(Register a, Register b) { return vuzp1q_s16(a, b); }

    static BATCHWARP_INLINE Float add(Float a, Float b) { return vaddq_f32(a, b); }
    static BATCHWARP_INLINE Float subtract(Float a, Float b) { return vsubq_f32(a, b); }
    static BATCHWARP_INLINE Float multiply(Float a, Float b) { return vmulq_f32(a, b); }
    static BATCHWARP_INLINE Float divide(Float a, Float b) { return vdivq_f32(a, b); }
    static BATCHWARP_INLINE Float bring_within(Float v, Float low, Float high) {
        return vminq_f32(vbslq_f32(vcgtq_f32(v, low), v, low), high);
    }
    template <int i, int j, int k, int l>
    static BATCHWARP_INLINE Float pick(Float a, Float b) {
#if defined(__clang__)
        return __builtin_shufflevector(a, b, i, j, k + 4, l + 4);
#else
        return __builtin_shuffle(a, b, int32x4_t{i, j, k + 4, l + 4});
#endif
    }
    static BATCHWARP_INLINE Register truncated(Float v) { return of_wide(vcvtq_s32_f32(v)); }
    static BATCHWARP_INLINE Float of_bits(Register v) { return vreinterpretq_f32_s16(v); }

    /// Two samples of each column: each is multiplied by itself, so they need not lie side by side.
    struct Pairs {
        Register first, second;

        BATCHWARP_INLINE Pairs(Register a, Register b) : first(a), second(b) {}
        BATCHWARP_INLINE void times(int32_t by_first, int32_t by_second, Register& low,
                                    Register& high) const {
            const int16x8_t a = all(by_first), b = all(by_second);
            low = of_wide(vmlal_s16(vmull_s16(vget_low_s16(first), vget_low_s16(a)),
                                    vget_low_s16(second), vget_low_s16(b)));
            high = of_wide(vmlal_high_s16(vmull_high_s16(first, a), second, b));
        }
    };
    /// Row k of a matrix times a vector of four.
    static BATCHWARP_INLINE void multiply_matrix(const int16_t (&weight)[4][4],
                                                 const Register (&x)[4], int k, Register& low,
                                                 Register& high) {
        const int16x4_t by = vld1_s16(weight[k]);
        const int32x4_t low_two =
            vmlal_lane_s16(vmull_lane_s16(vget_low_s16(x[0]), by, 0), vget_low_s16(x[1]), by, 1);
        const int32x4_t high_two =
            vmlal_high_lane_s16(vmull_high_lane_s16(x[0], by, 0), x[1], by, 1);
        low = of_wide(vmlal_lane_s16(vmlal_lane_s16(low_two, vget_low_s16(x[2]), by, 2),
                                     vget_low_s16(x[3]), by, 3));
        high =
            of_wide(vmlal_high_lane_s16(vmlal_high_lane_s16(high_two, x[2], by, 2), x[3], by, 3));
    }

  private:
    static BATCHWARP_INLINE int32x4_t wide(Register v) { return vreinterpretq_s32_s16(v); }
    static BATCHWARP_INLINE Register of_wide(int32x4_t v) { return vreinterpretq_s16_s32(v); }
};

static_assert(TierSamples<Samples>);

}  // namespace
}  // namespace batchwarp
