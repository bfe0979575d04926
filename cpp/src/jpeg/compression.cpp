#include "jpeg/compression.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

#include "runtime/scratch.hpp"
#include "simd/kernels.hpp"

namespace batchwarp {
namespace {

constexpr int block = jpeg_block;

// ITU-T T.81, tables K.1 and K.2, for a quality of 50.
constexpr int luma_steps[block][block] = {
    {16, 11, 10, 16, 24, 40, 51, 61},     {12, 12, 14, 19, 26, 58, 60, 55},
    {14, 13, 16, 24, 40, 57, 69, 56},     {14, 17, 22, 29, 51, 87, 80, 62},
    {18, 22, 37, 56, 68, 109, 103, 77},   {24, 35, 55, 64, 81, 104, 113, 92},
    {49, 64, 78, 87, 103, 121, 120, 101}, {72, 92, 95, 98, 112, 100, 103, 99}};
constexpr int chroma_steps[block][block] = {
    {17, 18, 24, 47, 99, 99, 99, 99}, {18, 21, 26, 66, 99, 99, 99, 99},
    {24, 26, 56, 99, 99, 99, 99, 99}, {47, 66, 99, 99, 99, 99, 99, 99},
    {99, 99, 99, 99, 99, 99, 99, 99}, {99, 99, 99, 99, 99, 99, 99, 99},
    {99, 99, 99, 99, 99, 99, 99, 99}, {99, 99, 99, 99, 99, 99, 99, 99}};

// As libjpeg scales them, in percent, to what a byte holds.
void fill(JpegSteps& steps, const int (&base)[block][block], int quality) {
    const int percent = quality < 50 ? 5000 / quality : 200 - 2 * quality;
    for (int r = 0; r < block; ++r)
        for (int c = 0; c < block; ++c) {
            const int step = std::clamp((base[r][c] * percent + 50) / 100, 1, 255);
            // A reciprocal of as many bits as fit, rounded up: what it is too large by times a
            // number below 2^15 is less than one part of the divisor.
            const auto divisor = static_cast<unsigned>(8 * step);
            const int bits = static_cast<int>(std::bit_width(divisor - 1)) - 1;
            steps.step[r][c] = static_cast<std::int16_t>(step);
            steps.half[r][c] = static_cast<std::int16_t>(4 * step);
            steps.reciprocal[r][c] =
                static_cast<std::uint16_t>(((65536U << bits) + divisor - 1) / divisor);
            steps.scale[r][c] = static_cast<std::uint16_t>(65536 >> bits);
        }
}

}  // namespace

template <>
void compress(const Planes<float>& image, Range<float> limits, int quality) {
    JpegSteps luma, chroma;
    fill(luma, luma_steps, quality);
    JpegJob job{};
    job.channels = static_cast<std::int32_t>(image.all_channels());
    job.planar = image.planes > 1;
    for (std::int64_t p = 0; p < image.planes; ++p) job.part[p] = image.plane(p);
    job.height = image.pixels / image.width;
    job.width = image.width;
    job.low = limits.low;
    job.high = limits.high;
    job.luma = &luma;
    if (job.channels > 1) {
        fill(chroma, chroma_steps, quality);
        job.chroma = &chroma;
    }
    job.memory = Scratch::of_this_thread().samples.reserve(jpeg_slots(image.width));
    kernels().jpeg(job);
}

// There are 256 levels, which single precision holds.
template <>
void compress(const Planes<double>& image, Range<double> limits, int quality) {
    const double extent = limits.high - limits.low;
    float* const levels = Scratch::of_this_thread().lines.reserve(image.count());
    std::transform(image.data, image.data + image.count(), levels, [&](double value) {
        const double level = std::floor((value - limits.low) * (255 / extent) + 0.5);
        return static_cast<float>(level > 0 ? std::min(level, 255.0) : 0.0);  // NaN becomes black
    });
    compress(Planes<float>{levels, image.planes, image.pixels, image.channels, image.width, 0},
             {0, 255}, quality);
    std::transform(levels, levels + image.count(), image.data, [&](float level) {
        return limits.low + static_cast<double>(level) * extent / 255;
    });
}

}  // namespace batchwarp
