// What JPEG keeps of blocks of 8 x 8 samples: to frequencies, to whole steps of them, and back, in
// the whole numbers of libjpeg's "islow" transforms, by which the results of decoders are compared.
//
// A lane of 16 bytes has a row of a block, a register those of some blocks side by side. A pass
// transforms columns; before and after it, blocks are transposed. Samples and frequencies fit into
// 16 bits between two passes. Within one, products have 32. It is half of the flow graph of
// Loeffler, Ligtenberg and Moschytz, "Practical fast 1-D DCT algorithms with 11 multiplications"
// (1989); its odd half is multiplied out into a matrix, which takes no more instructions: one
// multiplies pairs and adds the products. Nothing is rounded in between, so sums are the same.

namespace batchwarp {
namespace {

using Sample = Samples::Register;
using JpegBlocks = Sample[jpeg_block];

constexpr int jpeg_bits = 13;  // of a weight, behind the point
constexpr int jpeg_extra = 2;  // bits that samples have in between two passes

constexpr int32_t jpeg_weight(double weight) {
    // NOLINTNEXTLINE(bugprone-incorrect-roundings): of a constant above 0, without a library
    return static_cast<int32_t>(weight * (1 << jpeg_bits) + 0.5);
}
constexpr int32_t half_of(int bits) { return int32_t{1} << (bits - 1); }

// 32-bit numbers, those of the lower halves of lanes and those of the upper ones.
struct JpegSums {
    Sample low, high;

    static BATCHWARP_INLINE JpegSums all(int32_t number) {
        return {Samples::all_wide(number), Samples::all_wide(number)};
    }
    BATCHWARP_INLINE JpegSums operator+(JpegSums other) const {
        return {Samples::add_wide(low, other.low), Samples::add_wide(high, other.high)};
    }
    BATCHWARP_INLINE JpegSums operator-(JpegSums other) const {
        return {Samples::subtract_wide(low, other.low), Samples::subtract_wide(high, other.high)};
    }
    BATCHWARP_INLINE JpegSums operator+(int32_t number) const { return *this + all(number); }
    template <int n>
    BATCHWARP_INLINE Sample without_bits() const {
        return Samples::narrow(Samples::shift_right_wide<n>(low),
                               Samples::shift_right_wide<n>(high));
    }
};

// Two samples of each column, which are multiplied and added: side by side, for tiers that multiply
// pairs.
template <class S>
struct SideBySide {
    typename S::Register low, high;

    BATCHWARP_INLINE SideBySide(typename S::Register first, typename S::Register second)
        : low(S::template zip_low<2>(first, second)),
          high(S::template zip_high<2>(first, second)) {}
    BATCHWARP_INLINE void times(int32_t first, int32_t second, typename S::Register& low_sums,
                                typename S::Register& high_sums) const {
        const auto weights = S::all_wide(static_cast<int32_t>(
            static_cast<uint32_t>(first & 0xffff) | static_cast<uint32_t>(second) << 16));
        low_sums = S::add_products(low, weights);
        high_sums = S::add_products(high, weights);
    }
};

// Or as the tier has them.
template <class S>
struct PairsOf {
    using Type = SideBySide<S>;
};
template <class S>
    requires requires { typename S::Pairs; }
struct PairsOf<S> {
    using Type = typename S::Pairs;
};

struct JpegPairs {
    PairsOf<Samples>::Type pairs;

