// Loops over the channels of pixels, in all tiers, against the same in double.
#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "batchwarp/cpu.hpp"
#include "batchwarp/plan.hpp"
#include "color/pixel_steps.hpp"
#include "element.hpp"
#include "images.hpp"
#include "simd/kernels.hpp"
#include "testing.hpp"

using namespace testing;

namespace {

constexpr std::int64_t counts[] = {1, 2, 7, 15, 16, 17, 47, 48, 49, 100, 1000, 4099};

std::vector<float> random_values(std::mt19937& random, std::int64_t count) {
    std::vector<float> values(static_cast<std::size_t>(count));
    for (float& v : values) v = static_cast<float>(uniform(random, -20, 280));
    return values;
}

ColorMix random_mix(std::mt19937& random) {
    ColorMix mix;
    for (int c = 0; c < 3; ++c) {
        for (float& weight : mix.weights[c]) weight = static_cast<float>(uniform(random, -1, 1));
        mix.offset[c] = static_cast<float>(uniform(random, -50, 50));
        mix.low[c] = static_cast<float>(-20 * c);
        mix.high[c] = static_cast<float>(200 + c);
    }
    return mix;
}

double mixed(const ColorMix& mix, int c, double red, double green, double blue) {
    const double v = mix.offset[c] + mix.weights[c][0] * red + mix.weights[c][1] * green +
                     mix.weights[c][2] * blue;
    return std::clamp<double>(v, mix.low[c], mix.high[c]);
}

// In every tier, for every number of pixels.
template <class F>
void sweep(F&& check) {
    std::mt19937 random(5);
    for (const std::string& tier : available_tiers()) {
        select_tier(tier);
        for (const std::int64_t pixels : counts) check(random, pixels);
    }
}

}  // namespace

TEST(three_channels_are_mixed_and_bounded) {
    sweep([](std::mt19937& random, std::int64_t pixels) {
        const ColorMix mix = random_mix(random);
        const auto n = static_cast<std::size_t>(pixels);
        const std::vector<float> image = random_values(random, 3 * pixels);
        std::vector<float> interleaved = image, planes(3 * n);
        for (std::size_t i = 0; i < 3 * n; ++i) planes[i % 3 * n + i / 3] = image[i];
        kernels().mix_pixels(mix, interleaved.data(), pixels);
        kernels().mix_planes(mix, planes.data(), planes.data() + n, planes.data() + 2 * n, pixels);
        for (std::size_t i = 0; i < n; ++i)
            for (std::size_t c = 0; c < 3; ++c) {
                const double want = mixed(mix, static_cast<int>(c), image[3 * i], image[3 * i + 1],
                                          image[3 * i + 2]);
                CHECK_NEAR(interleaved[3 * i + c], want, 1e-4);
                CHECK(interleaved[3 * i + c] == planes[c * n + i]);
            }
    });
}

TEST(a_pixel_that_is_not_a_number_stays_so_and_disturbs_no_other) {
    sweep([](std::mt19937& random, std::int64_t pixels) {
        const ColorMix mix = random_mix(random);
        std::vector<float> image = random_values(random, 3 * pixels), want = image;
        const auto at = static_cast<std::size_t>(pixels / 2 * 3);
        kernels().mix_pixels(mix, want.data(), pixels);
        image[at] = NAN;
        kernels().mix_pixels(mix, image.data(), pixels);
        for (std::size_t i = 0; i < image.size(); ++i)
            if (i / 3 == at / 3)
                CHECK(std::isnan(image[i]));
            else
                CHECK(image[i] == want[i]);
    });
}

TEST(any_number_of_channels_is_scaled_and_bounded) {
    for (const int channels : {1, 2, 3, 4, 5, 7})
        sweep([channels](std::mt19937& random, std::int64_t pixels) {
            std::vector<ColorScale> by;
            for (int c = 0; c < channels; ++c)
                by.push_back({static_cast<float>(3 * c), static_cast<float>(uniform(random, -2, 2)),
                              static_cast<float>(10 * c), static_cast<float>(-c),
                              static_cast<float>(200 + c)});
            const std::vector<float> image = random_values(random, channels * pixels);
            std::vector<float> got = image;
            kernels().scale_channels(by.data(), got.data(), pixels, channels);
            for (std::size_t i = 0; i < got.size(); ++i) {
                const ColorScale& s = by[i % static_cast<std::size_t>(channels)];
                const double want = std::clamp<double>(
                    (static_cast<double>(image[i]) - s.pivot) * s.factor + s.offset, s.low, s.high);
                CHECK_NEAR(got[i], want, 1e-4);
            }
            got[0] = NAN;
            kernels().scale_channels(by.data(), got.data(), pixels, channels);
            CHECK(std::isnan(got[0]));
        });
}

