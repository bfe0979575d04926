// The JPEG kernels as they are compiled for processors that no tier knows: the same numbers as
// those of the tiers, bit for bit.
#include <string.h>

#include <random>
#include <string>
#include <vector>

#include "batchwarp/cpu.hpp"
#include "simd/kernels.hpp"
#include "simd/portable.hpp"
#include "simd/tier.hpp"
#include "testing.hpp"

#if defined(BATCHWARP_NEON)
#include <arm_neon.h>
#endif

// clang-format off: the order matters
#include "simd/four.inl"
#include "simd/samples_plain.inl"
#include "simd/jpeg_blocks.inl"
#include "simd/jpeg.inl"
#include "simd/jpeg_rows.inl"
// clang-format on

using namespace batchwarp;

namespace {

constexpr int64_t pixels = 333, slack = 64;

std::vector<std::uint8_t> random_bytes(std::size_t count, std::mt19937& random) {
    std::vector<std::uint8_t> bytes(count);
    for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random() & 255U);
    return bytes;
}

template <class F>
void every_tier(F&& body) {
    for (const std::string& tier : available_tiers()) {
        select_tier(tier);
        body(kernels());
    }
}

}  // namespace

TEST(plain_samples_of_frequencies) {
    std::mt19937 random(1);
    constexpr std::size_t blocks = 8, numbers = 64 * blocks;
    for (int round = 0; round < 40; ++round) {
        // Of each block in turn.
        std::vector<std::int16_t> block(numbers);
        for (std::size_t i = 0; i < numbers; ++i)
            if (i % 64 == 0 || random() % 4 == 0)
                block[i] = static_cast<std::int16_t>(static_cast<int>(random() % 200) - 100);
        const auto made = [&](auto* make, std::size_t beside) {
            std::vector<std::int16_t> frequencies(numbers);
            for (std::size_t i = 0; i < numbers; ++i) {
                const std::size_t b = i / 64, row = i % 64 / 8, k = i % 8;
                frequencies[b / beside * 64 * beside + row * 8 * beside + b % beside * 8 + k] =
                    block[i];
            }
            std::vector<std::uint8_t> samples(numbers);
            CHECK(make(frequencies.data(), static_cast<std::int64_t>(blocks / beside),
                       samples.data(), 8 * blocks));
            CHECK(frequencies == std::vector<std::int16_t>(numbers));
            return samples;
        };
        const std::vector<std::uint8_t> want = made(jpeg_samples, Samples::count / jpeg_block);
        every_tier([&](const KernelTable& table) {
            const auto beside = static_cast<std::size_t>(table.jpeg_side_by_side);
            CHECK(made(table.jpeg_samples, beside) == want);
        });
    }
}

TEST(plain_rows_of_samples) {
    std::mt19937 random(2);
    const std::vector<std::uint8_t> y = random_bytes(pixels + slack, random),
                                    blue = random_bytes(pixels + slack, random),
                                    red = random_bytes(pixels + slack, random);
    const std::uint8_t* const from[3] = {y.data(), blue.data(), red.data()};
    const auto made = [&](auto* sum_rows, auto* widen, auto* to_planes, auto* to_fours) {
        std::vector<std::int16_t> sums(pixels + 2 * slack);
        sum_rows(y.data(), blue.data(), pixels, sums.data() + 1);
        std::vector<std::uint8_t> all(2 * (pixels + slack));
        widen(sums.data() + 1, pixels - 1, 8, 7, all.data());
        all.resize(2 * (pixels - 1));
        std::vector<std::uint8_t> planes[3];
        for (auto& plane : planes) plane.resize(pixels);
        to_planes(from, pixels, {planes[0].data(), planes[1].data(), planes[2].data()});
        for (const auto& plane : planes) all.insert(all.end(), plane.begin(), plane.end());
        std::vector<std::uint8_t> fours(4 * (pixels + slack));
        to_fours(from, pixels, fours.data());
        for (std::size_t i = 0; i < 4 * pixels; ++i)
            if (i % 4 != 3) all.push_back(fours[i]);
        return all;
    };
    const auto want = made(jpeg_sum_rows, jpeg_widen, jpeg_to_planes, jpeg_to_fours);
    every_tier([&](const KernelTable& table) {
        CHECK(made(table.jpeg_sum_rows, table.jpeg_widen, table.jpeg_to_planes,
                   table.jpeg_to_fours) == want);
    });
}

TEST(plain_compression) {
    std::mt19937 random(3);
    JpegSteps steps{};
    for (int row = 0; row < jpeg_block; ++row)
        for (int k = 0; k < jpeg_block; ++k) {
            steps.step[row][k] = 16;
            steps.half[row][k] = 64;
            steps.reciprocal[row][k] = 512;
            steps.scale[row][k] = 65535;
        }
    for (const std::int32_t channels : {1, 3})
        for (const float high : {255.0f, 1.0f}) {
            constexpr std::int64_t height = 37, width = 45;
            std::vector<float> values(static_cast<std::size_t>(height * width * channels));
            for (float& value : values) value = static_cast<float>(random() & 255U) / 255.0f * high;
            const auto made = [&](auto* compress) {
                std::vector<float> image = values;
                std::vector<std::int16_t> memory(static_cast<std::size_t>(jpeg_slots(width)));
                JpegJob job{};
                job.part[0] = image.data();
                job.channels = channels;
                job.height = height;
                job.width = width;
                job.high = high;
                job.luma = job.chroma = &steps;
                job.memory = memory.data();
                compress(job);
                return image;
            };
            const std::vector<float> want = made(jpeg);
            CHECK(want != values);
            every_tier([&](const KernelTable& table) { CHECK(made(table.jpeg) == want); });
        }
}

int main() { return testing::run_all(); }
