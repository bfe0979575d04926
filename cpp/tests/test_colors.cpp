// Operations of recipes that change pixels, in all tiers, against the reference: alone, in runs,
// fused and not.
#include <algorithm>
#include <cmath>
#include <limits>

#include "batchwarp/cpu.hpp"
#include "batchwarp/errors.hpp"
#include "images.hpp"
#include "testing.hpp"

using namespace testing;

namespace {

PlanOptions options_of(std::int64_t height, std::int64_t width, std::int64_t channels,
                       std::vector<StepOptions> steps) {
    PlanOptions o;
    o.height = height;
    o.width = width;
    o.channels = channels;
    o.steps = std::move(steps);
    return o;
}

void augment(const Plan& plan, const TestBatch& source, const double* params,
             const TestBatch& target) {
    BatchRequest request;
    request.source = readable(source.view);
    request.params = params;
    request.target = target.view;
    augment_batch(plan, request);
}

double worst(const TestBatch& got, const TestBatch& want) {
    const std::vector<double> a = got.values(), b = want.values();
    double most = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        const double difference = std::abs(a[i] - b[i]);
        most = difference <= most ? most : difference;  // NaN counts
    }
    return most;
}

// One image of float32 or float64 with three channels, and what becomes of it.
std::vector<double> changed(const PlanOptions& options, const std::vector<double>& values,
                            const std::vector<double>& row, DType type = DType::f64) {
    const Plan plan(options);
    CHECK(row.size() == plan.columns().size());
    const auto batch = [&](DType dtype) {
        return TestBatch(dtype, 1, options.height, options.width, options.channels, Layout::nhwc);
    };
    const TestBatch source = batch(DType::f64), target = batch(type);
    auto value = values.begin();
    source.each([&](std::byte* at) { std::memcpy(at, &*value++, sizeof(double)); });
    augment(plan, source, row.data(), target);
    return target.values();
}

// Every sequence that `pick` makes, in all tiers, layouts and types, against the reference.
template <class Pick>
void compare_with_the_reference(int seed, Pick&& pick) {
    std::mt19937 random(static_cast<unsigned>(seed));
    for (const std::string& tier : available_tiers()) {
        select_tier(tier);
        for (const std::int64_t c : {1, 2, 3, 3, 4, 5})
            for (const Layout layout : {Layout::nhwc, Layout::nchw, Layout::padded})
                for (const DType type : {DType::u8, DType::f16, DType::f32, DType::f64})
                    for (const bool fused : {true, false}) {
                        if (!sampled()) continue;
                        PlanOptions o = options_of(13, 31, c, pick(random, c));
                        o.channels_first = layout == Layout::nchw;
                        o.fused = fused;
                        if (random() % 3 == 0) o.low = -20, o.high = 235;
                        const bool normalizes = type != DType::u8 && random() % 2 == 0;
                        if (normalizes) {
                            const auto n = static_cast<std::size_t>(c);
                            o.steps.push_back({"normalize",
                                               {{"mean", std::vector<double>(n, 100)},
                                                {"std", std::vector<double>(n, -50)}}});
                        }
                        const Plan plan(o);
                        const TestBatch source(DType::u8, 3, 13, 31, c, layout),
                            got(type, 3, 13, 31, c, layout), want(type, 3, 13, 31, c, layout);
                        source.fill(random);
                        Rows rows(plan, 3);
                        for (std::int64_t i = 0; i < 3; ++i)
                            color_randomly(rows, i, plan, random, i > 0);
                        augment(plan, source, rows.data(), got);
                        for (std::int64_t i = 0; i < 3; ++i)
                            reference_augment(plan, readable(source.view)[i], rows.row(i),
                                              want.view[i]);
                        CHECK_NEAR(worst(got, want), 0, tolerance(type, 1));
                    }
    }
}

}  // namespace

TEST(each_operation_equals_the_reference) {
    for (std::size_t k = 0; k < color_names(3).size(); ++k)
        compare_with_the_reference(3, [k](std::mt19937&, std::int64_t c) {
            const std::vector<std::string> names = color_names(c);
            return std::vector<StepOptions>{{names[k % names.size()]}};
        });
}

