// The seam between the core and its kernels: one table of functions per instruction set.
//
// Kernel files are compiled with their own flags. They therefore use no standard library template,
// have internal linkage throughout, and export nothing but their table; .ci/check_kernel_symbols
// holds them to it.
#pragma once

#include <stdint.h>

#include "batchwarp/coordinates.hpp"
#include "batchwarp/philox.hpp"
#include "ops/range.hpp"
#include "simd/resize_jobs.hpp"
#include "warp/border.hpp"
#include "warp/projection.hpp"

namespace batchwarp {

/// Buffers for one thread. Sizes: columns `warp_column_slots(target_width)`, chunk
/// `warp_chunk_slots`.
struct WarpScratch {
    // For each output column: integer and fractional part of its share of the coordinates.
    float *column_fx, *column_fy;
    int32_t *column_ix, *column_iy, *column_offset;
    double *column_y, *column_x;  // the same share whole, for splines
    // For each pixel of the chunk at hand: its upper left tap and the two weights.
    int32_t* offset;
    float *fx, *fy;
};

inline constexpr int32_t warp_block = 16;            // pixels that kernels handle at a time
inline constexpr int32_t warp_chunk = 512;           // coordinates, taps and output fit into L1
inline constexpr int32_t warp_tile = 256;            // columns of a huge image done at a time
inline constexpr int64_t warp_huge_bytes = 2 << 20;  // more than second-level caches hold
inline constexpr int32_t warp_chunk_slots = warp_chunk + 2 * warp_block;
constexpr int32_t warp_column_slots(int32_t width) { return width + warp_block; }
constexpr int32_t warp_column_blocks(int32_t width) {
    return (width + warp_block - 1) & -warp_block;
}

/// Bytes past the last element of a source image that kernels may read (never use).
inline constexpr int64_t warp_read_slack = 32;
/// Limits of the warping kernels: extents of source and target, offsets in elements, coordinates in
/// pixels.
inline constexpr int64_t warp_max_extent = 32767;
inline constexpr int64_t warp_max_offset = (int64_t{1} << 31) - 1;
inline constexpr double warp_max_coordinate = 1 << 20;
static_assert(farthest <= warp_max_coordinate);
/// Small images: coordinates in pixels stay below the range of their fixed point.
inline constexpr int32_t warp_fixed_bits = 23;
inline constexpr double warp_max_small_coordinate = 125;
inline constexpr int64_t warp_max_small_extent = 128;
inline constexpr int64_t warp_max_small_stride = 32767;
static_assert(warp_max_small_extent << warp_fixed_bits < int64_t{1} << 31);
/// What kernels find taps of small images of bytes in: so many bytes, of so many rows at most.
inline constexpr int32_t warp_window = 128, warp_wide_window = 256, warp_window_rows = 64;

/// Warp rows [row_begin, row_end) of one image, with spline order 0 or 1.
struct WarpJob {
    const float* source;                  // element (0, 0, 0); interleaved channels, packed pixels
    int64_t source_row_stride;            // elements
    int32_t pixel_step;                   // elements from a pixel to its right neighbour
    float* target;                        // where row `row_begin` starts; interleaved, rows packed
    int32_t height, width, channels;      // of the source
    int32_t target_height, target_width;  // of all of the target
    int32_t row_begin, row_end;
    double m00, m01, m10, m11, o0, o1;  // batchwarp::Affine
    bool projects;
    double divisor_r, divisor_c, divisor_one;  // batchwarp::Divisor, if it projects
    /// Where pixels lie, each by its own, from row `row_begin` on: of each row first y, then x,
    /// `warp_column_blocks(target_width)` numbers each; null: where the map says.
    const double* places;
    double reach;  // none of them is farther from where the map says
    bool flip_horizontal, flip_vertical;
    BorderRule border;
    double cval;
    const float* shift;  // per channel; out = (value - shift) * scale; both null: out = value
    const float* scale;
    // Coordinates are in fixed point. No extent exceeds warp_max_small_extent, no stride
    // warp_max_small_stride, and no coordinate warp_max_small_coordinate, nor does a row's or a
    // column's part of it. Where the border neither clamps nor fills, each coordinate is less than
    // its period away from the image.
    bool small;
    // Of small ones of order 1: behind the last column and the last row of `source` is a copy of
    // them, and where the border fills, below are two pixels of the fill value, twice. Else the
    // border clamps.
    bool padded;
    int64_t prefetch_bytes;   // how far ahead of the output's position to fetch the source; 0: not
    const char* next_source;  // what this thread will probably read next; null: unknown
    WarpScratch scratch;
    const uint8_t* bytes;  // instead of `source`, for a kernel that reads bytes, or may
    // In how many bytes all taps of sixteen neighbours in a row lie, `warp_window` or
    // `warp_wide_window`: of a small image of one channel whose rows are packed. 0: of others.
    int32_t window;
    // Of order 1: taps at greater offsets are so near to the end of memory that kernels may read no
    // more than these. `warp_max_offset`: all are read whole.
    int64_t last_whole_offset;
};

/// Of sixteen neighbours in a row: their parts of coordinates that come first, and where the
/// samples of a row's groups are. Work memory for `point_group_slots` of each.
struct PointGroups {
    int32_t *column_y, *column_x, *code, *start, *offset;
};
/// Of each column, what its parts of coordinates are behind the points, and its part of codes. Work
/// memory for `warp_column_slots` of each.
struct PointColumns {
    uint16_t *y, *x, *code;
};
/// As many as vectors may read and write of `groups` groups.
constexpr int32_t point_group_slots(int32_t groups) {
    return (groups + warp_block - 1) & -warp_block;
}

/// Bytes of order 0: coordinates are in fixed point, and offsets of rows and pixels are products.
inline constexpr int32_t point_bits = 16;
inline constexpr double point_max_coordinate = 16380;
inline constexpr int64_t point_max_stride = 32767;

/// Which sample stands for a coordinate, for each half of a pixel along an axis.
struct PointHalves {
    int32_t* offset;  // work memory for `count` of them
    int32_t first, count;
};

/// Warp rows of one image of bytes with spline order 0 into bytes.
struct PointBytesJob {
    // Where pixels lie, by an affine map; which memory it does not say, but for what comes next.
    WarpJob place;
    const uint8_t* source;  // element (0, 0, 0); interleaved channels, packed pixels
    uint8_t* target;        // where row `row_begin` starts; likewise
    int64_t target_row_stride;
    bool reads_behind;  // a byte behind the last one may be read
    /// Of one channel: values are made of the bytes, shifted and scaled, in `place.target`;
    /// `target` is one row of bytes for all of them, and the stride is 0.
    bool to_values;
    uint8_t fill;
    PointGroups groups;
    PointColumns columns;
    PointHalves down, across;  // all that coordinates reach, and one more in front of them
};

/// Rows of a target that a field displaces.
struct FieldJob {
    const Displacement* displacement;
    Affine affine;  // of all operations, without the field
    Divisor divisor;
    bool projects;
    double first, direction;  // of its columns, which may be mirrored
    int64_t columns;          // a multiple of `warp_block`
    const double* points;     // how far each is displaced, down and to the right, row by row,
    int64_t row_points;       // with so many points in a row
};

inline constexpr int32_t spline_taps = 6;     // order 5 has the most
inline constexpr int32_t spline_lanes = 16;   // lines that are filtered side by side
inline constexpr int32_t spline_halo = 6;     // samples beyond every edge that taps may read
inline constexpr int32_t spline_terms = 128;  // of the sums that start a filter

/// Warp on B-spline coefficients, orders 2 to 5. `source` is such that offset 0 is the first tap of
/// a pixel that lies on sample (0, 0); around the image there are `padding` and `spline_halo`
/// samples more on every side, and `warp_read_slack` bytes behind the last.
struct SplineJob : WarpJob {
    int32_t order, padding;
    float* weights;  // 2 * spline_taps * warp_chunk_slots
    float* outside;  // warp_chunk_slots; not zero: the pixel is cval
};

/// What a recursion starts from: a weighted sum of some samples.
struct SplineStart {
    int32_t count;
    int32_t at[spline_terms];
    float weight[spline_terms];
};

/// One pole: forwards, here += z * before; then backwards, here = z * (after - here).
struct SplinePole {
    float z;
    SplineStart causal, anticausal;
};

/// The filter of one axis. Its gain is left to the caller.
struct SplineFilter {
    int32_t poles;
    SplinePole pole[2];
};

/// Bytes past what is asked for of a file's samples that kernels may read and write.
inline constexpr int64_t jpeg_rows_slack = 256;

inline constexpr int32_t blend_lines = 4;  // rows whose pixels are blended side by side

/// Makes the pixels of some rows as weighted sums of the pixels of others.
template <class T>
struct BasicBlendJob {
    const T* row[blend_lines];  // a pixel's vector of four may reach past the end
    T* target[blend_lines];     // two may be the same
    int32_t channels;
    int64_t outputs;
    const int64_t* first;  // of each output, the pixel that is its first tap,
    const int32_t* taps;   // how many it has, at least one,
    const T* weights;      // and what they weigh, `most` numbers for each
    int64_t most;
};
using BlendJob = BasicBlendJob<float>;

/// Changes `pixels` pixels of `channels` interleaved values, the first of which is number
/// `first_channel`: more than 0 only for functions of a value. `function` is of the operation's
/// type `Function<float>`.
using PixelKernel = void (*)(const void* function, float* data, int64_t pixels, int32_t channels,
                             int32_t first_channel);

/// Of three channels each is made of all of them: offset + weights * pixel, no less than `low` and
/// no more than `high`. NaN stays NaN.
struct ColorMix {
    float weights[3][3], offset[3], low[3], high[3];
};

/// Of any other number each is made of itself: (value - pivot) * factor + offset, bounded likewise.
struct ColorScale {
    float pivot, factor, offset, low, high;
};

inline constexpr int32_t blur_lines = 4;       // lines that are blurred side by side
inline constexpr int32_t blur_near = 9;        // up to this radius there are kernels for near lines
inline constexpr int32_t blur_rows_most = 16;  // rows that are blurred side by side, at most

/// How much near lines count, and how that is computed: the line itself, and what others are more
/// than it; but differences below `least` are taken for rounding's, so that what is the same in all
/// lines stays as it is, to the last bit.
struct BlurWeights {
    int32_t radius;  // 1 to `blur_near`
    float middle;    // what the line itself counts in differences: minus all other weights
    float weights[blur_near];  // of those at distance 1, 2 ...
    float least;
};

/// Blurs rows along themselves; at their ends they go on mirrored, as in color/blur.hpp.
struct BlurRows {
    const BlurWeights* by;
    const uint8_t* bytes;  // the first row, of bytes or
    const float* values;   // of floats; the other one is null
    int64_t stride;        // from row to row
    int32_t rows;          // 1 to the kernel's number
    int64_t width;
    int32_t channels;
    float low, high;  // values are brought to these limits first
    int64_t tile;     // pixels of a row that are blurred at a time
    float* work;      // blur_slots(tile, channels)
    float* to;        // rows of whole registers
    int64_t to_stride;
};

constexpr int64_t blur_slots(int64_t tile, int64_t channels) {
    return ((tile + 2 * blur_near + blur_lines) * channels + blur_rows_most) * blur_rows_most;
}

inline constexpr int32_t jpeg_block = 8;     // rows and columns of a block
inline constexpr int32_t jpeg_tile = 32;     // columns of blocks that a register holds at most
inline constexpr int32_t jpeg_middle = 128;  // of the levels of a sample

/// Columns of rows of samples in memory; half of them are whole tiles, too.
constexpr int64_t jpeg_row(int64_t width) {
    return (width + 2 * jpeg_tile - 1) / (2 * jpeg_tile) * (2 * jpeg_tile);
}
/// Samples that fit into the memory of a job: luma, halved chroma, four rows, and two of sums.
constexpr int64_t jpeg_slots(int64_t width) { return 31 * jpeg_row(width) + 4 * jpeg_block; }

/// By what frequencies are quantised: rows are vertical frequencies. How many steps there are in a
/// number from 0 to 2^14 is (((number + half) * reciprocal >> 16) * scale) >> 16, where the number
/// is 8 times as large as what the steps are of; halves are rounded up.
struct JpegSteps {
    int16_t step[jpeg_block][jpeg_block];
    int16_t half[jpeg_block][jpeg_block];
    uint16_t reciprocal[jpeg_block][jpeg_block], scale[jpeg_block][jpeg_block];
};

/// Makes of an image what it is after JPEG. Colours are interleaved or planes; rows are packed.
struct JpegJob {
    float* part[3];    // the image, or its planes
    int32_t channels;  // 1 or 3
    bool planar;       // so there are three parts
    int64_t height, width;
    float low, high;  // what levels 0 and 255 are
    const JpegSteps *luma, *chroma;
    int16_t* memory;  // jpeg_slots(width)
};

/// Changes a row of `count` values, pixels of `step` values, by a function of neighbours, the
/// operation's `Function<float>`; see `ops::change_row`.
using RowKernel = void (*)(const void* function, float* above, float* row, const float* below,
                           float* sums, int64_t count, int64_t step);

/// Noise: 64 counters, one for each group of four values, one behind the other. Their first words
/// are a block of normal numbers, then their second ones ...
inline constexpr int32_t noise_counters = 64, noise_block = 4 * noise_counters;

/// Adds `deviation` times normal numbers to `count` values, and brings the sums to the limits.
struct NoiseJob {
    PhiloxKey key;
    int64_t first;  // the place of the first value in its image
    float deviation, low, high;
};

struct KernelTable {
    const char* name;
    void (*linear_c1)(const WarpJob&);
    void (*linear_c1_bytes)(const WarpJob&);  // null: bytes have to become floats first
    void (*linear_c3)(const WarpJob&);
    void (*linear_c3_bytes)(const WarpJob&);  // likewise
    void (*linear_c4)(const WarpJob&);
    void (*linear_any)(const WarpJob&);  // any channel count
    /// One channel, from row pairs: see pair_rows.
    void (*linear_pairs)(const WarpJob&);
    /// Interleaves each row with the one below it: top, bottom, top, bottom ... The last row is
    /// its own bottom, and each row of pairs ends with one more copy of its last pair.
    void (*pair_rows)(const float* from, int64_t row_stride, int64_t height, int64_t width,
                      float* to);
    void (*pair_byte_rows)(const uint8_t* from, int64_t row_stride, int64_t height, int64_t width,
                           float* to);
    /// The same of bytes that stay bytes. Null where a tier has no such kernels.
    void (*linear_byte_pairs)(const WarpJob&);
    void (*pair_bytes)(const uint8_t* from, int64_t row_stride, int64_t height, int64_t width,
                       uint8_t* to);
    /// Spline order 0, any channel count.
    void (*point)(const WarpJob&);
    void (*point_bytes)(const PointBytesJob&);
    void (*spline)(const SplineJob&);  // spline orders 2 to 5, any channel count

