// Random configurations: all tiers against the reference and against each other.
// usage: test_fuzz [rounds [seed]]; a failure prints the seed of its round, which repeats it alone.
#include <cstdio>
#include <cstdlib>

#include "batchwarp/cpu.hpp"
#include "batchwarp/parallel.hpp"
#include "images.hpp"
#include "testing.hpp"

using namespace testing;

namespace {

// True if all agree.
bool round_agrees(unsigned seed) {
    std::mt19937 random(seed);
    const auto pick = [&](int low, int high) {
        return std::uniform_int_distribution<int>(low, high)(random);
    };
    PlanOptions o;
    o.height = pick(1, 70);
    o.width = pick(0, 9) == 0 ? pick(400, 1000) : pick(1, 70);
    o.channels = pick(0, 4) == 0 ? pick(5, 9) : pick(1, 4);
    o.channels_first = pick(0, 2) == 0;
    o.order = pick(0, 1) == 0 ? 1 : pick(0, 5);
    o.fill_mode = static_cast<FillMode>(pick(0, 7));
    o.cval = pick(-300, 300);
    if (pick(0, 1) == 0) o.rescale = 1 / 255.0;
    if (pick(0, 3) == 0) o.samplewise_center = true;
    if (pick(0, 3) == 0) o.mean.assign(static_cast<std::size_t>(o.channels), 0.3);
    if (pick(0, 3) == 0) o.std.assign(static_cast<std::size_t>(o.channels), 0.7);
    const Plan plan(o);
    const auto source_type = static_cast<DType>(pick(0, 4));
    const Layout layout =
        o.channels_first ? Layout::nchw : static_cast<Layout>(pick(0, 1) * pick(2, 3));
    const std::int64_t n = pick(1, 3);
    TestBatch source(source_type, n, o.height, o.width, o.channels, layout);
    source.fill(random);
    std::vector<TransformParams> params;
    for (std::int64_t i = 0; i < n; ++i) {
        params.push_back(random_params(random, o.height, o.width, pick(0, 1) == 0));
        if (pick(0, 3) == 0) params.back().channel_shift = pick(-50, 50);
        if (pick(0, 5) == 0) params.back().theta = params.back().shear = params.back().tx = 0;
    }
    set_num_threads(pick(1, 3));

    TestBatch expected(DType::f32, n, o.height, o.width, o.channels, layout);
    BatchRequest request;
    request.source = readable(source.view);
    request.params = params.data();
    for (std::int64_t i = 0; i < n; ++i)
        reference_augment(plan, request.source[i], &params[static_cast<std::size_t>(i)],
                          expected.view[i]);
    const std::vector<double> want = expected.values();
    double scale = 0;
    for (const double v : want) scale = std::max(scale, std::abs(v));
    for (const std::string& tier : available_tiers()) {
        select_tier(tier);
        TestBatch target(DType::f32, n, o.height, o.width, o.channels, layout);
        request.target = target.view;
        augment_batch(plan, request);
        const std::vector<double> got = target.values();
        for (std::size_t i = 0; i < got.size(); ++i)
            if (!(std::abs(got[i] - want[i]) <=
                  4e-6 * std::max(scale, 255 * std::abs(o.rescale)) + 1e-6)) {
                std::printf(
                    "seed %u tier %s: %g instead of %g at %zu (%dx%dx%d order %d mode %s)\n", seed,
                    tier.c_str(), got[i], want[i], i, static_cast<int>(o.height),
                    static_cast<int>(o.width), static_cast<int>(o.channels), o.order,
                    fill_mode_names[static_cast<int>(o.fill_mode)]);
                return false;
            }
    }
    return true;
}

#if defined(__SANITIZE_THREAD__)
unsigned rounds = 40, first_seed = 1;  // ten times slower, and not what it is there for
#elif defined(BATCHWARP_EMULATED)
unsigned rounds = 80, first_seed = 1;  // ten times slower, and only one tier to compare
#else
unsigned rounds = 400, first_seed = 1;
#endif

}  // namespace

TEST(all_tiers_agree_with_the_reference) {
    for (unsigned i = 0; i < rounds; ++i) CHECK(round_agrees(first_seed + i));
    set_num_threads(0);
}

int main(int argc, char** argv) {
    if (argc > 1) rounds = static_cast<unsigned>(std::strtoul(argv[1], nullptr, 10));
    if (argc > 2) first_seed = static_cast<unsigned>(std::strtoul(argv[2], nullptr, 10));
    return testing::run_all();
}
