#include "files/jpeg_planes.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

#include "files/jpeg_scan.hpp"
#include "simd/kernels.hpp"

namespace batchwarp {
namespace {

constexpr int most_rows = MAX_SAMP_FACTOR * 2 * DCTSIZE;
constexpr std::int64_t line_of_cache = 64;

std::int64_t padded(std::int64_t bytes) noexcept {
    return (bytes + line_of_cache - 1) / line_of_cache * line_of_cache;
}

// A row that kernels write, and one of sums for it, with one more at either end.
std::int64_t memory_of_row(std::int64_t bytes) noexcept { return padded(bytes + jpeg_rows_slack); }
std::int64_t memory_of_sums(std::int64_t columns) noexcept {
    return padded(columns + 2 * 3 + 2 * jpeg_rows_slack);
}

// What jinit_upsampler chooses for a component.
bool describe(const jpeg_decompress_struct& info, const jpeg_component_info& component,
              JpegPlane& plane) noexcept {
    const int least = info.min_DCT_scaled_size;
    const int per_row = component.h_samp_factor * component.DCT_scaled_size / least;
    const int per_column = component.v_samp_factor * component.DCT_scaled_size / least;
    if (per_row <= 0 || per_column <= 0 || info.max_h_samp_factor % per_row != 0 ||
        info.max_v_samp_factor % per_column != 0)
        return false;
    plane.times_across = info.max_h_samp_factor / per_row;
    plane.times_down = info.max_v_samp_factor / per_column;
    plane.height = component.downsampled_height;
    plane.width = component.downsampled_width;
    plane.rows = component.v_samp_factor * component.DCT_scaled_size;
    const auto blocks = static_cast<std::int64_t>(component.width_in_blocks) + 2 * MAX_SAMP_FACTOR;
    plane.stride = padded(blocks * component.DCT_scaled_size);
    using enum JpegPlane::Scaling;
    const bool smooth = info.do_fancy_upsampling != FALSE && least > 1;
    const bool is_wide = smooth && plane.width > 2;
    if (plane.times_across == 1 && plane.times_down == 1)
        plane.scaling = none;
    else if (plane.times_across == 2 && plane.times_down == 1 && is_wide)
        plane.scaling = across;
    else if (plane.times_across == 1 && plane.times_down == 2 && smooth)
        plane.scaling = down;
    else if (plane.times_across == 2 && plane.times_down == 2 && is_wide)
        plane.scaling = both;
    else
        plane.scaling = replicated;
    return true;
}

// ---- One row of one component, the columns from `left` to `right`. ----

void interpolate_down(const JSAMPLE* nearer, const JSAMPLE* further, int round, std::int64_t left,
                      std::int64_t right, JSAMPLE* to) {
    for (std::int64_t c = left; c < right; ++c)
        to[c] = static_cast<JSAMPLE>((3 * nearer[c] + further[c] + round) >> 2);
}

// The row of samples that line `y` lies on, and the one that is next to it on the other side.
struct Neighbours {
    const JSAMPLE *nearer, *further;
};

Neighbours neighbours(const JpegPlane& plane, std::int64_t y) noexcept {
    const std::int64_t row = y / 2, next = y % 2 == 0 ? row - 1 : row + 1;
    return {plane.row(row), plane.row(std::clamp<std::int64_t>(next, 0, plane.height - 1))};
}

// In jdsample.c the first and the last sample have formulas of their own: those of the others, with
// the sample itself for the neighbour that it lacks. Across alone, sums are four times the samples,
// and so is what rounds them.
const JSAMPLE* expanded_both(const JpegPlane& plane, std::int64_t y, const JpegPlanes& planes,
                             JSAMPLE* to) {
    // The memory begins one sample before the first one.
    std::int16_t* const sums = planes.sums + 1;
    const std::int64_t left = planes.left / 2, right = (planes.right + 1) / 2;
    const std::int64_t first = std::max<std::int64_t>(left - 1, 0);
    const std::int64_t end = std::min(right + 1, plane.width);
    const bool down = plane.scaling == JpegPlane::Scaling::both;
    const auto [nearer, further] =
        down ? neighbours(plane, y) : Neighbours{plane.row(y), plane.row(y)};
    kernels().jpeg_sum_rows(nearer + first, further + first, end - first, sums + first);
    if (first == 0) sums[-1] = sums[0];
    if (end == plane.width) sums[end] = sums[end - 1];
    kernels().jpeg_widen(sums + left, right - left, down ? 8 : 4, down ? 7 : 8, to + 2 * left);
    return to;
}

const JSAMPLE* expanded(const JpegPlane& plane, std::int64_t y, const JpegPlanes& planes,
                        JSAMPLE* to) {
    switch (plane.scaling) {
        case JpegPlane::Scaling::none:
            return plane.row(y);
        case JpegPlane::Scaling::across:
        case JpegPlane::Scaling::both:
            return expanded_both(plane, y, planes, to);
        case JpegPlane::Scaling::down: {
            const auto [nearer, further] = neighbours(plane, y);
            interpolate_down(nearer, further, y % 2 == 0 ? 1 : 2, planes.left, planes.right, to);
            return to;
        }
        case JpegPlane::Scaling::replicated: {
            const JSAMPLE* const samples = plane.row(y / plane.times_down);
            for (std::int64_t x = planes.left; x < planes.right; ++x)
                to[x] = samples[x / plane.times_across];
            return to;
        }
    }
    return to;
}

// ---- Colours. ----

// Four bytes are copied as fast as one, three are not: each pixel is written with a byte too many,
// which the next one overwrites.
void pick(const JSAMPLE* pixels, std::span<const std::int64_t> columns, JSAMPLE* to) {
    for (const std::int64_t column : columns.first(columns.size() - 1)) {
        std::memcpy(to, pixels + 4 * column, 4);
        to += 3;
    }
    std::memcpy(to, pixels + 4 * columns.back(), 3);
}

// All of them, two at a time as long as what is written behind these is theirs.
void pack(const JSAMPLE* pixels, std::int64_t count, JSAMPLE* to) {
    std::int64_t x = 0;
    if constexpr (std::endian::native == std::endian::little)
        for (; x + 2 < count; x += 2) {
            std::uint64_t two;
            std::memcpy(&two, pixels + 4 * x, sizeof two);
            two = (two & 0xFF'FFFF) | (two >> 8 & 0xFFFF'FF00'0000);
            std::memcpy(to + 3 * x, &two, sizeof two);
        }
    for (; x < count; ++x) std::memcpy(to + 3 * x, pixels + 4 * x, 3);
}

void make_row(const JpegPlanes& planes, const DecodeJob& job, std::int64_t y,
              const MutableImageView& to) {
    const JSAMPLE* rows[3];
    for (int i = 0; i < 3; ++i)
        rows[i] = expanded(planes.planes[i], y, planes, planes.expanded[i]) + planes.left;
    const std::int64_t count = planes.right - planes.left;
    if (job.picks()) {
        kernels().jpeg_to_fours(rows, count, planes.pixels);
        pick(planes.pixels - 4 * planes.left, job.wanted.columns,
             reinterpret_cast<JSAMPLE*>(to.data));
        return;
    }
    if (!job.is_planar()) {
        kernels().jpeg_to_fours(rows, count, planes.pixels);
        pack(planes.pixels, count, reinterpret_cast<JSAMPLE*>(to.data));
        return;
    }
    JSAMPLE* parts[3];
    for (int c = 0; c < 3; ++c) parts[c] = reinterpret_cast<JSAMPLE*>(to.at(0, 0, c));
    kernels().jpeg_to_planes(rows, count, parts);
}

void read_mcus(const Libjpeg& library, jpeg_decompress_struct& info, const JpegPlanes& planes,
               std::int64_t index) {
    JSAMPROW rows[3][most_rows];
    JSAMPARRAY image[3];
    for (int i = 0; i < 3; ++i) {
        const JpegPlane& plane = planes.planes[i];
        image[i] = rows[i];
        for (std::int64_t r = 0; r < plane.rows; ++r)
            rows[i][r] = plane.row(index * plane.rows + r);
    }
    library.jpeg_read_raw_data(&info, image, static_cast<JDIMENSION>(planes.lines));
}

// Makes rows of what `read_row` reads: rows of MCUs, by number and whether they are wanted, one
// after the other. False as soon as it returns that.
template <class Read>
bool make_rows(const DecodeJob& job, const JpegPlanes& planes, Read&& read_row) {
    const auto bytes = static_cast<std::size_t>(3 * job.target.width);
    std::int64_t read = 0, y = -1, made = 0;
    for (std::int64_t i = 0; i < job.target.height; ++i) {
        const std::int64_t place = job.picks() ? job.order[static_cast<std::size_t>(i)] : i;
        const std::int64_t line = job.picks() ? job.row_of(place) : job.wanted.window.top + i;
        MutableImageView to = job.target;
        to.data = job.target.at(place, 0, 0);
        if (line == y) {
            std::memcpy(to.data, job.target.at(made, 0, 0), bytes);
            continue;
        }
        y = line;
        made = place;
        const std::int64_t last = planes.needs_below ? std::min(y + 1, planes.height - 1) : y;
        for (; read * planes.lines <= last; ++read)
            if (!read_row(read, (read + 1) * planes.lines >= y)) return false;
        make_row(planes, job, y, to);
    }
    return true;
}

}  // namespace

bool describe(const jpeg_decompress_struct& info, JpegPlanes& planes) noexcept {
    if (info.num_components != 3 || info.jpeg_color_space != JCS_YCbCr ||
        info.out_color_space != JCS_RGB)
        return false;
    planes.height = info.output_height;
    planes.lines = info.max_v_samp_factor * info.min_DCT_scaled_size;
    for (int i = 0; i < 3; ++i) {
        JpegPlane& plane = planes.planes[i];
        if (!describe(info, info.comp_info[i], plane)) return false;
        planes.needs_below = planes.needs_below || plane.scaling == JpegPlane::Scaling::down ||
                             plane.scaling == JpegPlane::Scaling::both;
    }
    return true;
}

std::int64_t memory_of(const JpegPlanes& planes) noexcept {
    const std::int64_t columns = planes.right + 1;
    std::int64_t bytes = memory_of_sums(columns) + memory_of_row(4 * columns) + jpeg_rows_slack;
    for (const JpegPlane& plane : planes.planes)
        bytes += 2 * plane.rows * plane.stride + memory_of_row(columns);
    return bytes;
}

void place(JpegPlanes& planes, std::byte* memory) noexcept {
    const std::int64_t columns = planes.right + 1;
    const auto take = [&memory](std::int64_t bytes) {
        std::byte* const taken = memory;
        memory += bytes;
        return taken;
    };
    planes.sums = reinterpret_cast<std::int16_t*>(take(memory_of_sums(columns)));
    planes.pixels = reinterpret_cast<JSAMPLE*>(take(memory_of_row(4 * columns)));
    for (int i = 0; i < 3; ++i) {
        JpegPlane& plane = planes.planes[i];
        plane.samples = reinterpret_cast<JSAMPLE*>(take(2 * plane.rows * plane.stride));
        planes.expanded[i] = reinterpret_cast<JSAMPLE*>(take(memory_of_row(columns)));
    }
}

void read_planes(const Libjpeg& library, jpeg_decompress_struct& info, const DecodeJob& job,
                 const JpegPlanes& planes) {
    make_rows(job, planes, [&](std::int64_t index, bool /*is_wanted*/) {
        read_mcus(library, info, planes, index);
        return true;
    });
}

bool read_planes(JpegScan& scan, const DecodeJob& job, const JpegPlanes& planes) {
    return make_rows(job, planes, [&](std::int64_t index, bool is_wanted) {
        return scan.read(planes, index, is_wanted);
    });
}

}  // namespace batchwarp