TEST(runs_equal_the_reference) {
    for (int seed = 0; seed < 8; ++seed)
        compare_with_the_reference(
            seed, [](std::mt19937& random, std::int64_t c) { return random_colors(random, c, 6); });
}

TEST(fused_and_unfused_steps_agree) {
    std::mt19937 random(4);
    for (int round = 0; round < 100; ++round) {
        const std::int64_t c = 1 + static_cast<std::int64_t>(random() % 4);
        PlanOptions o = options_of(9, 17, c, random_colors(random, c, 6));
        const Plan fused(o);
        o.fused = false;
        const Plan unfused(o);
        const TestBatch source(DType::u8, 1, 9, 17, c, Layout::nhwc),
            one(DType::f64, 1, 9, 17, c, Layout::nhwc),
            other(DType::f64, 1, 9, 17, c, Layout::nhwc);
        source.fill(random);
        Rows rows(fused, 1);
        color_randomly(rows, 0, fused, random, true);
        augment(fused, source, rows.data(), one);
        augment(unfused, source, rows.data(), other);
        CHECK_NEAR(worst(one, other), 0, 1e-9);
    }
}

TEST(nothing_is_clamped_within_a_run) {
    for (const DType type : {DType::f32, DType::f64})
        for (const bool fused : {true, false}) {
            PlanOptions o = options_of(1, 1, 3, {{"brightness"}, {"brightness"}});
            o.fused = fused;
            const std::vector<double> values = {200, 100, 10};
            CHECK(changed(o, values, {1.5, 0.5}, type) == std::vector<double>({150, 75, 7.5}));
            CHECK(changed(o, values, {2, 1}, type) == std::vector<double>({255, 200, 20}));
        }
}

TEST(what_is_not_linear_ends_a_run_and_is_not_clamped_itself) {
    const std::vector<StepOptions> steps = {
        {"brightness"}, {"erase", {{"value", {300, -5, 7}}}}, {"brightness"}};
    const PlanOptions o = options_of(1, 2, 3, steps);
    const std::vector<double> values = {200, 100, 10, 200, 100, 10};
    CHECK(changed(o, values, {2, 0, 1, 1, 1, 0.5}) ==
          std::vector<double>({127.5, 100, 10, 150, 0, 3.5}));
    CHECK(changed(o, values, {2, 0, 1, 1, 1, 1}) ==
          std::vector<double>({255, 200, 20, 300, -5, 7}));
}

TEST(values_beyond_the_range_stay_where_nothing_linear_acts) {
    const std::vector<double> values = {300, -7, 10};
    const PlanOptions o = options_of(1, 1, 3, {{"brightness"}, {"erase"}});
    CHECK(changed(o, values, {1, 5, 5, 1, 1}) == values);
    CHECK(changed(o, values, {0.5, 5, 5, 0, 0}) == std::vector<double>({150, 0, 5}));
}

TEST(normalization_comes_after_the_clamp) {
    for (const DType type : {DType::f32, DType::f64})
        for (const double std : {0.5, -0.5}) {
            const std::vector<double> mean = {10, 20, 30}, deviation = {std, std, std};
            const std::vector<StepOptions> steps = {
                {"brightness"},
                {"erase", {{"value", {300}}}},
                {"normalize", {{"mean", mean}, {"std", deviation}}}};
            const std::vector<double> got =
                changed(options_of(1, 2, 3, steps), {200, 100, 10, 0, 0, 0}, {2, 0, 1, 1, 1}, type);
            const std::vector<double> want = {245 / std, 180 / std, -10 / std,
                                              290 / std, 280 / std, 270 / std};
            for (std::size_t i = 0; i < want.size(); ++i) CHECK_NEAR(got[i], want[i], 1e-4);
        }
}