TEST(channels_are_summed_up_the_same_in_every_tier) {
    for (const int channels : {1, 2, 3, 4, 5})
        for (const std::int64_t pixels : counts) {
            std::mt19937 random(9);
            const std::vector<float> image = random_values(random, channels * pixels);
            std::vector<double> want(static_cast<std::size_t>(channels)), first;
            for (std::size_t i = 0; i < image.size(); ++i)
                want[i % static_cast<std::size_t>(channels)] += image[i];
            for (const std::string& tier : available_tiers()) {
                select_tier(tier);
                std::vector<double> got(want.size());
                kernels().channel_sums(image.data(), pixels, channels, got.data());
                for (std::size_t c = 0; c < got.size(); ++c)
                    CHECK_NEAR(got[c], want[c], 1e-4 * static_cast<double>(pixels));
                if (first.empty()) first = got;
                CHECK(got == first);
            }
        }
}

TEST(ranges_of_channels_pass_over_what_is_not_a_number) {
    for (const int channels : {1, 2, 3, 4, 5})
        sweep([channels](std::mt19937& random, std::int64_t pixels) {
            std::vector<float> image = random_values(random, channels * pixels);
            image[image.size() / 2] = NAN;
            std::vector<Range<float>> got(static_cast<std::size_t>(channels)),
                want(got.size(), Range<float>::none());
            for (std::size_t i = 0; i < image.size(); ++i) want[i % want.size()].include(image[i]);
            kernels().channel_ranges(image.data(), pixels, channels, got.data());
            for (std::size_t c = 0; c < got.size(); ++c)
                CHECK(got[c].low == want[c].low && got[c].high == want[c].high);
        });
}

TEST(values_become_bytes_as_single_ones_do) {
    sweep([](std::mt19937& random, std::int64_t count) {
        std::vector<float> values = random_values(random, count);
        for (const float special : {NAN, INFINITY, -INFINITY, 1e30f, -1e30f, 254.5f, 255.0f, -0.5f,
                                    -0.0f, 0.49999997f, std::nextafter(77.0f, 0.0f)})
            values[random() % values.size()] = special;
        std::vector<std::uint8_t> truncated(values.size()), rounded(values.size());
        kernels().store_bytes(values.data(), count, 0, truncated.data());
        kernels().store_bytes(values.data(), count, 0.5f, rounded.data());
        for (std::size_t i = 0; i < values.size(); ++i) {
            CHECK(truncated[i] == narrow<std::uint8_t>(values[i]));
            CHECK(rounded[i] == narrow<std::uint8_t>(rounded_to_byte(values[i])));
        }
    });
}

TEST(four_lines_are_blurred_by_those_around_each) {
    sweep([](std::mt19937& random, std::int64_t count) {
        for (const std::int32_t radius : {2, 3, 9}) {
            const auto n = static_cast<std::size_t>(count);
            const std::size_t taps = 2 * static_cast<std::size_t>(radius) + 1;
            std::vector<float> weights(taps, 1 / static_cast<float>(taps));
            weights.front() = weights.back() = 0.5f / static_cast<float>(taps);
            weights[taps / 2] *= 2;
            std::vector<std::vector<float>> lines;
            std::vector<const float*> from;
            for (std::size_t k = 0; k < taps + blur_lines - 1; ++k)
                lines.push_back(random_values(random, count));
            // The first line is near the first sum only, the last line near the last.
            lines.front()[n / 2] = lines.back()[n / 2] = NAN;
            for (const auto& line : lines) from.push_back(line.data());
            std::vector<float> got[blur_lines];
            float* to[blur_lines];
            for (int q = 0; q < blur_lines; ++q) {
                got[q].resize(n);
                to[q] = got[q].data();
            }
            kernels().blend_four_around(from.data(), weights.data(), radius, count, to);
            for (std::size_t q = 0; q < blur_lines; ++q)
                for (std::size_t i = 0; i < n; ++i) {
                    const double middle = lines[q + static_cast<std::size_t>(radius)][i];
                    double want = middle;
                    for (std::size_t k = 0; k < taps; ++k)
                        want += weights[k] * (lines[q + k][i] - middle);
                    if (i == n / 2 && (q == 0 || q == blur_lines - 1))
                        CHECK(std::isnan(got[q][i]));
                    else
                        CHECK_NEAR(got[q][i], want, 1e-3);
                }
        }
    });
}

TEST(each_channel_has_a_table_of_levels) {
    sweep([](std::mt19937& random, std::int64_t pixels) {
        std::uint8_t tables[3][256];
        for (auto& table : tables)
            for (std::uint8_t& entry : table) entry = static_cast<std::uint8_t>(random());
        for (const std::int32_t channels : {1, 3}) {
            const std::int64_t count = pixels * channels;
            std::vector<std::uint8_t> levels(static_cast<std::size_t>(count));
            for (std::uint8_t& level : levels) level = static_cast<std::uint8_t>(random());
            constexpr float untouched = -1;
            std::vector<float> got(levels.size() + 1, untouched);
            kernels().look_up_levels(levels.data(), pixels, channels, tables, 0, 1, got.data());
            for (std::size_t i = 0; i < levels.size(); ++i)
                CHECK(got[i] == tables[i % static_cast<std::size_t>(channels)][levels[i]]);
            kernels().look_up_levels(levels.data(), pixels, channels, tables, -10, 0.3f,
                                     got.data());
            for (std::size_t i = 0; i < levels.size(); ++i)
                CHECK_NEAR(got[i],
                           0.3 * tables[i % static_cast<std::size_t>(channels)][levels[i]] - 10,
                           1e-4);
            CHECK(got.back() == untouched);
        }
    });
}

