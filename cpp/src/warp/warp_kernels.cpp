#include "warp/warp_kernels.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

#include "pixels.hpp"
#include "runtime/scratch.hpp"
#include "simd/kernels.hpp"
#include "simd/portable.hpp"
#include "warp/byte_windows.hpp"
#include "warp/displacement.hpp"
#include "warp/margins.hpp"
#include "warp/readable.hpp"
#include "warp/small_warp.hpp"
#include "warp/warp_bytes.hpp"

namespace batchwarp {
namespace {

constexpr std::int64_t item = sizeof(float);
// Images of this size and more are worth fetching ahead of the kernels' reads, by so many bytes.
constexpr std::int64_t large_bytes = 32768, prefetch_distance = 131072;
// Bytes are that near: the first ones of an image are fetched at once, the others while it is made.
constexpr std::int64_t byte_prefetch_distance = 49152;

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
    if (are_readable_bytes(source, geometry.order))
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

WarpKernel kernel_of(const WarpJob& job, int order) noexcept {
    if (order == 0) return kernels().point;
    return job.bytes != nullptr ? byte_kernel(job.channels, order) : value_kernel(job.channels);
}

}  // namespace

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

void fill_warp_job(WarpJob& job, const ImageView& source, const WarpGeometry& geometry) noexcept {
    job.height = static_cast<std::int32_t>(source.height);
    job.width = static_cast<std::int32_t>(source.width);
    job.channels = static_cast<std::int32_t>(source.channels);
    job.target_height = static_cast<std::int32_t>(geometry.height);
    job.target_width = static_cast<std::int32_t>(geometry.width);
    job.projects = geometry.projects && geometry.displacement == nullptr;
    job.divisor_r = geometry.divisor.r;
    job.divisor_c = geometry.divisor.c;
    job.divisor_one = geometry.divisor.one;
    if (geometry.displacement != nullptr)
        job.reach = geometry.projects ? INFINITY : reach_of(*geometry.displacement);
    job.border = geometry.border;
    job.cval = geometry.cval;
    place(job, geometry);
}

void place(WarpJob& job, const WarpGeometry& geometry) noexcept {
    job.m00 = geometry.affine.m00;
    job.m01 = geometry.affine.m01;
    job.m10 = geometry.affine.m10;
    job.m11 = geometry.affine.m11;
    job.o0 = geometry.affine.o0;
    job.o1 = geometry.affine.o1;
    job.flip_horizontal = geometry.flip_horizontal;
    job.flip_vertical = geometry.flip_vertical;
}

void write_to(WarpJob& job, const WarpTarget& target) noexcept {
    job.target = target.values;
    job.row_begin = static_cast<std::int32_t>(target.row_begin);
    job.row_end = static_cast<std::int32_t>(target.row_end);
    job.shift = target.shift;
    job.scale = target.scale;
}

void fill_warp_job(WarpJob& job, const ImageView& source, const WarpGeometry& geometry,
                   const WarpTarget& target) {
    fill_warp_job(job, source, geometry);
    write_to(job, target);
    job.scratch = reserve_tables(job.target_width);
}

namespace {

void warp_as_it_is(const KernelImage& source, const WarpGeometry& geometry,
                   const WarpTarget& target) {
    const ImageView& image = source.image;
    const bool small = is_small(geometry, image);
    const std::int32_t window = small ? byte_window(geometry, image) : 0;
    if (small && window == 0 && geometry.order == 1)
        return SmallWarp::Run(SmallWarp(geometry, image)).warp(image.data, geometry, target);
    WarpJob job{};
    if (window != 0) {
        job.window = window;
        job.small = true;
        job.bytes = reinterpret_cast<const std::uint8_t*>(image.data);
        fill_warp_job(job, image, geometry, target);
        return byte_window_kernel(geometry.order)(job);
    }
    const KernelSource from = plain_source(image, source.memory_end, geometry, target);
    // What is read where it lies may have any stride.
    job.small = small && from.row_stride >= 0 && from.row_stride <= warp_max_small_stride;
    job.source = from.values;
    job.bytes = from.bytes;
    job.source_row_stride = from.row_stride;
    job.pixel_step = from.pixel_step;
    job.prefetch_bytes = from.prefetch_bytes;
    job.last_whole_offset = from.last_whole_offset;
    job.next_source = reinterpret_cast<const char*>(source.next);
    fill_warp_job(job, image, geometry, target);

    const WarpKernel kernel = kernel_of(job, geometry.order);
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
