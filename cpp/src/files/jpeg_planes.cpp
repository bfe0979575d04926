#include "files/jpeg_planes.hpp"

#include <algorithm>
#include <cstring>

namespace batchwarp {
namespace {

constexpr int most_rows = MAX_SAMP_FACTOR * 2 * DCTSIZE;
constexpr std::int64_t line_of_cache = 64;

std::int64_t padded(std::int64_t bytes) noexcept {
    return (bytes + line_of_cache - 1) / line_of_cache * line_of_cache;
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
    const auto blocks = static_cast<std::int64_t>(component.width_in_blocks) + MAX_SAMP_FACTOR;
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

// In jdsample.c the first and the last sample have formulas of their own: those of the others, with
// the sample itself for the neighbour that it lacks.
template <int round_even, int round_odd, int bits>
void interpolate_across(const std::uint16_t* sums, std::int64_t left, std::int64_t right,
                        JSAMPLE* to) {
    for (std::int64_t c = left; c < right; ++c) {
        const int nearer = 3 * sums[c];
        to[2 * c] = static_cast<JSAMPLE>((nearer + sums[c - 1] + round_even) >> bits);
        to[2 * c + 1] = static_cast<JSAMPLE>((nearer + sums[c + 1] + round_odd) >> bits);
    }
}

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

const JSAMPLE* expanded_both(const JpegPlane& plane, std::int64_t y, const JpegPlanes& planes,
                             JSAMPLE* to) {
    // The memory begins one sample before the first one.
    std::uint16_t* const sums = planes.sums + 1;
    const std::int64_t left = planes.left / 2, right = (planes.right + 1) / 2;
    const std::int64_t first = std::max<std::int64_t>(left - 1, 0);
    const std::int64_t end = std::min(right + 1, plane.width);
    if (plane.scaling == JpegPlane::Scaling::both) {
        const auto [nearer, further] = neighbours(plane, y);
        for (std::int64_t c = first; c < end; ++c)
            sums[c] = static_cast<std::uint16_t>(3 * nearer[c] + further[c]);
    } else {
        const JSAMPLE* const samples = plane.row(y);
        for (std::int64_t c = first; c < end; ++c) sums[c] = samples[c];
    }
    if (first == 0) sums[-1] = sums[0];
    if (end == plane.width) sums[end] = sums[end - 1];
    if (plane.scaling == JpegPlane::Scaling::both)
        interpolate_across<8, 7, 4>(sums, left, right, to);
    else
        interpolate_across<1, 2, 2>(sums, left, right, to);
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

// ---- RGB of Y'CbCr, as jdcolor.c rounds: factors of 2^-16, to the nearest. ----

// The upper half of a product of 16 bits.
std::int16_t high_part(std::int16_t a, std::int16_t b) noexcept {
    return static_cast<std::int16_t>((a * b) >> 16);
}

JSAMPLE clipped(std::int16_t value) noexcept {
    return static_cast<JSAMPLE>(std::clamp<std::int16_t>(value, 0, 255));
}

// A factor is a whole number and what 16 bits hold: 1.402 is 1 + 26345 / 2^16, 1.772 is 2 - 14942 /
// 2^16. Twice the product with the latter, plus one, halved, is rounded to the nearest. All of it
// in 16 bits, and without a branch, is what compilers make vectors of.
void to_rgb(JSAMPLE* __restrict first, JSAMPLE* __restrict second, JSAMPLE* __restrict third,
            std::int64_t count) {
    for (std::int64_t i = 0; i < count; ++i) {
        const std::int16_t y = first[i];
        const auto cb = static_cast<std::int16_t>(second[i] - CENTERJSAMPLE);
        const auto cr = static_cast<std::int16_t>(third[i] - CENTERJSAMPLE);
        const auto cb2 = static_cast<std::int16_t>(2 * cb);
        const auto cr2 = static_cast<std::int16_t>(2 * cr);
        const std::int16_t red = high_part(cr2, 26345), blue = high_part(cb2, -14942);
        const auto green = static_cast<std::int16_t>((-22554 * cb + 18734 * cr + 32768) >> 16);
        first[i] = clipped(static_cast<std::int16_t>(y + cr + ((red + 1) >> 1)));
        second[i] = clipped(static_cast<std::int16_t>(y - cr + green));
        third[i] = clipped(static_cast<std::int16_t>(y + cb2 + ((blue + 1) >> 1)));
    }
}

// Four bytes at a time, the last of which is the next pixel's to overwrite.
void interleave(const JSAMPLE* red, const JSAMPLE* green, const JSAMPLE* blue, std::int64_t count,
                JSAMPLE* to) {
    for (std::int64_t i = 0; i + 1 < count; ++i) {
        const JSAMPLE pixel[4] = {red[i], green[i], blue[i], 0};
        std::memcpy(to + 3 * i, pixel, sizeof(pixel));
    }
    const std::int64_t last = count - 1;
    to[3 * last] = red[last];
    to[3 * last + 1] = green[last];
    to[3 * last + 2] = blue[last];
}

void make_row(const JpegPlanes& planes, const DecodeJob& job, std::int64_t y, JSAMPLE* to) {
    const JSAMPLE* rows[3];
    for (int i = 0; i < 3; ++i) rows[i] = expanded(planes.planes[i], y, planes, planes.expanded[i]);
    JSAMPLE* const picked[3] = {planes.picked[0], planes.picked[1], planes.picked[2]};
    const std::int64_t* const columns = job.wanted.columns.data();
    const std::int64_t count = job.target.width;
    for (std::int64_t i = 0; i < count; ++i) {
        const std::int64_t x = columns[i];
        picked[0][i] = rows[0][x];
        picked[1][i] = rows[1][x];
        picked[2][i] = rows[2][x];
    }
    to_rgb(picked[0], picked[1], picked[2], count);
    interleave(picked[0], picked[1], picked[2], count, to);
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

}  // namespace

bool describe(const jpeg_decompress_struct& info, JpegPlanes& planes) noexcept {
    if (info.num_components != 3 || info.jpeg_color_space != JCS_YCbCr ||
        info.out_color_space != JCS_RGB)
        return false;
    planes.lines = info.max_v_samp_factor * info.min_DCT_scaled_size;
    for (int i = 0; i < 3; ++i) {
        JpegPlane& plane = planes.planes[i];
        if (!describe(info, info.comp_info[i], plane)) return false;
        planes.needs_below = planes.needs_below || plane.scaling == JpegPlane::Scaling::down ||
                             plane.scaling == JpegPlane::Scaling::both;
    }
    return true;
}

std::int64_t memory_of(const JpegPlanes& planes, std::int64_t columns) noexcept {
    std::int64_t bytes = padded(2 * (planes.right + 3)) + 3 * padded(columns);
    for (const JpegPlane& plane : planes.planes)
        bytes += 2 * plane.rows * plane.stride + padded(planes.right + 1);
    return bytes;
}

void place(JpegPlanes& planes, std::int64_t columns, std::byte* memory) noexcept {
    const auto take = [&memory](std::int64_t bytes) {
        std::byte* const taken = memory;
        memory += bytes;
        return taken;
    };
    planes.sums = reinterpret_cast<std::uint16_t*>(take(padded(2 * (planes.right + 3))));
    for (int i = 0; i < 3; ++i) {
        JpegPlane& plane = planes.planes[i];
        plane.samples = reinterpret_cast<JSAMPLE*>(take(2 * plane.rows * plane.stride));
        planes.expanded[i] = reinterpret_cast<JSAMPLE*>(take(padded(planes.right + 1)));
        planes.picked[i] = reinterpret_cast<JSAMPLE*>(take(padded(columns)));
    }
}

void read_planes(const Libjpeg& library, jpeg_decompress_struct& info, const DecodeJob& job,
                 const JpegPlanes& planes) {
    const auto bytes = static_cast<std::size_t>(3 * job.target.width);
    const auto height = static_cast<std::int64_t>(info.output_height);
    std::int64_t read = 0, y = -1, made = 0;
    for (const std::int64_t i : job.order) {
        std::byte* const to = job.target.at(i, 0, 0);
        const std::int64_t row = job.row_of(i);
        if (row == y) {
            std::memcpy(to, job.target.at(made, 0, 0), bytes);
            continue;
        }
        y = row;
        made = i;
        const std::int64_t last = planes.needs_below ? std::min(y + 1, height - 1) : y;
        for (; read * planes.lines <= last; ++read) read_mcus(library, info, planes, read);
        make_row(planes, job, y, reinterpret_cast<JSAMPLE*>(to));
    }
}

}  // namespace batchwarp