    BATCHWARP_INLINE JpegPairs(Sample first, Sample second) : pairs(first, second) {}
    BATCHWARP_INLINE JpegSums times(int32_t first, int32_t second) const {
        JpegSums sums;
        pairs.times(first, second, sums.low, sums.high);
        return sums;
    }
};

// The even half: of the two in the middle, those which are twice and six times as high.
constexpr int32_t jpeg_even[2][2] = {
    {jpeg_weight(0.541196100) + jpeg_weight(0.765366865), jpeg_weight(0.541196100)},
    {jpeg_weight(0.541196100), jpeg_weight(0.541196100) - jpeg_weight(1.847759065)}};

// The odd half, in either direction: from those that are furthest apart inwards.
struct JpegOdd {
    int16_t weight[4][4] = {};
    constexpr JpegOdd() {
        constexpr int32_t all = jpeg_weight(1.175875602), ad = -jpeg_weight(0.899976223),
                          bc = -jpeg_weight(2.562915447), bd = -jpeg_weight(1.961570560),
                          ac = -jpeg_weight(0.390180644);
        constexpr int32_t own[4] = {jpeg_weight(1.501321110), jpeg_weight(3.072711026),
                                    jpeg_weight(2.053119869), jpeg_weight(0.298631336)};
        for (int r = 0; r < 4; ++r)
            for (int c = 0; c < 4; ++c) {
                int32_t sum = all;
                if (r == c) sum += own[r];
                if (c == r || c == 3 - r) sum += r == 0 || r == 3 ? ad : bc;
                if (c == r || c == (r + 2) % 4) sum += r == 0 || r == 2 ? ac : bd;
                weight[r][c] = static_cast<int16_t>(sum);
            }
    }
};
alignas(16) constexpr JpegOdd jpeg_odd;

template <class S>
BATCHWARP_INLINE void jpeg_multiply_odd(const typename S::Register (&x)[4], JpegSums (&sums)[4]) {
    if constexpr (requires(Sample v) { S::multiply_matrix(jpeg_odd.weight, x, 0, v, v); }) {
        for (int k = 0; k < 4; ++k)
            S::multiply_matrix(jpeg_odd.weight, x, k, sums[k].low, sums[k].high);
    } else {
        const JpegPairs first(x[0], x[1]), second(x[2], x[3]);
        for (int k = 0; k < 4; ++k)
            sums[k] = first.times(jpeg_odd.weight[k][0], jpeg_odd.weight[k][1]) +
                      second.times(jpeg_odd.weight[k][2], jpeg_odd.weight[k][3]);
    }
}

// Samples to frequencies. Those of the first pass are levels, of which the middle is 0.
template <bool First>
BATCHWARP_INLINE void jpeg_forward(JpegBlocks& x) {
    using S = Samples;
    constexpr int drop = First ? jpeg_bits - jpeg_extra : jpeg_bits + jpeg_extra;
    Sample apart[4], outer[2], inner[2];
    for (int k = 0; k < 4; ++k) apart[k] = S::subtract(x[k], x[7 - k]);
    for (int k = 0; k < 2; ++k) {
        const Sample far = S::add(x[k], x[7 - k]), near = S::add(x[3 - k], x[4 + k]);
        outer[k] = S::add(far, near);
        inner[k] = S::subtract(far, near);
    }
    const Sample sum = S::add(outer[0], outer[1]), difference = S::subtract(outer[0], outer[1]);
    if (First) {
        x[0] = S::shift_left<jpeg_extra>(S::add(sum, S::all(-jpeg_block * jpeg_middle)));
        x[4] = S::shift_left<jpeg_extra>(difference);
    } else {
        const Sample half = S::all(half_of(jpeg_extra));
        x[0] = S::shift_right<jpeg_extra>(S::add(sum, half));
        x[4] = S::shift_right<jpeg_extra>(S::add(difference, half));
    }
    const JpegPairs pairs(inner[0], inner[1]);
    for (int k = 0; k < 2; ++k)
        x[2 + 4 * k] = (pairs.times(jpeg_even[k][0], jpeg_even[k][1]) + half_of(drop))
                           .template without_bits<drop>();
    JpegSums odd[4];
    jpeg_multiply_odd<Samples>(apart, odd);
    for (int k = 0; k < 4; ++k)
        x[2 * k + 1] = (odd[k] + half_of(drop)).template without_bits<drop>();
}

// Frequencies to samples: after the second pass, to levels.
template <bool First>
BATCHWARP_INLINE void jpeg_inverse(JpegBlocks& x) {
    constexpr int drop = First ? jpeg_bits - jpeg_extra : jpeg_bits + jpeg_extra + 3;
    constexpr int32_t one = 1 << jpeg_bits, offset = First ? 0 : jpeg_middle << drop;
    const JpegPairs mean(x[0], x[4]), middle(x[2], x[6]);
    const JpegSums sum = mean.times(one, one) + (offset + half_of(drop)),
                   difference = mean.times(one, -one) + (offset + half_of(drop)),
                   outer = middle.times(jpeg_even[0][0], jpeg_even[0][1]),
                   inner = middle.times(jpeg_even[1][0], jpeg_even[1][1]);
    const JpegSums even[4] = {sum + outer, difference + inner, difference - inner, sum - outer};
    JpegSums odd[4];
    jpeg_multiply_odd<Samples>({x[1], x[3], x[5], x[7]}, odd);
    for (int k = 0; k < 4; ++k) {
        x[k] = (even[k] + odd[k]).template without_bits<drop>();
        x[7 - k] = (even[k] - odd[k]).template without_bits<drop>();
    }
}

// Each block in itself.
BATCHWARP_INLINE void jpeg_transpose(JpegBlocks& x) {
    using S = Samples;
    JpegBlocks two, four;
    for (int k = 0; k < 4; ++k) {
        two[2 * k] = S::zip_low<2>(x[2 * k], x[2 * k + 1]);
        two[2 * k + 1] = S::zip_high<2>(x[2 * k], x[2 * k + 1]);
    }
    for (int k = 0; k < 8; k += 4)
        for (int i = 0; i < 2; ++i) {
            four[k + 2 * i] = S::zip_low<4>(two[k + i], two[k + i + 2]);
            four[k + 2 * i + 1] = S::zip_high<4>(two[k + i], two[k + i + 2]);
        }
    for (int k = 0; k < 4; ++k) {
        x[2 * k] = S::zip_low<8>(four[k], four[k + 4]);
        x[2 * k + 1] = S::zip_high<8>(four[k], four[k + 4]);
    }
}

// The nearest whole number of steps, halves away from zero, which are 8 times as large as `value`
// has them, times a step.
BATCHWARP_INLINE Sample jpeg_quantized(Sample value, const JpegSteps& steps, int row) {
    using S = Samples;
    Sample count = S::add(S::absolute(value), S::repeat(steps.half[row]));
    count = S::multiply_high_unsigned(count, S::repeat(steps.reciprocal[row]));
    count = S::multiply_high_unsigned(count, S::repeat(steps.scale[row]));
    return S::multiply(S::with_sign(count, value), S::repeat(steps.step[row]));
}

// What is left of blocks that have no frequency but 0.
BATCHWARP_INLINE Sample jpeg_flat(Sample mean) {
    using S = Samples;
    constexpr int bits = 3 + jpeg_extra;
    mean = S::add(S::shift_left<jpeg_extra>(S::repeat_first(mean)), S::all(half_of(bits)));
    return S::add(S::shift_right<bits>(mean), S::all(jpeg_middle));
}

// `jpeg_block` rows of `columns` samples. Blocks beyond, which fill a register, are of whatever is
// there.
BATCHWARP_NOINLINE void jpeg_blocks(int16_t* rows, int64_t stride, int64_t columns,
                                    const JpegSteps& steps) {
    using S = Samples;
    const Sample black = S::all(0), white = S::all(255);
    for (int64_t c = 0; c < columns; c += S::count) {
        int16_t* const at = rows + c;
        JpegBlocks x;
        for (int k = 0; k < jpeg_block; ++k) x[k] = S::load<jpeg_block>(at + k * stride);
        jpeg_transpose(x);
        jpeg_forward<true>(x);
        jpeg_transpose(x);
        jpeg_forward<false>(x);
        for (int k = 0; k < jpeg_block; ++k) x[k] = jpeg_quantized(x[k], steps, k);
        Sample others = S::without_first(x[0]);
        for (int k = 1; k < jpeg_block; ++k) others = S::merged_bits(others, x[k]);
        if (S::is_zero(others)) {
            const Sample level = S::clamp(jpeg_flat(x[0]), black, white);
            for (int k = 0; k < jpeg_block; ++k) S::store<jpeg_block>(at + k * stride, level);
            continue;
        }
        jpeg_inverse<true>(x);
        jpeg_transpose(x);
        jpeg_inverse<false>(x);
        jpeg_transpose(x);
        for (int k = 0; k < jpeg_block; ++k)
            S::store<jpeg_block>(at + k * stride, S::clamp(x[k], black, white));
    }
}

}  // namespace
}  // namespace batchwarp
