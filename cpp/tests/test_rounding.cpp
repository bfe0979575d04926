// Bytes and halves that are rounded once, as they are stored: those of the same plan's floats.
#include <algorithm>
#include <cmath>

#include "batchwarp/cpu.hpp"
#include "batchwarp/parallel.hpp"
#include "half.hpp"
#include "images.hpp"
#include "testing.hpp"

using namespace testing;

namespace {

void augment(const Plan& plan, const TestBatch& source, const Rows& rows, const TestBatch& target,
             int threads = 0) {
    BatchRequest request;
    request.source = readable(source.view);
    request.params = rows.data();
    request.target = target.view;
    request.threads = threads;
    augment_batch(plan, request);
}

double rounded(double value) { return std::clamp(std::floor(value + 0.5), 0.0, 255.0); }

std::vector<double> rounded(std::vector<double> values) {
    for (double& value : values) value = rounded(value);
    return values;
}

// Keras' steps or a recipe's, half of them with values that are scaled to bytes at last.
PlanOptions random_options(std::mt19937& random, std::int64_t channels) {
    PlanOptions o;
    o.height = 17;
    o.width = 36;
    o.channels = channels;
    o.cval = 100.5;
    o.order = static_cast<int>(random() % 4);
    o.fill_mode = all_modes[random() % all_modes.size()];
    o.round_bytes = true;
    const bool keras = random() % 2 == 0;
    o.steps.clear();
    if (keras)
        o.steps = {{"keras_affine"}, {"flip"}, {"keras_channel_shift"}, {"keras_brightness"}};
    else {
        if (random() % 2 == 0) o.steps.push_back({"affine"});
        if (random() % 3 == 0)
            o.steps.push_back({"resize", {{"height", {11}}, {"width", {9}}, {"antialias", {0}}}});
        for (StepOptions& step : random_colors(random, channels, 4))
            o.steps.push_back(std::move(step));
    }
    if (random() % 2 == 0) {
        const auto n = static_cast<std::size_t>(channels);
        o.steps.push_back(
            {"normalize", {{"rescale", {0.5}}, {"mean", std::vector<double>(n, -30.25)}}});
    }
    return o;
}

Rows random_rows(const Plan& plan, std::int64_t count, std::mt19937& random) {
    Rows rows(plan, count);
    for (std::int64_t i = 0; i < count; ++i) {
        if (i > 0)
            for (const Step& step : plan.coordinate_steps())
                for (int k = 0; k < step.description->column_count(); ++k) {
                    const Column& column = step.description->columns[k];
                    rows.row(i)[step.column + k] = uniform(random, column.low, column.high);
                }
        color_randomly(rows, i, plan, random, true);
    }
    return rows;
}

// A plan with images for it.
struct RandomCase {
    RandomCase(std::mt19937& random, DType type, std::int64_t channels, Layout of_all)
        : layout(of_all),
          options(with_layout(random_options(random, channels), of_all)),
          plan(options),
          source(type, 3, options.height, options.width, channels, of_all) {
        source.fill(random);
    }
    TestBatch target(DType type) const {
        return {type, 3, plan.target_height(), plan.target_width(), options.channels, layout};
    }

    static PlanOptions with_layout(PlanOptions options, Layout layout) {
        options.channels_first = layout == Layout::nchw;
        return options;
    }

    Layout layout;
    PlanOptions options;
    Plan plan;
    TestBatch source;
};

}  // namespace

TEST(bytes_are_the_floats_of_the_same_plan_rounded_once) {
    std::mt19937 random(1);
    int filled = 0;
    for (const std::string& tier : available_tiers()) {
        select_tier(tier);
        for (const std::int64_t c : {1, 2, 3, 4})
            for (const Layout layout : {Layout::nhwc, Layout::nchw, Layout::padded})
                for (const DType type : {DType::u8, DType::u16, DType::f32})
                    for (int repeat = 0; repeat < 12; ++repeat) {
                        if (!sampled()) continue;
                        const RandomCase one(random, type, c, layout);
                        const Plan& plan = one.plan;
                        const TestBatch& source = one.source;
                        scale_values(source, 1.3, -20);
                        Rows rows = random_rows(plan, 3, random);
                        const TestBatch bytes = one.target(DType::u8), want = one.target(DType::u8),
                                        floats = one.target(DType::f32),
                                        exact = one.target(DType::f32);
                        augment(plan, source, rows, bytes);
                        augment(plan, source, rows, floats);
                        CHECK(bytes.values() == rounded(floats.values()));
                        filled += static_cast<int>(std::ranges::count(bytes.values(), 101.0));
                        for (std::int64_t i = 0; i < 3; ++i) {
                            const ImageView image = readable(source.view)[i];
                            reference_augment(plan, image, rows.row(i), want.view[i]);
                            reference_augment(plan, image, rows.row(i), exact.view[i]);
                        }
                        // What the reference keeps in double may be just below a half.
                        const std::vector<double> got = want.values(), of = exact.values();
                        for (std::size_t k = 0; k < got.size(); ++k)
                            CHECK(got[k] == rounded(of[k]) || (of[k] - std::floor(of[k]) == 0.5 &&
                                                               got[k] == rounded(of[k]) - 1));
                    }
    }
    CHECK(filled > 0);
}

