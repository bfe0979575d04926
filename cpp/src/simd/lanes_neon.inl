// Four lanes of NEON, which every AArch64 processor has.

namespace batchwarp {
namespace {

// What coordinates.inl computes with. Masks are lanes of ones or of zeros.
struct Lanes {
    static constexpr int32_t count = 4;
    using Float = float32x4_t;
    using Int = int32x4_t;
    using Mask = uint32x4_t;
    struct Wide {
        float64x2_t first, second;
    };

    static BATCHWARP_INLINE Float load(const float* from) { return vld1q_f32(from); }
    static BATCHWARP_INLINE Int load(const int32_t* from) { return vld1q_s32(from); }
    static BATCHWARP_INLINE Float load(const uint8_t* from) {
        uint32_t four;
        memcpy(&four, from, sizeof four);
        const uint16x8_t words = vmovl_u8(vreinterpret_u8_u32(vdup_n_u32(four)));
        return vcvtq_f32_u32(vmovl_u16(vget_low_u16(words)));
    }
    static BATCHWARP_INLINE Wide load(const double* from) {
        return {vld1q_f64(from), vld1q_f64(from + 2)};
    }
    static BATCHWARP_INLINE void store(float* to, Float v) { vst1q_f32(to, v); }
    static BATCHWARP_INLINE void store(int32_t* to, Int v) { vst1q_s32(to, v); }
    static BATCHWARP_INLINE void store_bytes(uint8_t* to, Int a, Int b, Int c, Int d) {
        const int16x8_t first = vuzp1q_s16(vreinterpretq_s16_s32(a), vreinterpretq_s16_s32(b));
        const int16x8_t last = vuzp1q_s16(vreinterpretq_s16_s32(c), vreinterpretq_s16_s32(d));
        vst1q_u8(to, vuzp1q_u8(vreinterpretq_u8_s16(first), vreinterpretq_u8_s16(last)));
    }
    static BATCHWARP_INLINE void store_halves(uint16_t* to, Float v) {
        const uint16x4_t halves = vreinterpret_u16_f16(vcvt_f16_f32(v));
        // What was a NaN has but the upper one of its bits.
        const uint16x4_t number = vmovn_u32(vceqq_f32(v, v));
        vst1_u16(to, vand_u16(halves, vorr_u16(number, vdup_n_u16(0xfe00))));
    }
    static BATCHWARP_INLINE void store_pairs(float* to, Float first, Float second) {
        const float32x4x2_t two = {{first, second}};
        vst2q_f32(to, two);
    }
    static BATCHWARP_INLINE void load_three(const float* from, Float& a, Float& b, Float& c) {
        const float32x4x3_t three = vld3q_f32(from);
        a = three.val[0];
        b = three.val[1];
        c = three.val[2];
    }
    static BATCHWARP_INLINE void store_three(float* to, Float a, Float b, Float c) {
        const float32x4x3_t three = {{a, b, c}};
        vst3q_f32(to, three);
    }
    static BATCHWARP_INLINE Int ordered_three(Int v) { return v; }
    static BATCHWARP_INLINE Float all(float v) { return vdupq_n_f32(v); }
    static BATCHWARP_INLINE Int all(int32_t v) { return vdupq_n_s32(v); }