TEST(any_channel_can_be_dropped) {
    for (const std::int64_t c : {1, 2, 3, 5})
        for (std::int64_t dropped = 0; dropped < c; ++dropped) {
            PlanOptions o = options_of(1, 1, c, {{"channel_drop"}});
            o.low = 3;
            const std::vector<double> values(static_cast<std::size_t>(c), 9);
            std::vector<double> want = values;
            want[static_cast<std::size_t>(dropped)] = 3;
            CHECK(changed(o, values, {static_cast<double>(dropped)}) == want);
        }
}

TEST(bands_of_a_large_image_are_erased_where_they_should) {
    const Plan plan(options_of(300, 200, 3, {{"erase", {{"value", {1, 2, 3}}}}, {"invert"}}));
    std::mt19937 random(8);
    const TestBatch source(DType::u8, 1, 300, 200, 3, Layout::nhwc),
        got(DType::f32, 1, 300, 200, 3, Layout::nhwc),
        want(DType::f32, 1, 300, 200, 3, Layout::nhwc);
    source.fill(random);
    for (const double inverted : {0.0, 1.0}) {
        const double row[] = {-20, 150, 250, 500, inverted};
        augment(plan, source, row, got);
        reference_augment(plan, readable(source.view)[0], row, want.view[0]);
        CHECK(got.values() == want.values());
    }
}

TEST(bands_of_a_large_image_have_one_grid) {
    const Plan plan(options_of(300, 200, 3, {{"erase_grid", {{"value", {1, 2, 3}}}}, {"invert"}}));
    std::mt19937 random(9);
    for (const Layout layout : {Layout::nhwc, Layout::nchw}) {
        const TestBatch source(DType::u8, 1, 300, 200, 3, layout),
            got(DType::f32, 1, 300, 200, 3, layout), want(DType::f32, 1, 300, 200, 3, layout);
        source.fill(random);
        for (const double unit : {2.0, 7.0, 96.0, 250.0, 500.0, 4e9})
            for (const double top : {0.0, 3.0, 249.0, -1.0, -600.0})
                for (const double inverted : {0.0, 1.0}) {
                    const double row[] = {top, 5, unit, std::floor(unit / 2), inverted};
                    augment(plan, source, row, got);
                    reference_augment(plan, readable(source.view)[0], row, want.view[0]);
                    CHECK(got.values() == want.values());
                }
    }
}

TEST(grids_are_where_they_should) {
    const PlanOptions o = options_of(1, 7, 1, {{"erase_grid", {{"value", {9}}}}});
    const auto line = [&o](double left, double unit, double hole) {
        return changed(o, std::vector<double>(7, 0.0), {0, left, unit, hole});
    };
    CHECK(line(0, 3, 1) == std::vector<double>({9, 0, 0, 9, 0, 0, 9}));
    CHECK(line(1, 3, 2) == std::vector<double>({0, 9, 9, 0, 9, 9, 0}));
    CHECK(line(2, 3, 2) == std::vector<double>({9, 0, 9, 9, 0, 9, 9}));
    CHECK(line(6, 20, 5) == std::vector<double>({0, 0, 0, 0, 0, 0, 9}));
    CHECK(line(18, 20, 5) == std::vector<double>({9, 9, 9, 0, 0, 0, 0}));
}

TEST(blurs_of_any_size_equal_the_reference) {
    std::mt19937 random(6);
    for (const std::string& tier : available_tiers()) {
        select_tier(tier);
        for (const std::int64_t c : {1, 3, 5})
            for (const auto& [height, width] :
                 {std::pair{1, 1}, {1, 2}, {2, 1}, {4, 7}, {5, 300}, {70, 9}, {60, 350}})
                for (const double size : {0, 1, 9, 15, 19, 21, 201})
                    for (const double sigma : {1e-200, 0.3, 2.5, 20.0})
                        for (const Layout layout : {Layout::nhwc, Layout::nchw})
                            for (const auto& [given, type] : {std::pair{DType::u8, DType::f32},
                                                              {DType::f32, DType::f32},
                                                              {DType::u8, DType::f64}}) {
                                if (width > 300 && size > 21) continue;  // slow, and nothing new
                                if (!sampled()) continue;
                                PlanOptions o =
                                    options_of(height, width, c,
                                               {{"gaussian_blur", {{"kernel_size", {size}}}}});
                                o.channels_first = layout == Layout::nchw;
                                const Plan plan(o);
                                const TestBatch source(given, 1, height, width, c, layout),
                                    got(type, 1, height, width, c, layout),
                                    want(type, 1, height, width, c, layout);
                                source.fill(random);
                                augment(plan, source, &sigma, got);
                                reference_augment(plan, readable(source.view)[0], &sigma,
                                                  want.view[0]);
                                CHECK_NEAR(worst(got, want), 0, tolerance(type, 1));
                            }
    }
}