    /// Where the pixels of a row, mirrored already, lie: y, then x, `columns` numbers each.
    void (*place_row)(const FieldJob&, double row, double* to);
    /// The same, where rows of the target are rows of the field. `lines`: the rows of points around
    /// it, interpolated at the columns, down and then to the right; they weigh `weights`.
    void (*place_blended_row)(const FieldJob&, double row, const double* const* lines,
                              const double* weights, double* to);

    /// Filters `values` adjacent columns of `height` samples; touches whole groups of
    /// `spline_lanes`.
    void (*spline_filter_columns)(float* data, int64_t row_stride, int32_t height, int64_t values,
                                  const SplineFilter& filter);
    /// Multiplies `spline_lanes` rows of width * channels values by `gain` and filters them;
    /// touches up to 3 values past each. `panel`: spline_lanes floats per value, and 3 * 16 more.
    void (*spline_filter_rows)(float* data, int64_t row_stride, int32_t width, int32_t channels,
                               const SplineFilter& filter, float gain, float* panel);

    void (*convert_u8)(const uint8_t* from, float* to, int64_t count);
    void (*convert_u16)(const uint16_t* from, float* to, int64_t count);
    /// Smallest and largest value; NaNs are passed over.
    void (*min_max)(const float* data, int64_t count, float* low, float* high);
    /// One for each operation, in the order of ops/list.hpp; null for those that have no function
    /// of a pixel.
    const PixelKernel* pixel;
    /// Likewise; null for those that have no function of neighbours.
    const RowKernel* row;
    /// floor(value + 0.5), saturated to 0 to 255; NaN becomes 0.
    void (*round_to_bytes)(float* data, int64_t count);
    /// value + `more`, truncated, saturated to 0 to 255; NaN becomes 0.
    void (*store_bytes)(const float* from, int64_t count, float more, uint8_t* to);
    /// As IEEE 754 binary16, see half.hpp.
    void (*store_halves)(const float* from, int64_t count, uint16_t* to);
    /// value += share * (other - value); equal values stay as they are.
    void (*move_towards)(float* data, const float* other, float share, int64_t count);
    /// value = (value - shift[channel]) * scale[channel]
    void (*normalize)(float* data, int64_t pixels, int32_t channels, const float* shift,
                      const float* scale);
    /// Sum of (value - origin), a float, and of its square: of some values in single precision, of
    /// all in double. The order of additions is the same in every tier.
    void (*moments)(const float* data, int64_t count, double origin, double* sum, double* squares);

