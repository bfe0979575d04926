// What JPEG keeps of blocks of 8 x 8 samples: to frequencies, to whole steps of them, and back, in
// the whole numbers of libjpeg's "islow" transforms, by which the results of decoders are compared.
//
// A pass transforms the columns of a tile, some blocks side by side, in plain loops that are wide
// enough for compilers to make vectors of; in between, blocks are transposed. It is the flow graph
// of Loeffler, Ligtenberg and Moschytz, "Practical fast 1-D DCT algorithms with 11 multiplications"
// (1989), with weights of 13 bits behind the point. Where libjpeg adds what rounds to each result,
// it is added here once, to what goes into all of them.

namespace batchwarp {
namespace {

constexpr int jpeg_bits = 13;  // of a weight, behind the point
constexpr int jpeg_extra = 2;  // bits that samples have in between two passes
using JpegTile = int32_t[jpeg_block][jpeg_tile];

constexpr int32_t jpeg_weight(double weight) {
    // NOLINTNEXTLINE(bugprone-incorrect-roundings): of a constant above 0, without a library
    return static_cast<int32_t>(weight * (1 << jpeg_bits) + 0.5);
}
constexpr int32_t half_of(int bits) { return int32_t{1} << (bits - 1); }

// The odd half of the graph, in either direction: `a` to `d` are those that are furthest apart, and
// so on inwards; `rounding` goes into each of them.
BATCHWARP_INLINE void jpeg_rotate(int32_t& a, int32_t& b, int32_t& c, int32_t& d,
                                  int32_t rounding) {
    const int32_t all = (a + b + c + d) * jpeg_weight(1.175875602) + rounding;
    const int32_t ad = (a + d) * -jpeg_weight(0.899976223);
    const int32_t bc = (b + c) * -jpeg_weight(2.562915447);
    const int32_t bd = (b + d) * -jpeg_weight(1.961570560) + all;
    const int32_t ac = (a + c) * -jpeg_weight(0.390180644) + all;
    a = a * jpeg_weight(1.501321110) + ad + ac;
    b = b * jpeg_weight(3.072711026) + bc + bd;
    c = c * jpeg_weight(2.053119869) + bc + ac;
    d = d * jpeg_weight(0.298631336) + ad + bd;
}

// Samples to frequencies. What is added to the sum of all of them is `offset`.
template <bool First>
BATCHWARP_INLINE void jpeg_forward(int32_t (&x)[jpeg_block], int32_t offset) {
    constexpr int drop = First ? jpeg_bits - jpeg_extra : jpeg_bits + jpeg_extra;
    int32_t odd[4], outer[2], inner[2];
    for (int k = 0; k < 4; ++k) odd[k] = x[k] - x[7 - k];
    for (int k = 0; k < 2; ++k) {
        const int32_t far = x[k] + x[7 - k], near = x[3 - k] + x[4 + k];
        outer[k] = far + near;
        inner[k] = far - near;
    }
    if (First) {
        x[0] = (outer[0] + outer[1] + offset) << jpeg_extra;
        x[4] = (outer[0] - outer[1]) << jpeg_extra;
    } else {
        x[0] = (outer[0] + outer[1] + half_of(jpeg_extra) + offset) >> jpeg_extra;
        x[4] = (outer[0] - outer[1] + half_of(jpeg_extra)) >> jpeg_extra;
    }
    const int32_t both = (inner[0] + inner[1]) * jpeg_weight(0.541196100) + half_of(drop);
    x[2] = (both + inner[0] * jpeg_weight(0.765366865)) >> drop;
    x[6] = (both - inner[1] * jpeg_weight(1.847759065)) >> drop;
    jpeg_rotate(odd[0], odd[1], odd[2], odd[3], half_of(drop));
    for (int k = 0; k < 4; ++k) x[2 * k + 1] = odd[k] >> drop;
}

// Frequencies to samples, which `offset` is added to.
template <bool First>
BATCHWARP_INLINE void jpeg_inverse(int32_t (&x)[jpeg_block], int32_t offset) {
    constexpr int drop = First ? jpeg_bits - jpeg_extra : jpeg_bits + jpeg_extra + 3;
    const int32_t mean = (x[0] << jpeg_bits) + (offset << drop) + half_of(drop);
    const int32_t middle = x[4] << jpeg_bits;
    const int32_t both = (x[2] + x[6]) * jpeg_weight(0.541196100);
    const int32_t outer = both + x[2] * jpeg_weight(0.765366865),
                  inner = both - x[6] * jpeg_weight(1.847759065);
    const int32_t even[4] = {mean + middle + outer, mean - middle + inner, mean - middle - inner,
                             mean + middle - outer};
    int32_t odd[4] = {x[1], x[3], x[5], x[7]};
    jpeg_rotate(odd[0], odd[1], odd[2], odd[3], 0);
    for (int k = 0; k < 4; ++k) {
        x[k] = (even[k] + odd[k]) >> drop;
        x[7 - k] = (even[k] - odd[k]) >> drop;
    }
}

// The nearest whole number of steps, halves away from zero, times a step: `value` is 8 times as
// large as what steps are of. The floats are exact, but for the quotient, which the half that is
// added to the divided number keeps off the next whole number.
BATCHWARP_INLINE int32_t jpeg_quantized(int32_t value, float step, float inverse) {
    const float far = static_cast<float>(value < 0 ? -value : value);
    const float near = far + (4 * step + 0.5f);
    const float whole = static_cast<float>(static_cast<int32_t>(near * inverse)) * step;
    const int32_t kept = static_cast<int32_t>(whole);
    return value < 0 ? -kept : kept;
}

template <class Change>
BATCHWARP_INLINE void jpeg_pass(JpegTile& tile, Change&& change) {
    for (int i = 0; i < jpeg_tile; ++i) {
        int32_t x[jpeg_block];
        for (int k = 0; k < jpeg_block; ++k) x[k] = tile[k][i];
        change(x, i);
        for (int k = 0; k < jpeg_block; ++k) tile[k][i] = x[k];
    }
}

BATCHWARP_NOINLINE void jpeg_rows_forward(JpegTile& tile) {
    jpeg_pass(tile, [](int32_t (&x)[jpeg_block], int) {
        jpeg_forward<true>(x, -jpeg_block * jpeg_middle);
    });
}

BATCHWARP_NOINLINE void jpeg_columns(JpegTile& tile, const JpegSteps& steps) {
    jpeg_pass(tile, [&](int32_t (&x)[jpeg_block], int i) {
        jpeg_forward<false>(x, 0);
        for (int k = 0; k < jpeg_block; ++k)
            x[k] = jpeg_quantized(x[k], steps.step[k][i], steps.inverse[k][i]);
        jpeg_inverse<true>(x, 0);
    });
}

BATCHWARP_NOINLINE void jpeg_rows_inverse(JpegTile& tile) {
    jpeg_pass(tile, [](int32_t (&x)[jpeg_block], int) {
        jpeg_inverse<false>(x, jpeg_middle);
        for (int32_t& v : x) {
            v = v > 0 ? v : 0;
            v = v < 255 ? v : 255;
        }
    });
}

// Blocks side by side, each in itself.
BATCHWARP_INLINE void jpeg_transpose(const int32_t* from, int64_t from_stride, int32_t* to,
                                     int64_t to_stride) {
    for (int block = 0; block < jpeg_tile; block += jpeg_block)
        for (int r = 0; r < jpeg_block; r += 4)
            for (int c = 0; c < jpeg_block; c += 4) {
                Four rows[4];  // of whole numbers, which nobody computes with
                for (int k = 0; k < 4; ++k)
                    memcpy(&rows[k], from + (r + k) * from_stride + block + c, sizeof rows[k]);
                transpose(rows[0], rows[1], rows[2], rows[3]);
                for (int k = 0; k < 4; ++k)
                    memcpy(to + (c + k) * to_stride + block + r, &rows[k], sizeof rows[k]);
            }
}

// `jpeg_block` rows of `columns` samples. Blocks beyond, which fill a tile, are of whatever is
// there.
void jpeg_blocks(int32_t* rows, int64_t stride, int64_t columns, const JpegSteps& steps) {
    alignas(64) JpegTile tile, turned;
    for (int64_t c = 0; c < columns; c += jpeg_tile) {
        jpeg_transpose(rows + c, stride, tile[0], jpeg_tile);
        jpeg_rows_forward(tile);
        jpeg_transpose(tile[0], jpeg_tile, turned[0], jpeg_tile);
        jpeg_columns(turned, steps);
        jpeg_transpose(turned[0], jpeg_tile, tile[0], jpeg_tile);
        jpeg_rows_inverse(tile);
        jpeg_transpose(tile[0], jpeg_tile, rows + c, stride);
    }
}

}  // namespace
}  // namespace batchwarp
