#include "color/noise.hpp"

#include <array>
#include <cmath>
#include <numbers>
#include <vector>

#include "color/interleaved.hpp"
#include "simd/kernels.hpp"

namespace batchwarp {
namespace {

// Noise from a value of the image on, which is so many from the first one.
template <class T>
struct Job {
    const ops::Noise& noise;
    T extent;
    Range<T> limits;
    std::int64_t first;
};

void add(const Job<float>& job, float* data, std::int64_t count) noexcept {
    const auto deviation = static_cast<float>(job.noise.deviation * double{job.extent});
    kernels().add_noise({.key = job.noise.key,
                         .first = job.first,
                         .deviation = deviation,
                         .low = job.limits.low,
                         .high = job.limits.high},
                        data, count);
}

// As simd/noise.inl has it, in double.
std::array<double, 2> normal_numbers(std::uint32_t far, std::uint32_t direction) noexcept {
    const double u = ((far >> 9) + 0.5) * 0x1p-23;
    const double distance = std::sqrt(-2 * std::log(u));
    const auto turned = static_cast<std::int32_t>(direction << 2);
    const double angle = std::numbers::pi / 4 * (1 + turned * 0x1p-31);
    const auto signed_by = [](bool minus, double v) { return minus ? -v : v; };
    return {signed_by((direction >> 31 & 1) != 0, distance * std::cos(angle)),
            signed_by((direction >> 30 & 1) != 0, distance * std::sin(angle))};
}

std::size_t place(std::int64_t i) noexcept { return static_cast<std::size_t>(i); }

std::vector<double> block_of(PhiloxKey key, std::int64_t block) {
    std::vector<double> normal(noise_block);
    for (int k = 0; k < noise_counters; ++k) {
        const auto counter = static_cast<std::uint64_t>(block * noise_counters + k);
        const auto [x] = philox({{static_cast<std::uint32_t>(counter),
                                  static_cast<std::uint32_t>(counter >> 32), 0, 0}},
                                key);
        for (int pair = 0; pair < 2; ++pair) {
            const auto both = normal_numbers(x[2 * pair], x[2 * pair + 1]);
            for (int i = 0; i < 2; ++i)
                normal[place((2 * pair + i) * noise_counters + k)] = both[place(i)];
        }
    }
    return normal;
}

void add(const Job<double>& job, double* data, std::int64_t count) {
    const double deviation = job.noise.deviation * job.extent;
    std::vector<double> normal;
    std::int64_t made = -1;
    for (std::int64_t i = 0; i < count; ++i) {
        const std::int64_t at = job.first + i, block = at / noise_block;
        if (block != made) normal = block_of(job.noise.key, made = block);
        data[i] = job.limits.clip(data[i] + deviation * normal[place(at % noise_block)]);
    }
}

}  // namespace

template <class T>
void add_noise(const Planes<T>& image, const ops::Noise& noise, T extent, Range<T> limits) {
    const std::int64_t before = image.first_row * image.width, channels = image.all_channels();
    if (image.planes == 1)
        return add(Job<T>{noise, extent, limits, before * channels}, image.data, image.count());
    // A value has the number of its place among interleaved ones, however it is stored.
    interleave(image, [&](T* data, std::int64_t first, std::int64_t pixels) {
        add(Job<T>{noise, extent, limits, (before + first) * channels}, data, pixels * channels);
    });
}

template void add_noise(const Planes<float>&, const ops::Noise&, float, Range<float>);
template void add_noise(const Planes<double>&, const ops::Noise&, double, Range<double>);

}  // namespace batchwarp
