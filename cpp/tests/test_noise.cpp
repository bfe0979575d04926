// Noise: whether its numbers are normal and independent, the same in all tiers, layouts and bands,
// and where sums are cut off.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <numbers>

#include "batchwarp/cpu.hpp"
#include "batchwarp/errors.hpp"
#include "batchwarp/parallel.hpp"
#include "images.hpp"
#include "testing.hpp"

using namespace testing;

namespace {

using Key = std::pair<double, double>;

PlanOptions options_of(std::int64_t height, std::int64_t width, std::int64_t channels) {
    PlanOptions o;
    o.height = height;
    o.width = width;
    o.channels = channels;
    // So wide that nothing is cut off; 0.05 of it is 1.
    o.low = -10;
    o.high = 10;
    o.steps = {{"gaussian_noise"}};
    return o;
}

// What becomes of images of zeros, one for each key.
std::vector<double> noise(PlanOptions o, const std::vector<Key>& keys, DType type = DType::f64,
                          Layout layout = Layout::nhwc) {
    o.channels_first = layout == Layout::nchw;
    const auto n = static_cast<std::int64_t>(keys.size());
    const Plan plan(o);
    const TestBatch source(DType::u8, n, o.height, o.width, o.channels, layout),
        target(type, n, o.height, o.width, o.channels, layout);
    source.each([](std::byte* at) { *at = std::byte{0}; });
    std::vector<double> rows;
    for (const auto& [low, high] : keys) rows.insert(rows.end(), {0.05, low, high});
    BatchRequest request;
    request.source = readable(source.view);
    request.params = rows.data();
    request.target = target.view;
    augment_batch(plan, request);
    return target.values();
}

// A sanitizer needs fewer numbers than statistics do.
const std::int64_t side = sampling == 1 ? 578 : 100;

// About a million normal numbers.
std::vector<double> many() { return noise(options_of(side, side, 3), {{12345, 678}}, DType::f32); }

double correlation(const std::vector<double>& a, const std::vector<double>& b, std::size_t by) {
    double sum = 0;
    for (std::size_t i = 0; i + by < a.size(); ++i) sum += a[i] * b[i + by];
    return sum / static_cast<double>(a.size() - by);
}

// One pixel of one channel, after two steps; the noise's deviation is a tenth of the range.
double changed(double value, const std::vector<StepOptions>& steps, const std::vector<double>& row,
               DType type) {
    PlanOptions o = options_of(1, 1, 1);
    o.low = 0;
    o.high = 100;
    o.steps = steps;
    const TestBatch source(DType::f64, 1, 1, 1, 1, Layout::nhwc),
        target(type, 1, 1, 1, 1, Layout::nhwc);
    source.each([&](std::byte* at) { std::memcpy(at, &value, sizeof value); });
    BatchRequest request;
    request.source = readable(source.view);
    request.params = row.data();
    request.target = target.view;
    augment_batch(Plan(o), request);
    return target.values()[0];
}

}  // namespace

TEST(numbers_are_normal) {
    std::vector<double> values = many();
    const auto n = static_cast<double>(values.size());
    double moments[5] = {};
    for (const double v : values)
        for (int k = 1; k < 5; ++k) moments[k] += std::pow(v, k) / n;
    // Four times the standard error of each.
    const double error = 4 / std::sqrt(n);
    CHECK_NEAR(moments[1], 0, error);
    CHECK_NEAR(moments[2], 1, error * std::sqrt(2.0));
    CHECK_NEAR(moments[3], 0, error * std::sqrt(15.0));
    CHECK_NEAR(moments[4], 3, error * std::sqrt(96.0));
    // Kolmogorov and Smirnov: farther in one of a thousand.
    std::sort(values.begin(), values.end());
    double most = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
        const double wanted = std::erfc(-values[i] / std::numbers::sqrt2) / 2;
        const auto at = static_cast<double>(i);
        most = std::max({most, std::abs(wanted - at / n), std::abs(wanted - (at + 1) / n)});
    }
    CHECK(most < 1.95 / std::sqrt(n));
    for (const double from : {2.0, 3.0, 4.0}) {
        const double beyond = std::erfc(from / std::numbers::sqrt2) * n;
        const auto found = static_cast<double>(std::count_if(
            values.begin(), values.end(), [from](double v) { return std::abs(v) > from; }));
        CHECK_NEAR(found, beyond, 4 * std::sqrt(beyond));
    }
    CHECK(std::max(-values.front(), values.back()) < 5.77);
}