TEST(halves_are_the_floats_of_the_same_plan_rounded_once) {
    std::mt19937 random(4);
    for (const std::string& tier : available_tiers()) {
        select_tier(tier);
        for (const std::int64_t c : {1, 3, 4})
            for (const Layout layout : {Layout::nhwc, Layout::nchw, Layout::padded})
                for (const DType type : {DType::u8, DType::f32}) {
                    const RandomCase one(random, type, c, layout);
                    const Rows rows = random_rows(one.plan, 3, random);
                    const TestBatch halves = one.target(DType::f16),
                                    floats = one.target(DType::f32);
                    augment(one.plan, one.source, rows, halves);
                    augment(one.plan, one.source, rows, floats);
                    std::vector<double> want = floats.values();
                    for (double& value : want)
                        value = static_cast<double>(to_float(to_half(static_cast<float>(value))));
                    CHECK(halves.values() == want);
                }
    }
}

TEST(chains_are_rounded_once_when_they_are_mixed) {
    std::mt19937 random(2);
    PlanOptions o;
    o.height = 12;
    o.width = 20;
    o.channels = 3;
    o.round_bytes = true;
    o.steps = {{"affine"}, {"brightness"}, {"contrast"}, {"gamma"}};
    o.mixture.chains = 2;
    o.mixture.of_steps = {0, 1, 2, -1};
    for (const std::string& tier : available_tiers()) {
        select_tier(tier);
        const Plan plan(o);
        const TestBatch source(DType::u8, 4, 12, 20, 3, Layout::nhwc),
            bytes(DType::u8, 4, 12, 20, 3, Layout::nhwc),
            want(DType::u8, 4, 12, 20, 3, Layout::nhwc),
            floats(DType::f32, 4, 12, 20, 3, Layout::nhwc);
        source.fill(random);
        Rows rows = random_rows(plan, 4, random);
        for (std::int64_t i = 0; i < 4; ++i) {
            const double weights[] = {0.3, 0.2, 0.5};
            std::copy_n(weights, 3, rows.row(i) + plan.mixture()->column);
        }
        augment(plan, source, rows, bytes);
        augment(plan, source, rows, floats);
        CHECK(bytes.values() == rounded(floats.values()));
        int off = 0;
        for (std::int64_t i = 0; i < 4; ++i)
            reference_augment(plan, readable(source.view)[i], rows.row(i), want.view[i]);
        const std::vector<double> got = bytes.values(), expected = want.values(),
                                  of = floats.values();
        for (std::size_t k = 0; k < got.size(); ++k)
            off += got[k] != expected[k] && std::abs(of[k] - std::floor(of[k]) - 0.5) > 2e-3;
        CHECK(off == 0);
    }
}

TEST(rounded_bytes_do_not_depend_on_bands_or_threads) {
    std::mt19937 random(3);
    set_num_threads(4);
    for (const std::int64_t c : {1, 3})
        for (const int order : {0, 1, 3})
            for (const std::int64_t n : {1, 3}) {
                PlanOptions o;
                o.height = 190;
                o.width = 203;
                o.channels = c;
                o.order = order;
                o.round_bytes = true;
                const Plan plan(o);
                const TestBatch source(DType::u8, n, 190, 203, c, Layout::nhwc);
                source.fill(random);
                Rows rows(plan, n);
                for (std::int64_t i = 0; i < n; ++i)
                    std::copy_n(random_row(random, 190, 203, i == 2).data(), 8, rows.row(i));
                const TestBatch one(DType::u8, n, 190, 203, c, Layout::nhwc),
                    four(DType::u8, n, 190, 203, c, Layout::nhwc),
                    floats(DType::f32, n, 190, 203, c, Layout::nhwc);
                augment(plan, source, rows, one, 1);
                augment(plan, source, rows, four, 4);
                augment(plan, source, rows, floats, 4);
                CHECK(one.values() == four.values());
                CHECK(one.values() == rounded(floats.values()));
            }
}

TEST(what_a_plan_does_not_round_is_truncated) {
    PlanOptions o;
    o.height = o.width = 1;
    o.channels = 4;
    const TestBatch source(DType::f32, 1, 1, 1, 4, Layout::nhwc),
        target(DType::u8, 1, 1, 1, 4, Layout::nhwc);
    const float values[] = {12.5f, 12.49f, -3.0f, 255.7f};
    std::memcpy(source.memory.get(), values, sizeof values);
    augment(Plan(o), source, Rows(Plan(o), 1), target);
    CHECK(target.values() == (std::vector<double>{12, 12, 0, 255}));
    o.round_bytes = true;
    augment(Plan(o), source, Rows(Plan(o), 1), target);
    CHECK(target.values() == (std::vector<double>{13, 12, 0, 255}));
}

int main() { return run_all(); }