    static BATCHWARP_INLINE Float add(Float a, Float b) { return vaddq_f32(a, b); }
    static BATCHWARP_INLINE Int add(Int a, Int b) { return vaddq_s32(a, b); }
    static BATCHWARP_INLINE Float subtract(Float a, Float b) { return vsubq_f32(a, b); }
    static BATCHWARP_INLINE Int subtract(Int a, Int b) { return vsubq_s32(a, b); }
    static BATCHWARP_INLINE Int multiply(Int a, Int b) { return vmulq_s32(a, b); }
    static BATCHWARP_INLINE Float multiply(Float a, Float b) { return vmulq_f32(a, b); }
    static BATCHWARP_INLINE Float multiply_add(Float a, Float b, Float c) {
        return vfmaq_f32(c, a, b);
    }
    static BATCHWARP_INLINE Float divide(Float a, Float b) { return vdivq_f32(a, b); }
    static BATCHWARP_INLINE Float square_root(Float v) { return vsqrtq_f32(v); }
    // The second one if either is a NaN, which the instructions for it would not give.
    static BATCHWARP_INLINE Float min(Float a, Float b) { return vbslq_f32(vcltq_f32(a, b), a, b); }
    static BATCHWARP_INLINE Float max(Float a, Float b) { return vbslq_f32(vcgtq_f32(a, b), a, b); }
    static BATCHWARP_INLINE Float absolute(Float v) { return vabsq_f32(v); }
    static BATCHWARP_INLINE Float clamp(Float v, Float low, Float high) {
        return vminq_f32(vmaxq_f32(v, low), high);
    }
    static BATCHWARP_INLINE Int bits(Int v, Int mask) { return vandq_s32(v, mask); }
    static BATCHWARP_INLINE Int differing_bits(Int a, Int b) { return veorq_s32(a, b); }
    static BATCHWARP_INLINE void multiply_wide(Int a, uint32_t by, Int& low, Int& high) {
        const uint32x4_t factors = vreinterpretq_u32_s32(a), factor = vdupq_n_u32(by);
        const int32x4_t first = vreinterpretq_s32_u64(
                            vmull_u32(vget_low_u32(factors), vget_low_u32(factor))),
                        second = vreinterpretq_s32_u64(vmull_high_u32(factors, factor));
        low = vuzp1q_s32(first, second);
        high = vuzp2q_s32(first, second);
    }
    template <int n>
    static BATCHWARP_INLINE Int shift_left(Int v) {
        return vshlq_n_s32(v, n);
    }
    template <int n>
    static BATCHWARP_INLINE Int shift_right(Int v) {
        return vshrq_n_s32(v, n);
    }
    template <int n>
    static BATCHWARP_INLINE Int sum_of_products(Int a, Int b, Int factors) {
        const Int lower = vandq_s32(factors, vdupq_n_s32(0xffff)), upper = vshrq_n_s32(factors, 16);
        return vmlaq_s32(vmulq_s32(vshrq_n_s32(a, n), lower), vshrq_n_s32(b, n), upper);
    }
    static BATCHWARP_INLINE Int bits_of(Float v) { return vreinterpretq_s32_f32(v); }
    static BATCHWARP_INLINE Float of_bits(Int v) { return vreinterpretq_f32_s32(v); }
    static BATCHWARP_INLINE Float to_float(Int v) { return vcvtq_f32_s32(v); }
    static BATCHWARP_INLINE Int clamp(Int v, Int low, Int high) {
        return vminq_s32(vmaxq_s32(v, low), high);
    }
    static BATCHWARP_INLINE Int max(Int a, Int b) { return vmaxq_s32(a, b); }
    static BATCHWARP_INLINE Int absolute(Int v) { return vabsq_s32(v); }
    static BATCHWARP_INLINE Int truncated(Float v) { return vcvtq_s32_f32(v); }
    static BATCHWARP_INLINE Float without_fraction(Float v) { return vrndq_f32(v); }
    static BATCHWARP_INLINE Int whole_below(Float v) { return vcvtmq_s32_f32(v); }
    static BATCHWARP_INLINE Mask at_least(Float a, Float b) { return vcgeq_f32(a, b); }
    static BATCHWARP_INLINE Mask less(Int a, Int b) { return vcltq_s32(a, b); }
    static BATCHWARP_INLINE Float where(Mask m, Float yes, Float no) {
        return vbslq_f32(m, yes, no);
    }
    static BATCHWARP_INLINE Int where(Mask m, Int yes, Int no) { return vbslq_s32(m, yes, no); }
    static BATCHWARP_INLINE Mask either(Mask a, Mask b) { return vorrq_u32(a, b); }
    static BATCHWARP_INLINE bool any(Mask m) { return vmaxvq_u32(m) != 0; }
    static BATCHWARP_INLINE Float subtract_where(Mask m, Float a, Float b) {
        return vsubq_f32(a, of_bits(vandq_s32(vreinterpretq_s32_u32(m), bits_of(b))));
    }
    static BATCHWARP_INLINE Int add_where(Mask m, Int a, Int b) {
        return vaddq_s32(a, vandq_s32(vreinterpretq_s32_u32(m), b));
    }

    static BATCHWARP_INLINE Wide wide(double v) { return {vdupq_n_f64(v), vdupq_n_f64(v)}; }
    static BATCHWARP_INLINE Wide ramp() { return {float64x2_t{0, 1}, float64x2_t{2, 3}}; }
    static BATCHWARP_INLINE Wide add(Wide a, Wide b) {
        return {vaddq_f64(a.first, b.first), vaddq_f64(a.second, b.second)};
    }
    static BATCHWARP_INLINE Wide multiply_add(Wide a, Wide b, Wide c) {
        return {vfmaq_f64(c.first, a.first, b.first), vfmaq_f64(c.second, a.second, b.second)};
    }
    static BATCHWARP_INLINE Wide inverse(Wide v) {
        const float64x2_t one = vdupq_n_f64(1);
        return {vdivq_f64(one, v.first), vdivq_f64(one, v.second)};
    }
    static BATCHWARP_INLINE Wide clamp(Wide v, Wide low, Wide high) {
        return {vminq_f64(vmaxq_f64(v.first, low.first), high.first),
                vminq_f64(vmaxq_f64(v.second, low.second), high.second)};
    }
    static BATCHWARP_INLINE bool within(Wide v, Wide low, Wide high) {
        const auto inside = [](float64x2_t a, float64x2_t least, float64x2_t most) {
            return vandq_u64(vcgeq_f64(a, least), vcleq_f64(a, most));
        };
        const uint64x2_t all = vandq_u64(inside(v.first, low.first, high.first),
                                         inside(v.second, low.second, high.second));
        return vminvq_u32(vreinterpretq_u32_u64(all)) != 0;
    }
    template <int n>
    static BATCHWARP_INLINE Int low_bits(Wide v) {
        const auto shifted = [](float64x2_t two) {
            uint64x2_t bits = vreinterpretq_u64_f64(two);
            if constexpr (n != 0) bits = vshrq_n_u64(bits, n);
            return vreinterpretq_s32_u64(bits);
        };
        return vuzp1q_s32(shifted(v.first), shifted(v.second));
    }
};

// What sixteen.inl and blur.inl compute with.
struct Vec {
    using Register = Four;
    static constexpr int count = 4;

    static BATCHWARP_INLINE Four all(float v) { return vdupq_n_f32(v); }
    static BATCHWARP_INLINE Four add(Four a, Four b) { return vaddq_f32(a, b); }
    static BATCHWARP_INLINE Four subtract(Four a, Four b) { return vsubq_f32(a, b); }
    static BATCHWARP_INLINE Four multiply_add(Four a, Four b, Four c) { return vfmaq_f32(c, a, b); }
};

static_assert(TierLanes<Lanes> && TierVec<Vec, Four>);

}  // namespace
}  // namespace batchwarp