    void (*mix_pixels)(const ColorMix&, float* data, int64_t pixels);
    void (*mix_planes)(const ColorMix&, float* red, float* green, float* blue, int64_t pixels);
    /// By one ColorScale for each of the interleaved channels.
    void (*scale_channels)(const ColorScale*, float* data, int64_t pixels, int32_t channels);
    /// The sum of each of the interleaved channels; the order of additions is the same in every
    /// tier.
    void (*channel_sums)(const float* data, int64_t pixels, int32_t channels, double* sums);
    /// Smallest and largest value of each; NaNs are passed over.
    void (*channel_ranges)(const float* data, int64_t pixels, int32_t channels, Range<float>*);
    /// floor((value - low) * factor + 0.5), saturated to 0 to 255; NaN becomes 0.
    void (*levels)(const float* data, int64_t count, float low, float factor, uint8_t* to);
    /// low + factor * the level that the channel's table has for each; 1 or 3 interleaved channels.
    void (*look_up_levels)(const uint8_t* levels, int64_t pixels, int32_t channels,
                           const uint8_t (*tables)[256], float low, float factor, float* to);

    /// Sums of 2 * `radius` + 1 lines of `count` values: of the middle one, and of those at each
    /// distance k from it, times weights[k], how far they are from it. No line is `to`.
    void (*blend_around)(const float* const* lines, const float* weights, int32_t radius,
                         int64_t count, float* to);
    /// The same of `blur_lines` lines that follow each other, for a radius of 2 or more. The first
    /// line is the first one around the first; `weights` are of all 2 * `radius` + 1 around each.
    void (*blend_four_around)(const float* const* lines, const float* weights, int32_t radius,
                              int64_t count, float* const* to);