TEST(what_is_flat_stays_so_in_a_blur) {
    for (const std::string& tier : available_tiers()) {
        select_tier(tier);
        const Plan plan(options_of(23, 31, 3, {{"gaussian_blur"}}));
        for (const double sigma : {0.1, 0.8, 1.0, 1.3, 1.7, 2.0, 2.2, 2.6, 3.0, 30.0})
            for (const DType type : {DType::f32, DType::f64}) {
                for (const float value : {0.1F, 1.0F / 3, 254.7F, 255.0F}) {
                    const std::vector<double> values(std::size_t{23 * 31 * 3}, value);
                    CHECK(changed(options_of(23, 31, 3, {{"gaussian_blur"}}), values, {sigma},
                                  type) == values);
                }
                for (const int value : {0, 77, 199, 255}) {
                    const TestBatch source(DType::u8, 1, 23, 31, 3, Layout::nhwc),
                        got(type, 1, 23, 31, 3, Layout::nhwc);
                    source.each([&](std::byte* at) { *at = static_cast<std::byte>(value); });
                    augment(plan, source, &sigma, got);
                    for (const double v : got.values()) CHECK(v == value);
                }
            }
    }
}

// A flat part of an image is flat behind it, up to where other pixels count.
TEST(what_is_flat_in_an_image_stays_so_in_a_blur) {
    for (const std::string& tier : available_tiers()) {
        select_tier(tier);
        for (const double sigma : {1.0, 1.6, 3.0}) {
            const std::int64_t radius = static_cast<std::int64_t>(std::ceil(3 * sigma));
            const std::int64_t height = 61, width = 70;
            std::mt19937 random(4);
            std::vector<double> values(static_cast<std::size_t>(height * width));
            for (std::int64_t i = 0; i < height * width; ++i)
                values[static_cast<std::size_t>(i)] =
                    i / width < 30 && i % width < 40 ? 201 : static_cast<double>(random() % 256);
            const std::vector<double> got = changed(
                options_of(height, width, 1, {{"gaussian_blur"}}), values, {sigma}, DType::f32);
            for (std::int64_t y = 0; y < 30 - radius; ++y)
                for (std::int64_t x = 0; x < 40 - radius; ++x)
                    CHECK(got[static_cast<std::size_t>(y * width + x)] == 201);
        }
    }
}

TEST(bytes_of_a_channel_that_is_flat_are_not_equalized) {
    std::mt19937 random(8);
    for (const std::int64_t c : {1, 2, 3})
        for (const bool fused : {true, false}) {
            PlanOptions o = options_of(40, 50, c, {{"equalize"}, {"invert"}});
            o.fused = fused;
            const Plan plan(o);
            const TestBatch source(DType::u8, 1, 40, 50, c, Layout::nhwc),
                got(DType::f32, 1, 40, 50, c, Layout::nhwc),
                want(DType::f32, 1, 40, 50, c, Layout::nhwc);
            source.fill(random);
            std::int64_t value = 0;
            source.each([&](std::byte* at) {
                if (value++ % c == 0) *at = std::byte{77};
            });
            for (const double inverted : {0.0, 1.0}) {
                const double row[] = {1, inverted};
                augment(plan, source, row, got);
                reference_augment(plan, readable(source.view)[0], row, want.view[0]);
                CHECK_NEAR(worst(got, want), 0, 1e-3);
            }
        }
}

