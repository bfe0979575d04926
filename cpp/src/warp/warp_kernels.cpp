#include "warp/warp_kernels.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <optional>

#include "pixels.hpp"
#include "runtime/scratch.hpp"
#include "simd/kernels.hpp"
#include "simd/portable.hpp"
#include "warp/byte_windows.hpp"
#include "warp/displacement.hpp"
#include "warp/margins.hpp"
#include "warp/warp_bytes.hpp"

namespace batchwarp {
namespace {

constexpr std::int64_t item = sizeof(float);
// Small images are copied first; the copy should stay in the first-level cache.
constexpr std::int64_t small_copy_bytes = 32768;
// Images of this size and more are worth fetching ahead of the kernels' reads, by so many bytes.
constexpr std::int64_t large_bytes = 32768, prefetch_distance = 131072;
// Bytes are that near: the first ones of an image are fetched at once, the others while it is made.
constexpr std::int64_t byte_prefetch_distance = 49152;

bool fits_offsets(std::int64_t height, std::int64_t row_stride) noexcept {
    // Not by division, which costs as much as twenty pixels.
    const std::int64_t stride = std::abs(row_stride);
    return stride <= warp_max_offset && stride * height <= warp_max_offset;
}

// Whether float32 pixels can be read where they lie.
bool is_readable(const ImageView& source) noexcept {
    return source.dtype == DType::f32 && source.has_packed_pixels() &&
           source.row_stride % item == 0 &&
           reinterpret_cast<std::uintptr_t>(source.data) % item == 0;
}

// Whether a period brings coordinates from `low` to `high` inside of an axis of `n` samples.
bool is_near(double low, double high, Extension extension, std::int64_t n) noexcept {
    constexpr double margin = 1e-3;
    const auto period = static_cast<double>(period_of(extension, n));
    // Reflections are folded once at either end; others are moved once.
    const bool moves = extension == Extension::overlapping || extension == Extension::periodic;
    const double before = moves ? period : period - 1, behind = moves ? 2 * period : period - 1;
    return low > margin - before && high < behind - margin;
}

// Whether kernels of orders 0 and 1 bring coordinates of small images inside themselves.
bool has_small_axis(const WarpGeometry& g) noexcept {
    switch (g.border.coordinates) {
        case Extension::half_symmetric:
        case Extension::whole_symmetric:
        case Extension::overlapping:
            return g.order == 1;
        case Extension::constant:
            return g.order == 0 || std::isfinite(static_cast<float>(g.cval));
        case Extension::none:
            return replicates(g.border);
        case Extension::replicate:
        case Extension::periodic:
            return false;
    }
    return false;
}

// Whether an edge-padded copy pays, and its coordinates fit the kernels' fixed point.
bool is_small(const WarpGeometry& g, const ImageView& source) noexcept {
    if (!has_small_axis(g) || g.projects || g.displacement != nullptr) return false;
    if (g.width > warp_chunk) return false;  // a chunk of them is whole rows
    const std::int64_t step = source.channels == 1 ? 2 : source.channels;
    if ((source.height + 1) * (source.width + 1) * step * item > small_copy_bytes) return false;
    return fits_fixed_point(g, source.height, source.width);
}

// The greatest offset of a tap, in elements, from where kernels may read whole vectors, where
// `memory_end` bounds what they may read; none if they may not read the image where it lies.
std::optional<std::int64_t> last_whole_offset(const ImageView& source, std::int64_t element,
                                              const std::byte* memory_end, int order) noexcept {
    const std::int64_t row = source.width * source.channels, stride = source.row_stride / element;
    const std::byte* last_row =
        source.data + std::max<std::int64_t>(0, (source.height - 1) * source.row_stride);
    const std::int64_t behind = memory_end - last_row - row * element;
    if (behind >= warp_read_slack) return warp_max_offset;
    // Rows that overlap or run backwards do not end with the last one.
    if (order != 1 || behind < 0 || stride < row) return std::nullopt;
    const std::int64_t last = (source.height - 2) * stride + row - 2 * source.channels;
    return last - (warp_read_slack - behind) / element;
}

using Kernel = void (*)(const WarpJob&);

// What makes values of bytes by itself, or null.
Kernel byte_kernel(std::int64_t channels, int order) noexcept {
    const KernelTable& table = kernels();
    if (order == 0) return table.point;
    switch (channels) {
        case 1:
            return table.linear_c1_bytes;
        case 3:
            return table.linear_c3_bytes;
        case 4:
            return table.linear_c4_bytes;
        default:
            return nullptr;
    }
}

// Whether such a kernel can read bytes where they lie.
bool are_readable_bytes(const ImageView& source, const WarpGeometry& geometry) noexcept {
    return source.dtype == DType::u8 && byte_kernel(source.channels, geometry.order) != nullptr &&
           source.row_stride >= 0 && source.has_packed_pixels() &&
           fits_offsets(source.height, source.row_stride);
}

// Fetches the first of some rows. If the image before this one has brought them near, that takes no
// time.
void fetch_bytes(const ImageView& source, RowRange rows) noexcept {
    const std::int64_t begin = rows.first * source.row_stride,
                       end = (rows.last + 1) * source.row_stride;
    const std::int64_t count = std::min(byte_prefetch_distance, end - begin);
    for (std::int64_t b = 0; b < count; b += 64) BATCHWARP_PREFETCH(source.data + begin + b);
}

// What the kernels read: element (0, 0, 0), and steps in elements. Either values or bytes.
struct KernelSource {
    const float* values;
    const std::uint8_t* bytes;
    std::int64_t row_stride;
    std::int32_t pixel_step;
    std::int64_t prefetch_bytes;
    std::int64_t last_whole_offset = warp_max_offset;
};

struct Rows {
    const float* first;
    std::int64_t stride;  // in elements
};

// All rows of an image as float32 with packed pixels, where they lie if that is what they are.
Rows rows_of(const ImageView& source) {
    if (is_readable(source))
        return {reinterpret_cast<const float*>(source.data), source.row_stride / item};
    const std::int64_t stride = source.width * source.channels;
    float* packed = Scratch::of_this_thread().source.reserve(source.height * stride);
    load_pixels(source, packed);
    return {packed, stride};
}

// Whether an edge-padded copy of bytes serves: what the border fills with must be a byte, too.
bool pads_bytes(const ImageView& source, const WarpGeometry& geometry) noexcept {
    const bool has_kernel =
        source.channels == 3 || (source.channels == 1 && kernels().linear_byte_pairs != nullptr);
    return has_kernel && are_readable_bytes(source, geometry) &&
           (!fills(geometry.border) || byte_of(geometry.cval) == geometry.cval);
}

// In whole steps, the last of which ends with the row: rows of small images are shorter than what
// a call of `memcpy` takes.
void copy_row(const std::uint8_t* from, std::int64_t count, std::uint8_t* to) noexcept {
    constexpr std::int64_t step = 16;
    if (count < step) {
        std::copy_n(from, count, to);
        return;
    }
    for (std::int64_t i = 0; i + step < count; i += step) std::memcpy(to + i, from + i, step);
    std::memcpy(to + count - step, from + count - step, step);
}

// A copy with one more column and row, like the last ones; of one channel, rows in pairs. What the
// border fills with is behind it: two pixels, and below them two more.
KernelSource pad_byte_edges(const ImageView& source, const WarpGeometry& geometry) {
    const std::int64_t height = source.height, width = source.width, channels = source.channels;
    const std::int64_t step = channels == 1 ? 2 : channels, stride = (width + 1) * step;
    const std::int64_t end = (height + 1) * stride;
    std::uint8_t* const padded =
        Scratch::of_this_thread().padded_bytes.reserve(end + stride + 2 * step + warp_read_slack);
    if (fills(geometry.border))
        for (std::uint8_t* const to : {padded + end, padded + end + stride})
            std::fill_n(to, 2 * step, byte_of(geometry.cval));
    const KernelSource result{nullptr, padded, stride, static_cast<std::int32_t>(step), 0};
    const auto* from = reinterpret_cast<const std::uint8_t*>(source.data);
    if (channels == 1) {
        kernels().pair_bytes(from, source.row_stride, height, width, padded);
        return result;
    }
    std::uint8_t* to = padded;
    for (std::int64_t r = 0; r <= height; ++r, to += stride) {
        copy_row(from, width * step, to);
        for (std::int64_t k = width * step; k < stride; ++k) to[k] = to[k - step];
        if (r + 1 < height) from += source.row_stride;
    }
    return result;
}

// The same as floats.
KernelSource pad_edges(const ImageView& source, const WarpGeometry& geometry) {
    if (pads_bytes(source, geometry)) return pad_byte_edges(source, geometry);
    Scratch& scratch = Scratch::of_this_thread();
    const std::int64_t height = source.height, width = source.width, channels = source.channels;
    const std::int64_t step = channels == 1 ? 2 : channels, padded_stride = (width + 1) * step;
    const std::int64_t end = (height + 1) * padded_stride;
    float* padded = scratch.padded.reserve(end + padded_stride + 2 * step + warp_read_slack / item);
    if (fills(geometry.border))
        for (float* const to : {padded + end, padded + end + padded_stride})
            std::fill_n(to, 2 * step, static_cast<float>(geometry.cval));
    const KernelSource result{padded, nullptr, padded_stride, static_cast<std::int32_t>(step), 0};
    if (channels == 1 && source.dtype == DType::u8 && source.has_packed_pixels()) {
        kernels().pair_byte_rows(reinterpret_cast<const std::uint8_t*>(source.data),
                                 source.row_stride, height, width, padded);
        return result;
    }
    const auto [rows, row_stride] = rows_of(source);
    if (channels == 1) {
        kernels().pair_rows(rows, row_stride, height, width, padded);
        return result;
    }
    float* to = padded;
    for (std::int64_t r = 0; r <= height; ++r, to += padded_stride) {
        const float* row = rows + std::min(r, height - 1) * row_stride;
        std::memcpy(to, row, static_cast<std::size_t>(width * channels * item));
        std::copy_n(row + (width - 1) * channels, channels, to + width * channels);
    }
    return result;
}

// What kernels read is read where it lies, if the bytes that they read past its end belong to the
// array; everything else is converted first, the needed rows only.
KernelSource plain_source(const ImageView& source, const std::byte* memory_end,
                          const WarpGeometry& geometry, const WarpTarget& target) {
    const std::int64_t height = source.height, width = source.width, channels = source.channels;
    const std::int64_t row = width * channels;
    const auto step = static_cast<std::int32_t>(channels);
    // What runs backwards is not worth a rule of its own.
    const bool fetches = height * row * item > large_bytes && source.row_stride > 0;
    if (is_readable(source) && fits_offsets(height, source.row_stride / item))
        if (const auto last = last_whole_offset(source, item, memory_end, geometry.order))
            return {reinterpret_cast<const float*>(source.data),
                    nullptr,
                    source.row_stride / item,
                    step,
                    fetches ? prefetch_distance : 0,
                    *last};
    const RowRange rows = source_rows(geometry, height, target.row_begin, target.row_end);
    if (are_readable_bytes(source, geometry))
        if (const auto last = last_whole_offset(source, 1, memory_end, geometry.order)) {
            fetch_bytes(source, rows);
            return {nullptr,
                    reinterpret_cast<const std::uint8_t*>(source.data),
                    source.row_stride,
                    step,
                    byte_prefetch_distance,
                    *last};
        }
    float* packed = Scratch::of_this_thread().source.reserve(height * row + warp_read_slack / item);
    ImageView needed = source;
    needed.data += rows.first * source.row_stride;
    needed.height = rows.last - rows.first + 1;
    load_pixels(needed, packed + rows.first * row);
    return {packed, nullptr, row, step,
            height * row * item > warp_huge_bytes ? prefetch_distance : 0};
}

WarpScratch reserve_tables(std::int32_t width) {
    Scratch& scratch = Scratch::of_this_thread();
    const std::int64_t slots = warp_column_slots(width);
    float* columns = scratch.columns.reserve(2 * slots);
    std::int32_t* indices = scratch.column_indices.reserve(3 * slots);
    double* products = scratch.column_products.reserve(2 * slots);
    float* weights = scratch.weights.reserve(2 * warp_chunk_slots);
    return {columns,
            columns + slots,
            indices,
            indices + slots,
            indices + 2 * slots,
            products,
            products + slots,
            scratch.offsets.reserve(warp_chunk_slots),
            weights,
            weights + warp_chunk_slots};
}

Kernel kernel_of(const WarpJob& job, int order) noexcept {
    const KernelTable& table = kernels();
    if (order == 0) return table.point;
    if (job.bytes != nullptr)
        return job.padded && job.channels == 1 ? table.linear_byte_pairs
                                               : byte_kernel(job.channels, order);
    switch (job.channels) {
        case 1:
            return job.small ? table.linear_pairs : table.linear_c1;
        case 3:
            return table.linear_c3;
        case 4:
            return table.linear_c4;
        default:
            return table.linear_any;
    }
}

}  // namespace

bool fits_fixed_point(const WarpGeometry& g, std::int64_t height, std::int64_t width) noexcept {
    if (height > warp_max_small_extent || width > warp_max_small_extent) return false;
    const Affine& a = g.affine;
    // Tables run a block past the last column, or before the first one if the image is flipped.
    const double last_row = static_cast<double>(g.height - 1);
    const double first_column = -warp_block;
    const double last_column = static_cast<double>(g.width - 1 + warp_block);
    double most = std::max(std::abs(last_column * a.m01), std::abs(last_column * a.m11));
    for (const double r : {0.0, last_row})
        for (const double c : {first_column, last_column})
            most = std::max({most, std::abs(a.y(r, c)), std::abs(a.x(r, c))});
    if (!(most < warp_max_small_coordinate)) return false;
    const Extension extension = g.border.coordinates;
    if (extension == Extension::none || extension == Extension::constant) return true;
    const double last = static_cast<double>(g.width - 1);
    const auto near = [&](double base, double by_row, double by_column, std::int64_t n) {
        const double down = last_row * by_row, across = last * by_column;
        return is_near(base + std::min(0.0, down) + std::min(0.0, across),
                       base + std::max(0.0, down) + std::max(0.0, across), extension, n);
    };
    return near(a.o0, a.m00, a.m01, height) && near(a.o1, a.m10, a.m11, width);
}

bool kernels_take(const WarpGeometry& g, std::int64_t height, std::int64_t width,
                  std::int64_t channels) noexcept {
    if (height < 2 || width < 2 || channels > warp_max_offset / warp_max_extent ||
        std::max({height, width, g.height, g.width}) > warp_max_extent ||
        !fits_offsets(height, width * channels))
        return false;
    const double last_row = static_cast<double>(g.height - 1);
    const double last_column = static_cast<double>(g.width - 1 + warp_block);
    const auto fits = [](double part) { return std::abs(part) < warp_max_coordinate / 4; };
    const Affine& a = g.affine;
    const Divisor& d = g.divisor;
    return fits(a.o0) && fits(last_row * a.m00) && fits(last_column * a.m01) && fits(a.o1) &&
           fits(last_row * a.m10) && fits(last_column * a.m11) &&
           (!g.projects || (fits(d.one) && fits(last_row * d.r) && fits(last_column * d.c))) &&
           (g.displacement == nullptr || fits(reach_of(*g.displacement)));
}

void fill_warp_job(WarpJob& job, const ImageView& source, const WarpGeometry& geometry,
                   const WarpTarget& target) {
    job.target = target.values;
    job.height = static_cast<std::int32_t>(source.height);
    job.width = static_cast<std::int32_t>(source.width);
    job.channels = static_cast<std::int32_t>(source.channels);
    job.target_height = static_cast<std::int32_t>(geometry.height);
    job.target_width = static_cast<std::int32_t>(geometry.width);
    job.row_begin = static_cast<std::int32_t>(target.row_begin);
    job.row_end = static_cast<std::int32_t>(target.row_end);
    job.m00 = geometry.affine.m00;
    job.m01 = geometry.affine.m01;
    job.m10 = geometry.affine.m10;
    job.m11 = geometry.affine.m11;
    job.o0 = geometry.affine.o0;
    job.o1 = geometry.affine.o1;
    job.projects = geometry.projects && geometry.displacement == nullptr;
    job.divisor_r = geometry.divisor.r;
    job.divisor_c = geometry.divisor.c;
    job.divisor_one = geometry.divisor.one;
    if (geometry.displacement != nullptr)
        job.reach = geometry.projects ? INFINITY : reach_of(*geometry.displacement);
    job.flip_horizontal = geometry.flip_horizontal;
    job.flip_vertical = geometry.flip_vertical;
    job.border = geometry.border;
    job.cval = geometry.cval;
    job.shift = target.shift;
    job.scale = target.scale;
    job.scratch = reserve_tables(job.target_width);
}

namespace {

void warp_as_it_is(const KernelImage& source, const WarpGeometry& geometry,
                   const WarpTarget& target) {
    const ImageView& image = source.image;
    WarpJob job{};
    const bool small = is_small(geometry, image);
    job.window = small ? byte_window(geometry, image) : 0;
    if (job.window != 0) {
        job.small = true;
        job.bytes = reinterpret_cast<const std::uint8_t*>(image.data);
        fill_warp_job(job, image, geometry, target);
        return byte_window_kernel(geometry.order)(job);
    }
    const KernelSource from = small && geometry.order == 1
                                  ? pad_edges(image, geometry)
                                  : plain_source(image, source.memory_end, geometry, target);
    // What is read where it lies may have any stride.
    job.padded = small && geometry.order == 1;
    job.small = small && from.row_stride >= 0 && from.row_stride <= warp_max_small_stride;
    job.source = from.values;
    job.bytes = from.bytes;
    job.source_row_stride = from.row_stride;
    job.pixel_step = from.pixel_step;
    job.prefetch_bytes = from.prefetch_bytes;
    job.last_whole_offset = from.last_whole_offset;
    job.next_source = reinterpret_cast<const char*>(source.next);
    fill_warp_job(job, image, geometry, target);

    const Kernel kernel = kernel_of(job, geometry.order);
    if (geometry.displacement == nullptr) return kernel(job);
    // So many rows at a time that their places are still near when they are read.
    constexpr std::int64_t near_bytes = 131072;
    PlacedRows placed(geometry);
    const std::int64_t row_bytes = 2 * placed.columns() * std::int64_t{sizeof(double)};
    const std::int64_t rows = std::max<std::int64_t>(1, near_bytes / row_bytes);
    const std::int64_t row_values = geometry.width * image.channels;
    for (std::int64_t begin = target.row_begin; begin < target.row_end; begin += rows) {
        const std::int64_t end = std::min(begin + rows, target.row_end);
        job.places = placed.make(begin, end);
        job.target = target.values + (begin - target.row_begin) * row_values;
        job.row_begin = static_cast<std::int32_t>(begin);
        job.row_end = static_cast<std::int32_t>(end);
        kernel(job);
    }
}

// Warps a small image with what lies around it laid out. False if it is not small, or there is more
// around it than a copy pays for.
bool warp_surrounded(const KernelImage& source, const WarpGeometry& geometry,
                     const WarpTarget& target) {
    const ImageView& image = source.image;
    const std::optional<Margins> margins =
        margins_of(geometry, image.height, image.width, std::min(image.height, image.width));
    if (!margins) return false;
    WarpGeometry inside = geometry;
    inside.border = border_rule(FillMode::nearest);  // of which nothing is reached
    inside.affine.o0 += static_cast<double>(margins->top);
    inside.affine.o1 += static_cast<double>(margins->left);
    ImageView larger = image;
    larger.height += margins->top + margins->bottom;
    larger.width += margins->left + margins->right;
    if (!is_small(inside, larger)) return false;
    const auto [rows, row_stride] = rows_of(image);
    const ImageView laid_out = with_margins(rows, row_stride, image, *margins, geometry);
    warp_as_it_is({laid_out, nullptr, source.next}, inside, target);
    return true;
}

}  // namespace

void warp_samples(const KernelImage& source, const WarpGeometry& geometry,
                  const WarpTarget& target) {
    // Kernels of small images have less to set up.
    if (geometry.order == 0 && !is_small(geometry, source.image) &&
        warp_bytes_to_values(source, geometry, target))
        return;
    if (!warp_surrounded(source, geometry, target)) warp_as_it_is(source, geometry, target);
}

}  // namespace batchwarp