TEST(numbers_have_nothing_to_do_with_each_other) {
    const std::vector<double> values = many();
    const double most = 4 / std::sqrt(static_cast<double>(values.size()));
    const auto row = static_cast<std::size_t>(3 * side);
    // Channels, neighbours, numbers of one pair, of one counter, and of the next ones.
    for (const std::size_t by : {std::size_t{1}, std::size_t{2}, std::size_t{3}, std::size_t{64},
                                 std::size_t{128}, std::size_t{192}, std::size_t{256}, row})
        CHECK_NEAR(correlation(values, values, by), 0, most);
    // Nor are large ones near each other.
    std::vector<double> squares = values;
    for (double& v : squares) v = (v * v - 1) / std::numbers::sqrt2;
    for (const std::size_t by : {std::size_t{1}, std::size_t{3}, std::size_t{64}, row})
        CHECK_NEAR(correlation(squares, squares, by), 0, most);
    for (const Key& key : {Key{12346, 678}, Key{12345, 679}, Key{678, 12345}})
        CHECK_NEAR(correlation(values, noise(options_of(side, side, 3), {key}, DType::f32), 0), 0,
                   most);
}

TEST(every_tier_has_the_numbers_of_double_precision) {
    for (const std::string& tier : available_tiers()) {
        select_tier(tier);
        for (const auto& [height, width] : {std::pair{1, 1}, {1, 63}, {5, 13}, {16, 16}, {61, 89}})
            for (const std::int64_t c : {1, 2, 3, 5}) {
                const PlanOptions o = options_of(height, width, c);
                const std::vector<Key> keys = {{0, 0}, {4294967295.0, 1}, {77, 4e9}};
                const std::vector<double> want = noise(o, keys);
                const std::vector<double> got = noise(o, keys, DType::f32);
                CHECK(got == noise(o, keys, DType::f32, Layout::nchw));
                CHECK(want == noise(o, keys, DType::f64, Layout::nchw));
                double most = 0;
                for (std::size_t i = 0; i < want.size(); ++i)
                    most = std::max(most, std::abs(got[i] - want[i]));
                CHECK_NEAR(most, 0, 2e-6);
            }
    }
}

TEST(the_first_numbers_are_those_of_the_documentation) {
    const std::vector<double> got = noise(options_of(1, 256, 1), {{0, 0}});
    CHECK_NEAR(got[0], -1.354675342367446, 1e-12);
    CHECK_NEAR(got[64], -0.04700498689519764, 1e-12);
    CHECK_NEAR(got[128], -0.09584150784518888, 1e-12);
    CHECK_NEAR(got[192], 0.7775893785331488, 1e-12);
}

TEST(bands_of_an_image_have_its_numbers) {
    const PlanOptions o = options_of(301, 203, 3);
    set_num_threads(1);
    const std::vector<double> want = noise(o, {{5, 6}}, DType::f32);
    for (const int threads : {2, 3, 8}) {
        set_num_threads(threads);
        CHECK(noise(o, {{5, 6}}, DType::f32) == want);
    }
    set_num_threads(0);
}

TEST(sums_are_cut_off_before_what_is_not_linear) {
    const StepOptions some{"gaussian_noise"};
    for (const DType type : {DType::f32, DType::f64}) {
        const std::vector<double> key = {0.1, 0, 0};
        const auto with = [&](std::vector<double> others) {
            others.insert(others.begin(), key.begin(), key.end());
            return others;
        };
        const double added = changed(50, {some}, key, type) - 50;
        CHECK(std::abs(added) > 1);
        const double end = added > 0 ? 100 : 0, over = end + added;
        CHECK(changed(end, {some}, key, type) == end);
        CHECK(changed(end, {some, {"gamma"}}, with({1}), type) == end);
        CHECK_NEAR(changed(end, {some, {"invert"}, {"invert"}}, with({1, 1}), type), end, 1e-4);
        // In one run with what is linear.
        CHECK_NEAR(changed(end, {some, {"brightness"}}, with({0.5}), type), std::max(over / 2, 0.0),
                   1e-4);
        CHECK_NEAR(changed(end, {some, {"invert"}}, with({1}), type), 100 - end, 1e-4);
        // What was linear before is clamped first.
        const std::vector<double> row = {3, 0.1, 0, 0, 0.5};
        if (added < 0)
            CHECK_NEAR(changed(50, {{"brightness"}, some, {"brightness"}}, row, type),
                       (100 + added) / 2, 1e-4);
        // Without noise, nothing is cut off.
        const std::vector<double> none = {0, not_applied, not_applied};
        CHECK(changed(150, {some}, none, type) == 150);
    }
}

TEST(what_is_no_deviation_is_refused) {
    for (const std::vector<double>& std :
         std::vector<std::vector<double>>{{}, {1}, {-0.1, 1}, {0.2, 0.1}, {0, 1, 2}}) {
        PlanOptions o = options_of(2, 2, 1);
        o.steps = {{"gaussian_noise", {{"std", std}}}};
        o.where = {{.operation = 0}};
        std::string message;
        CHECK(throws<InvalidArgument>([&] { Plan{o}; }, &message));
        CHECK(message.find("`std`") != std::string::npos);
    }
}

int main() { return testing::run_all(); }