TEST(windows_of_a_blur_are_odd) {
    for (const double size : {-1.0, 2.0, 2.5, 6003.0})
        CHECK(throws<InvalidArgument>(
            [size] { Plan(options_of(2, 2, 3, {{"gaussian_blur", {{"kernel_size", {size}}}}})); }));
}

TEST(compressed_images_of_any_size_equal_the_reference) {
    std::mt19937 random(9);
    for (const std::string& tier : available_tiers()) {
        select_tier(tier);
        for (const std::int64_t c : {1, 3})
            for (const std::int64_t height : {1, 2, 15, 17, 50})
                for (const std::int64_t width : {1, 4, 5, 64, 131})
                    for (const double quality : {1.0, 49.0, 75.4, 100.0})
                        for (const Layout layout : {Layout::nhwc, Layout::nchw})
                            for (const DType type : {DType::u8, DType::f32, DType::f64}) {
                                if (!sampled()) continue;
                                PlanOptions o =
                                    options_of(height, width, c, {{"jpeg_compression"}});
                                o.channels_first = layout == Layout::nchw;
                                const std::pair<double, double> limits[] = {
                                    {0, 255}, {0, 255}, {0, 510}, {-20, 235}, {-0.5, 254.5}};
                                const auto [low, high] = limits[random() % 5];
                                o.low = low, o.high = high;
                                const Plan plan(o);
                                const TestBatch source(DType::u8, 1, height, width, c, layout),
                                    got(type, 1, height, width, c, layout),
                                    want(type, 1, height, width, c, layout);
                                source.fill(random);
                                augment(plan, source, &quality, got);
                                reference_augment(plan, readable(source.view)[0], &quality,
                                                  want.view[0]);
                                CHECK(got.values() == want.values());
                            }
    }
}

TEST(values_are_rounded_to_levels_before_they_are_compressed) {
    PlanOptions o = options_of(1, 4, 1, {{"jpeg_compression"}});
    for (const std::string& tier : available_tiers()) {
        select_tier(tier);
        for (const DType type : {DType::f32, DType::f64}) {
            CHECK(changed(o, {99.5, 100.49, 99.7, 100.2}, {100}, type) ==
                  std::vector<double>({100, 100, 100, 100}));
            CHECK(changed(o, {300, 1e30, 255, 256}, {100}, type) ==
                  std::vector<double>({255, 255, 255, 255}));
        }
    }
}

TEST(not_a_number_reaches_no_other_pixel) {
    std::vector<double> values(7 * 5 * 3, 100);
    values[30] = std::numeric_limits<double>::quiet_NaN();
    for (const std::string& tier : available_tiers()) {
        select_tier(tier);
        for (const std::string& name : color_names(3)) {
            const PlanOptions o = options_of(7, 5, 3, {{name}});
            std::mt19937 random(2);
            const Plan plan(o);
            Rows rows(plan, 1);
            color_randomly(rows, 0, plan, random, false);
            const std::vector<double> row(rows.data(), rows.data() + plan.columns().size());
            for (const DType type : {DType::f32, DType::f64}) {
                const std::vector<double> got = changed(o, values, row, type);
                const bool spreads = plan.pixel_steps()[0].description->needs.whole_image();
                for (std::size_t i = 0; i < got.size(); ++i)
                    CHECK(spreads || i / 3 == 10 || !std::isnan(got[i]));
            }
        }
    }
}

TEST(images_that_an_operation_makes_no_sense_of_are_refused) {
    for (const std::string& name : color_names(3)) {
        std::string message;
        const bool refused =
            throws<InvalidArgument>([&] { Plan(options_of(2, 2, 2, {{name}})); }, &message);
        const std::vector<std::string> fitting = color_names(2);
        CHECK(refused == (std::find(fitting.begin(), fitting.end(), name) == fitting.end()));
        if (refused) CHECK(message.find(name) != std::string::npos);
    }
    for (const char* name : {"erase", "erase_grid", "erase_square"})
        CHECK(throws<InvalidArgument>(
            [name] { Plan(options_of(2, 2, 3, {{name, {{"value", {1, 2}}}}})); }));
}

int main() { return testing::run_all(); }