    /// For radii from here, where it is worth it, up to `blur_near`: how many rows side by side,
    /// and these along themselves. A tier without has a radius above `blur_near`.
    int32_t blur_near_from, blur_rows_at_once;
    void (*blur_rows)(const BlurRows&);
    /// `blur_lines` rows of `count` values along columns: `from` is the first row around the first.
    void (*blur_four_rows)(const BlurWeights&, const float* from, int64_t stride, int64_t count,
                           float* const* to);

    /// Values beside the levels are taken for the nearest one.
    void (*jpeg)(const JpegJob&);

    /// Of a file's frequencies: how many blocks lie side by side. A row of 8 numbers of each is
    /// followed by the next row of all.
    int32_t jpeg_side_by_side;
    /// Makes samples of `groups` of so many blocks, side by side in 8 rows, and zeros of their
    /// frequencies, of which the absolute values of a block add up to no more than 5800. False, and
    /// anything, if a sample would be as far beyond the levels as libjpeg's versions make different
    /// ones of.
    bool (*jpeg_samples)(int16_t* frequencies, int64_t groups, uint8_t* to, int64_t stride);

    /// Of a file's samples; what a vector holds may be read behind all rows, and written where it
    /// does not say otherwise: 3 * near + far, of `count` samples each.
    void (*jpeg_sum_rows)(const uint8_t* near, const uint8_t* far, int64_t count, int16_t* sums);
    /// (3 * sum + the one before + round_even) / 16, (3 * sum + the one after + round_odd) / 16:
    /// two samples for each of `count` sums.
    void (*jpeg_widen)(const int16_t* sums, int64_t count, int32_t round_even, int32_t round_odd,
                       uint8_t* to);
    /// Y'CbCr to RGB: to a row for each; no byte is written behind these.
    void (*jpeg_to_planes)(const uint8_t* const (&from)[3], int64_t count, uint8_t* const (&to)[3]);
    /// To pixels of four bytes; the last one is anything.
    void (*jpeg_to_fours)(const uint8_t* const (&from)[3], int64_t count, uint8_t* to);

