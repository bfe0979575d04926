// Images that are made in several chains and mixed, against the reference; how much chains count.
#include <numeric>

#include "batchwarp/cpu.hpp"
#include "batchwarp/draws.hpp"
#include "batchwarp/errors.hpp"
#include "images.hpp"
#include "testing.hpp"

using namespace batchwarp;
using namespace testing;

namespace {

// Before the chains a crop and a brightness, in each a move and a colour, behind them two more.
PlanOptions mixed(int chains = 2) {
    PlanOptions o{.height = 11, .width = 14, .channels = 3, .steps = {}};
    const Distribution fixed{.centre = 1};
    const auto add = [&](const char* operation, int chain) {
        const std::size_t columns = std::string(operation) == "affine" ? 6 : 1;
        o.steps.push_back({operation, {}, std::vector(columns, fixed)});
        o.mixture.of_steps.push_back(chain);
    };
    o.steps.push_back({"crop", {{"top", {1}}, {"left", {2}}, {"height", {9}}, {"width", {10}}}});
    o.mixture.of_steps.push_back(0);
    add("brightness", 0);
    for (int chain = 1; chain <= chains; ++chain) {
        add("affine", chain);
        add("contrast", chain);
    }
    add("affine", -1);
    add("solarize", -1);
    o.steps.push_back({"normalize", {{"mean", {90, 100, 110}}}});
    o.mixture.of_steps.push_back(-1);
    o.mixture.chains = chains;
    return o;
}

// Of every image of `mixed()`: another angle in each chain, and weights that do not add up to 1.
Rows rows_of(const Plan& plan, std::int64_t count) {
    Rows rows(plan, count);
    for (std::int64_t i = 0; i < count; ++i) {
        double* row = rows.row(i);
        row[0] = 1.2;                              // brightness
        row[1] = 20 + 5 * static_cast<double>(i);  // affine, contrast
        row[7] = 0.5;
        row[8] = -15;
        row[14] = 1.4;
        row[15] = 10;   // affine
        row[21] = 0.6;  // solarize
        double* weights = row + plan.mixture()->column;
        weights[0] = 0.5;
        weights[1] = i == 1 ? 0 : 0.25;
        weights[2] = 1;
    }
    return rows;
}

}  // namespace

TEST(chains_are_mixed_as_in_the_reference) {
    std::mt19937 random(1);
    for (const std::string& tier : available_tiers())
        for (const DType dtype : {DType::u8, DType::f32, DType::f64})
            for (const Layout layout : {Layout::nhwc, Layout::nchw, Layout::padded})
                for (const int order : {0, 1, 3}) {
                    if (!sampled()) continue;
                    select_tier(tier);
                    PlanOptions options = mixed();
                    options.order = order;
                    options.channels_first = layout == Layout::nchw;
                    // Bytes are not scaled.
                    if (dtype == DType::u8) {
                        options.steps.pop_back();
                        options.mixture.of_steps.pop_back();
                    }
                    const Plan plan(options);
                    const TestBatch source(DType::u8, 3, 11, 14, 3, layout);
                    const TestBatch target(dtype, 3, 9, 10, 3, layout);
                    const TestBatch expected(dtype, 3, 9, 10, 3, layout);
                    source.fill(random);
                    Rows rows = rows_of(plan, 3);
                    for (const int threads : {1, 4}) {
                        BatchRequest request;
                        request.source = readable(source.view);
                        request.target = target.view;
                        request.params = rows.data();
                        request.threads = threads;
                        augment_batch(plan, request);
                        for (std::int64_t i = 0; i < 3; ++i)
                            reference_augment(plan, readable(source.view)[i], rows.row(i),
                                              expected.view[i]);
                        const std::vector<double> ours = target.values(),
                                                  theirs = expected.values();
                        int off = 0;  // a value at the threshold may be on either side of it
                        for (std::size_t k = 0; k < ours.size(); ++k)
                            off += std::abs(ours[k] - theirs[k]) > tolerance(dtype, order);
                        CHECK(off <= 2);
                    }
                }
}

