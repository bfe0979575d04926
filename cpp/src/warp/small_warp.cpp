#include "warp/small_warp.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "pixels.hpp"
#include "runtime/scratch.hpp"
#include "warp/byte_windows.hpp"
#include "warp/warp_bytes.hpp"

namespace batchwarp {
namespace {

constexpr std::int64_t item = sizeof(float);
// The copy should stay in the first-level cache.
constexpr std::int64_t most_bytes = 32768;

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

// From element to element of one channel in the copy: pixels of one channel are in pairs.
std::int64_t step_of(std::int64_t channels) noexcept { return channels == 1 ? 2 : channels; }

// Whether bytes may stay bytes: what the border fills with must be one, too.
bool stays_bytes(const WarpGeometry& geometry, const ImageView& source) noexcept {
    const bool has_kernel =
        source.channels == 3 || (source.channels == 1 && kernels().linear_byte_pairs != nullptr);
    return has_kernel && are_readable_bytes(source, geometry.order) &&
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

void copy_row(const float* from, std::int64_t count, float* to) noexcept {
    std::memcpy(to, from, static_cast<std::size_t>(count * item));
}

// All rows and the last one again, each with its last pixel again.
template <class S>
void copy_rows(const S* from, std::int64_t row_stride, const ImageView& image, S* to) noexcept {
    const std::int64_t channels = image.channels, row = image.width * channels;
    for (std::int64_t r = 0; r <= image.height; ++r, to += row + channels) {
        copy_row(from, row, to);
        std::copy_n(to + row - channels, channels, to + row);
        if (r + 1 < image.height) from += row_stride;
    }
}

}  // namespace

bool is_small_kind(const WarpGeometry& g, const ImageView& source) noexcept {
    return has_small_axis(g) && !g.projects && g.displacement == nullptr &&
           g.width <= warp_chunk &&  // a chunk of them is whole rows
           std::max(source.height, source.width) <= warp_max_small_extent &&
           (source.height + 1) * (source.width + 1) * step_of(source.channels) * item <= most_bytes;
}

bool is_small(const WarpGeometry& g, const ImageView& source) noexcept {
    return is_small_kind(g, source) && fits_fixed_point(g, source.height, source.width);
}

bool fits_fixed_point(const WarpGeometry& g, std::int64_t height, std::int64_t width) noexcept {
    if (height > warp_max_small_extent || width > warp_max_small_extent) return false;
    const Affine& a = g.affine;
    // Tables run a block past the last column, or before the first one if the image is flipped.
    const double last_row = static_cast<double>(g.height - 1);
    const double first_column = -warp_block;
    const double last_column = static_cast<double>(g.width - 1 + warp_block);
    // What is not a number does not fit.
    const auto fits = [](double part) { return std::abs(part) < warp_max_small_coordinate; };
    bool all = fits(last_column * a.m01) & fits(last_column * a.m11);
    for (const double r : {0.0, last_row})
        for (const double c : {first_column, last_column}) all &= fits(a.y(r, c)) & fits(a.x(r, c));
    if (!all) return false;
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

SmallWarp::Copy SmallWarp::copy_of(const WarpGeometry& geometry, const ImageView& source) noexcept {
    const bool stays = stays_bytes(geometry, source);
    if (source.channels != 1) return stays ? Copy::bytes : Copy::values;
    if (stays) return Copy::byte_pairs;
    return source.dtype == DType::u8 && source.has_packed_pixels() ? Copy::pairs_of_bytes
                                                                   : Copy::pairs;
}

SmallWarp::SmallWarp(const WarpGeometry& geometry, const ImageView& source) noexcept
    : source_(source), copy_(copy_of(geometry, source)) {
    const std::int64_t step = step_of(source.channels);
    fill_warp_job(job_, source, geometry);
    job_.padded = job_.small = true;
    job_.pixel_step = static_cast<std::int32_t>(step);
    job_.source_row_stride = (source.width + 1) * step;
    job_.last_whole_offset = warp_max_offset;
    if (source.channels == 1)
        kernel_ = keeps_bytes() ? kernels().linear_byte_pairs : kernels().linear_pairs;
    else
        kernel_ = keeps_bytes() ? byte_kernel(source.channels, geometry.order)
                                : value_kernel(source.channels);
}

SmallWarp::Run::Run(const SmallWarp& shared) : shared_(shared), job_(shared.job_) {
    const std::int64_t stride = job_.source_row_stride, end = (job_.height + 1) * stride;
    const std::int64_t count = end + stride + std::int64_t{2} * job_.pixel_step;
    Scratch& scratch = Scratch::of_this_thread();
    // What the border fills with is behind the copy: two pixels, and below them two more.
    const auto fill = [&](auto* copy, auto value) {
        if (fills(job_.border))
            for (auto* const to : {copy + end, copy + end + stride})
                std::fill_n(to, 2 * job_.pixel_step, value);
    };
    if (shared.keeps_bytes()) {
        bytes_ = scratch.padded_bytes.reserve(count + warp_read_slack);
        fill(bytes_, byte_of(job_.cval));
    } else {
        values_ = scratch.padded.reserve(count + warp_read_slack / item);
        fill(values_, static_cast<float>(job_.cval));
    }
    job_.source = values_;
    job_.bytes = bytes_;
    job_.scratch = reserve_tables(job_.target_width);
}

void SmallWarp::Run::copy(const std::byte* source) const {
    ImageView image = shared_.source_;
    image.data = source;
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(source);
    switch (shared_.copy_) {
        case Copy::bytes:
            return copy_rows(bytes, image.row_stride, image, bytes_);
        case Copy::byte_pairs:
            return kernels().pair_bytes(bytes, image.row_stride, image.height, image.width, bytes_);
        case Copy::pairs_of_bytes:
            return kernels().pair_byte_rows(bytes, image.row_stride, image.height, image.width,
                                            values_);
        case Copy::values:
        case Copy::pairs:
            break;
    }
    const auto [rows, row_stride] = rows_of(image);
    if (shared_.copy_ == Copy::values) return copy_rows(rows, row_stride, image, values_);
    kernels().pair_rows(rows, row_stride, image.height, image.width, values_);
}

void SmallWarp::Run::warp(const std::byte* source, const WarpGeometry& geometry,
                          const WarpTarget& target) {
    place(job_, geometry);
    write_to(job_, target);
    if (const std::int32_t window = byte_window(geometry, shared_.source_); window != 0) {
        WarpJob job = job_;  // without a copy
        job.window = window;
        job.padded = false;
        job.bytes = reinterpret_cast<const std::uint8_t*>(source);
        return byte_window_kernel(geometry.order)(job);
    }
    copy(source);
    shared_.kernel_(job_);
}

}  // namespace batchwarp
