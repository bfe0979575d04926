// Mean and deviation of images, in all tiers, against double; and extremes that a step knows.
#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "batchwarp/cpu.hpp"
#include "batchwarp/plan.hpp"
#include "color/pixel_steps.hpp"
#include "color/statistics.hpp"
#include "images.hpp"
#include "testing.hpp"

using namespace testing;

namespace {

constexpr std::int64_t counts[] = {1,   2,    7,    31,   32,   33,   63,    64,          65,
                                   784, 2047, 2048, 2049, 2111, 4096, 67500, 4 * 2048 + 5};

template <class F>
void every_tier(F&& body) {
    for (const std::string& tier : available_tiers()) {
        select_tier(tier);
        body();
    }
}

std::vector<float> random_values(std::mt19937& random, std::int64_t count, double low,
                                 double high) {
    std::vector<float> values(static_cast<std::size_t>(count));
    for (float& v : values) v = static_cast<float>(uniform(random, low, high));
    return values;
}

Planes<float> image_of(std::vector<float>& values) {
    const auto count = static_cast<std::int64_t>(values.size());
    return {values.data(), 1, count, 1, count, 0};
}

// In two passes over values that are double from the start.
Moments exact(const std::vector<float>& values) {
    const std::vector<double> wide(values.begin(), values.end());
    const auto n = static_cast<double>(wide.size());
    double sum = 0, squares = 0;
    for (const double v : wide) sum += v - wide[0];
    const double mean = wide[0] + sum / n;
    for (const double v : wide) squares += (v - mean) * (v - mean);
    return {mean, std::sqrt(squares / n)};
}

// What NumPy's sums of float32 are right to, at the least.
void check_moments(std::vector<float> values) {
    const Moments got = moments_of(image_of(values)), want = exact(values);
    CHECK_NEAR(got.deviation, want.deviation, 1e-6 * want.deviation);
    CHECK_NEAR(got.mean, want.mean, 1e-6 * want.deviation + 1e-14 * std::abs(want.mean));
}

}  // namespace

TEST(moments_are_right_whatever_values_are) {
    std::mt19937 random(1);
    every_tier([&] {
        for (const std::int64_t n : counts) {
            check_moments(random_values(random, n, 0, 255));
            check_moments(random_values(random, n, -1, 1));
            check_moments(
                random_values(random, n, 1e6, 1e6 + 3));  // of few units in the last place
            check_moments(random_values(random, n, -7e-31, 5e-31));  // squares would vanish
            check_moments(random_values(random, n, -3e30, 5e30));    // or would be infinite
            check_moments(random_values(random, n, -1e-13, 1e-13));
        }
    });
}

TEST(moments_are_right_where_parts_of_an_image_differ) {
    every_tier([] {
        for (const std::int64_t n : counts) {
            std::vector<float> ramp(static_cast<std::size_t>(n)), halves = ramp, last = ramp;
            for (std::size_t i = 0; i < ramp.size(); ++i) {
                ramp[i] = 1000.0f + static_cast<float>(i);
                halves[i] = i < ramp.size() / 2 ? -5e4f : 5e4f + static_cast<float>(i % 3);
            }
            last.back() = 1e4f;
            check_moments(ramp);
            check_moments(halves);
            check_moments(last);
            std::vector<float> first = last;
            std::ranges::reverse(first);
            check_moments(first);
        }
    });
}

TEST(an_image_of_one_value_has_it_as_its_mean_and_no_deviation) {
    every_tier([] {
        for (const std::int64_t n : counts)
            for (const float level : {0.0f, 0.1f, -77.7f, 1e-40f, 1e-20f, 255.0f, 3e38f, -3e38f}) {
                std::vector<float> image(static_cast<std::size_t>(n), level);
                const Moments got = moments_of(image_of(image));
                CHECK(got.mean == static_cast<double>(level) && got.deviation == 0);
            }
    });
}

TEST(moments_of_what_is_not_finite_are_not_either) {
    constexpr float nan = std::numeric_limits<float>::quiet_NaN();
    constexpr float infinity = std::numeric_limits<float>::infinity();
    std::mt19937 random(2);
    every_tier([&] {
        for (const std::int64_t n : counts)
            for (const float odd : {nan, infinity, -infinity}) {
                std::vector<float> image = random_values(random, n, 0, 255);
                image[random() % image.size()] = odd;
                const Moments got = moments_of(image_of(image));
                CHECK(!std::isfinite(got.mean) && std::isnan(got.deviation));
            }
    });
}

// The second step knows the extremes from the first.
TEST(brightness_after_a_channel_shift_is_as_of_a_new_image) {
    const Plan both({.height = 9,
                     .width = 9,
                     .channels = 1,
                     .steps = {{"keras_channel_shift"}, {"keras_brightness"}}});
    const Plan shift({.height = 9, .width = 9, .channels = 1, .steps = {{"keras_channel_shift"}}});
    const Plan brighten({.height = 9, .width = 9, .channels = 1, .steps = {{"keras_brightness"}}});
    std::mt19937 random(6);
    every_tier([&] {
        for (const double amount : {-30.0, 0.5, 40.0})
            for (const double high : {200.0, 300.0, std::nan("")}) {
                std::vector<float> at_once = random_values(random, 81, 0, 200);
                at_once[5] = static_cast<float>(high);
                if (std::isnan(high)) std::ranges::fill(at_once, static_cast<float>(high));
                std::vector<float> in_turn = at_once;
                const double row[] = {amount, 1.4};
                change_pixels(both, row, image_of(at_once));
                change_pixels(shift, row, image_of(in_turn));
                change_pixels(brighten, row + 1, image_of(in_turn));
                for (std::size_t i = 0; i < at_once.size(); ++i)
                    CHECK(at_once[i] == in_turn[i] ||
                          (std::isnan(at_once[i]) && std::isnan(in_turn[i])));
            }
    });
}

int main() { return testing::run_all(); }