TEST(where_chains_agree_nothing_is_rounded) {
    PlanOptions options = mixed(3);
    options.steps.resize(1);
    options.mixture.of_steps.resize(1);
    const Plan plan(options);
    const TestBatch source(DType::u8, 1, 11, 14, 3, Layout::nhwc);
    const TestBatch target(DType::f32, 1, 9, 10, 3, Layout::nhwc);
    std::mt19937 random(2);
    source.fill(random);
    Rows rows(plan, 1);
    const double weights[] = {0.1, 0.3, 0.45, 0.15};
    std::copy_n(weights, 4, rows.row(0) + plan.mixture()->column);
    BatchRequest request;
    request.source = readable(source.view);
    request.target = target.view;
    request.params = rows.data();
    augment_batch(plan, request);
    const std::vector<double> values = target.values();
    std::size_t k = 0;
    for (std::int64_t r = 0; r < 9; ++r)
        for (std::int64_t c = 0; c < 10; ++c)
            for (std::int64_t channel = 0; channel < 3; ++channel)
                CHECK(values[k++] ==
                      std::to_integer<int>(*source.view[0].at(r + 1, c + 2, channel)));
}

TEST(weights_are_those_of_their_distributions) {
    constexpr std::int64_t count = 20000;
    std::vector<std::uint64_t> samples(count);
    std::iota(samples.begin(), samples.end(), std::uint64_t{0});
    for (const double alpha : {0.05, 1.0, 6.0}) {
        PlanOptions options = mixed(3);
        options.mixture.alpha = alpha;
        options.mixture.where = {.operation = 4};
        const Plan plan(options);
        const std::size_t columns = plan.columns().size();
        std::vector<double> rows(static_cast<std::size_t>(count) * columns);
        draw_rows(plan, samples.data(), count, {5, 2}, rows.data());
        double own = 0, own_squares = 0, first = 0, first_squares = 0, shared = 0;
        for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
            const double* w = rows.data() + i * columns + plan.mixture()->column;
            CHECK_NEAR(w[0] + w[1] + w[2] + w[3], 1, 1e-12);
            own += w[0] / count;
            own_squares += w[0] * w[0] / count;
            if (w[0] > 0.999) continue;  // of the others nothing is left to tell how they share it
            const double share = w[1] / (1 - w[0]);
            first += share;
            first_squares += share * share;
            ++shared;
        }
        first /= shared;
        first_squares /= shared;
        CHECK_NEAR(own, 0.5, 0.015);
        CHECK_NEAR(own_squares - own * own, 1 / (4 * (2 * alpha + 1)), 0.005);
        CHECK_NEAR(first, 1.0 / 3, 0.015);
        CHECK_NEAR(first_squares - first * first, 2.0 / 9 / (3 * alpha + 1), 0.005);
    }
}

TEST(mixtures_that_are_none) {
    const auto refused = [](auto&& change, const char* part) {
        PlanOptions options = mixed();
        change(options.mixture);
        std::string message;
        CHECK(throws<InvalidArgument>([&] { Plan plan(options); }, &message));
        CHECK(message.find(part) != std::string::npos);
    };
    refused([](MixtureOptions& m) { m.chains = max_chains + 1; }, "`chains` of `mixture`");
    refused([](MixtureOptions& m) { m.of_steps.pop_back(); }, "`of_steps` of `mixture`");
    refused([](MixtureOptions& m) { m.of_steps[2] = 3; }, "`of_steps` of `mixture`");
    refused([](MixtureOptions& m) { m.alpha = 0; }, "`alpha` of `mixture`");
    refused([](MixtureOptions& m) { m.where.policy = 0; }, "`mixture` must name policies");
}

int main() { return run_all(); }