TEST(levels_are_rounded_and_saturated) {
    sweep([](std::mt19937& random, std::int64_t count) {
        std::vector<float> values = random_values(random, count);
        values[0] = NAN;
        std::vector<std::uint8_t> got(values.size());
        kernels().levels(values.data(), count, -10, 1.5f, got.data());
        for (std::size_t i = 0; i < got.size(); ++i) {
            const double level = std::floor((values[i] + 10.0) * 1.5 + 0.5);
            CHECK(got[i] == (level > 0 ? std::min(level, 255.0) : 0));
        }
    });
}

TEST(powers_are_as_right_as_documented) {
    // Exponents of which the smallest makes most of the smallest values.
    for (const double exponent : {0.05, 0.5, 0.9, 1.1, 2.0, 7.0}) {
        const Plan plan({.height = 1, .width = 1, .channels = 1, .steps = {{"gamma"}}});
        sweep([&](std::mt19937&, std::int64_t count) {
            std::vector<float> values(static_cast<std::size_t>(count));
            for (std::size_t i = 0; i < values.size(); ++i)
                values[i] = 255 * static_cast<float>(i) / static_cast<float>(values.size());
            values.back() = 255;
            const std::vector<float> before = values;
            change_pixels(plan, &exponent, Planes<float>{values.data(), 1, count, 1, count, 0});
            for (std::size_t i = 0; i < values.size(); ++i)
                CHECK_NEAR(values[i], 255 * std::pow(before[i] / 255.0, exponent), 2e-4);
            CHECK(values.back() == 255 && (count == 1 || values[0] == 0));
        });
    }
}

TEST(white_is_white_on_any_scale_after_a_power) {
    for (const double high : {1.0, 3.0, 10.0, 49.0, 255.0, 1000.0, 65535.0}) {
        PlanOptions o{.height = 1, .width = 1, .channels = 1, .steps = {{"gamma"}}};
        o.high = high;
        const Plan plan(o);
        sweep([&](std::mt19937&, std::int64_t) {
            float values[] = {static_cast<float>(high), 0, 2 * static_cast<float>(high), -1, NAN};
            const double exponent = 0.7;
            change_pixels(plan, &exponent, Planes<float>{values, 1, 5, 1, 5, 0});
            CHECK(values[0] == static_cast<float>(high) && values[2] == values[0]);
            CHECK(values[1] == 0 && values[3] == 0 && std::isnan(values[4]));
        });
    }
}

TEST(a_channel_that_equalizing_leaves_is_brought_to_the_limits) {
    const Plan plan({.height = 20, .width = 30, .channels = 3, .steps = {{"equalize"}}});
    sweep([&](std::mt19937& random, std::int64_t) {
        std::vector<float> image = random_values(random, 1800);
        for (std::size_t i = 1; i < image.size(); i += 3) image[i] = i % 2 == 0 ? 77.25f : 77.0f;
        image[4] = -3;  // the last level and the rest are too few for a step
        const std::vector<float> before = image;
        std::vector<float> plane = image;
        const double parameter = 1;
        change_pixels(plan, &parameter, Planes<float>{image.data(), 1, 600, 3, 30, 0});
        for (std::size_t i = 1; i < image.size(); i += 3)
            CHECK(image[i] == std::max(before[i], 0.0f));
        // Channels side by side, as one after the other.
        for (std::size_t i = 0; i < 1800; ++i) plane[i % 3 * 600 + i / 3] = before[i];
        change_pixels(plan, &parameter, Planes<float>{plane.data(), 3, 600, 1, 30, 0});
        for (std::size_t i = 0; i < 1800; ++i) CHECK(plane[i % 3 * 600 + i / 3] == image[i]);
    });
}

TEST(what_is_flat_stays_as_it_is_when_sharpened) {
    const Plan plan({.height = 6, .width = 40, .channels = 1, .steps = {{"sharpen"}}});
    sweep([&](std::mt19937&, std::int64_t) {
        for (const float level : {0.0f, 1.0f, 77.0f, 254.0f, 255.0f}) {
            std::vector<float> image(240, level);
            const double factor = 1.7;
            change_pixels(plan, &factor, Planes<float>{image.data(), 1, 240, 1, 40, 0});
            for (const float v : image) CHECK(v == level);
        }
    });
}

int main() { return testing::run_all(); }
