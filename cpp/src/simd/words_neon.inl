// Registers of bytes in NEON: what resize_words.inl and level_tables.inl compute with.

namespace batchwarp {
namespace {

struct Words {
    using Register = uint8x16_t;
    static constexpr int rows = 1;

    static BATCHWARP_INLINE Register gather(const uint8_t* const* row, int64_t offset) {
        return vld1q_u8(row[0] + offset);
    }
    static BATCHWARP_INLINE void scatter(Register v, uint8_t* const* row, int64_t offset) {
        vst1q_u8(row[0] + offset, v);
    }
    static BATCHWARP_INLINE Register repeat(const void* from) {
        return vld1q_u8(static_cast<const uint8_t*>(from));
    }
    static BATCHWARP_INLINE Register load(const uint8_t* from) { return vld1q_u8(from); }
    static BATCHWARP_INLINE void store(uint8_t* to, Register v) { vst1q_u8(to, v); }
    static BATCHWARP_INLINE Register all(int32_t v) { return of(vdupq_n_s32(v)); }
    static BATCHWARP_INLINE Register all_pairs(const int16_t* from) {
        int32_t pair;
        memcpy(&pair, from, sizeof pair);
        return all(pair);
    }
    static BATCHWARP_INLINE Register shuffle(Register v, Register pattern) {
        return vqtbl1q_u8(v, pattern);
    }
    static BATCHWARP_INLINE Register bits(Register v, Register mask) { return vandq_u8(v, mask); }
    static BATCHWARP_INLINE Register select(Register by, Register yes, Register no) {
        return vbslq_u8(vcltzq_s8(vreinterpretq_s8_u8(by)), yes, no);
    }
    static BATCHWARP_INLINE Register add(Register a, Register b) {
        return of(vaddq_s32(wide(a), wide(b)));
    }
    static BATCHWARP_INLINE Register multiply_add(Register a, Register b) {
        const int16x8_t c = vreinterpretq_s16_u8(a), d = vreinterpretq_s16_u8(b);
        const int32x4_t low = vmull_s16(vget_low_s16(c), vget_low_s16(d));
        return of(vpaddq_s32(low, vmull_high_s16(c, d)));
    }
    template <int n>
    static BATCHWARP_INLINE Register shift_left(Register v) {
        return of(vshlq_n_s32(wide(v), n));
    }
    template <int n>
    static BATCHWARP_INLINE Register shift_right(Register v) {
        return of(vshrq_n_s32(wide(v), n));
    }
    /// The sums of a's four values, of b's, of c's and of d's.
    static BATCHWARP_INLINE Register add_across(Register a, Register b, Register c, Register d) {
        return of(vpaddq_s32(vpaddq_s32(wide(a), wide(b)), vpaddq_s32(wide(c), wide(d))));
    }
    /// The four values of a, b, c and d as bytes, saturated.
    static BATCHWARP_INLINE Register narrow(Register a, Register b, Register c, Register d) {
        const int16x8_t first = vqmovn_high_s32(vqmovn_s32(wide(a)), wide(b));
        const int16x8_t last = vqmovn_high_s32(vqmovn_s32(wide(c)), wide(d));
        return vqmovun_high_s16(vqmovun_s16(first), last);
    }
    /// Pairs of words from two registers of bytes, in the order that `narrow` takes them.
    static BATCHWARP_INLINE void zip(Register a, Register b, Register (&pairs)[4]) {
        const Register low = vzip1q_u8(a, b), high = vzip2q_u8(a, b);
        pairs[0] = vreinterpretq_u8_u16(vmovl_u8(vget_low_u8(low)));
        pairs[1] = vreinterpretq_u8_u16(vmovl_high_u8(low));
        pairs[2] = vreinterpretq_u8_u16(vmovl_u8(vget_low_u8(high)));
        pairs[3] = vreinterpretq_u8_u16(vmovl_high_u8(high));
    }
    /// Adds products; to which of the sums each of them is added makes no difference.
    static BATCHWARP_INLINE Register add_products(Register sums, Register a, Register b) {
        const int16x8_t c = vreinterpretq_s16_u8(a), d = vreinterpretq_s16_u8(b);
        const int32x4_t more = vmlal_s16(wide(sums), vget_low_s16(c), vget_low_s16(d));
        return of(vmlal_high_s16(more, c, d));
    }
    /// Four words of a tap, and four of the next one, times their high and their low weights.
    static BATCHWARP_INLINE void add_taps(Register values, const int16_t* weights, Register& high,
                                          Register& low) {
        const int16x8_t words = vreinterpretq_s16_u8(values);
        const int16x4_t by = vld1_s16(weights), first = vget_low_s16(words);
        high = of(vmlal_high_lane_s16(vmlal_lane_s16(wide(high), first, by, 0), words, by, 1));
        low = of(vmlal_high_lane_s16(vmlal_lane_s16(wide(low), first, by, 2), words, by, 3));
    }
    /// 16 bytes of a row, and 16 of the next one, likewise.
    static BATCHWARP_INLINE void add_rows(Register a, Register b, const int16_t* weights,
                                          Register (&high)[4], Register (&low)[4]) {
        const int16x4_t by = vld1_s16(weights);
        add_row<0>(a, by, high);
        add_row<1>(b, by, high);
        add_row<2>(a, by, low);
        add_row<3>(b, by, low);
    }

  private:
    template <int weight>
    static BATCHWARP_INLINE void add_row(Register bytes, int16x4_t by, Register (&sums)[4]) {
        const int16x8_t first = vreinterpretq_s16_u16(vmovl_u8(vget_low_u8(bytes))),
                        last = vreinterpretq_s16_u16(vmovl_high_u8(bytes));
        sums[0] = of(vmlal_lane_s16(wide(sums[0]), vget_low_s16(first), by, weight));
        sums[1] = of(vmlal_high_lane_s16(wide(sums[1]), first, by, weight));
        sums[2] = of(vmlal_lane_s16(wide(sums[2]), vget_low_s16(last), by, weight));
        sums[3] = of(vmlal_high_lane_s16(wide(sums[3]), last, by, weight));
    }
    static BATCHWARP_INLINE int32x4_t wide(Register v) { return vreinterpretq_s32_u8(v); }
    static BATCHWARP_INLINE Register of(int32x4_t v) { return vreinterpretq_u8_s32(v); }
};

// The table of a channel, in four parts that one instruction picks from; what is beyond a part
// stays what the part before has made of it.
class LevelTable {
  public:
    BATCHWARP_INLINE explicit LevelTable(const uint8_t* entries) {
        for (int k = 0; k < 4; ++k) part_[k] = vld1q_u8_x4(entries + 64 * k);
    }
    BATCHWARP_INLINE uint8x16_t operator()(uint8x16_t levels) const {
        uint8x16_t made = vqtbl4q_u8(part_[0], levels);
        for (int k = 1; k < 4; ++k)
            made = vqtbx4q_u8(made, part_[k],
                              vsubq_u8(levels, vdupq_n_u8(static_cast<uint8_t>(64 * k))));
        return made;
    }

  private:
    uint8x16x4_t part_[4];
};

static_assert(TierWords<Words>);

}  // namespace
}  // namespace batchwarp