    void (*resize_rows)(const ResizeRowsJob&);
    /// `count` bytes of an output row from 2 * `steps` rows; a step has two high words, two low.
    void (*resize_columns)(const uint8_t* const* rows, const int16_t* weights, int64_t steps,
                           int64_t count, uint8_t* to);
    /// RGBA to colours times alpha, and back; the two may be one. As Pillow's modes RGBA and RGBa.
    void (*premultiply)(const uint8_t* from, uint8_t* to, int64_t pixels);
    void (*unpremultiply)(const uint8_t* from, uint8_t* to, int64_t pixels);
    void (*luma)(const uint8_t* rgb, uint8_t* to, int64_t pixels);

    /// Weighted sums of `taps` rows of `count` values, at least one.
    void (*blend_rows_u8)(const uint8_t* const* rows, const float* weights, int32_t taps,
                          int64_t count, float* to);
    void (*blend_rows_f32)(const float* const* rows, const float* weights, int32_t taps,
                           int64_t count, float* to);
    void (*blend_pixels)(const BlendJob&);

    /// For each of `count` samples a uniform number in [0, 1), from 53 bits of Philox4x32-10;
    /// `epoch` and `place` are the other words of its counter.
    void (*uniforms)(PhiloxKey key, const uint32_t* sample_low, const uint32_t* sample_high,
                     uint32_t epoch, uint32_t place, int64_t count, double* to);
    void (*add_noise)(const NoiseJob&, float* data, int64_t count);

    /// Null where a tier, or a processor, has no such kernels.
    void (*linear_c4_bytes)(const WarpJob&) = nullptr;
    void (*resize_windows)(const ResizeWindowsJob&) = nullptr;
    /// One channel of bytes, where they lie, of orders 1 and 0: see WarpJob::window.
    void (*linear_byte_windows)(const WarpJob&) = nullptr;
    void (*point_byte_windows)(const WarpJob&) = nullptr;
};

extern const KernelTable baseline_kernels;
#ifdef BATCHWARP_X86_TIERS
extern const KernelTable avx2_kernels;
extern const KernelTable avx512_kernels;
/// What that tier has as `point_bytes` and as `linear_c3_bytes` where a processor has VBMI, too.
void point_bytes_by_permutes(const PointBytesJob& job);
void linear_c3_bytes_by_permutes(const WarpJob& job);
/// And as kernels of these names; `resize_windows` is where it has VNNI as well.
void linear_byte_windows(const WarpJob& job);
void point_byte_windows(const WarpJob& job);
void resize_windows(const ResizeWindowsJob& job);
#endif

/// The table in use.
const KernelTable& kernels() noexcept;

}  // namespace batchwarp
