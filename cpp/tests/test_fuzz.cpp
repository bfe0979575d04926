// Random configurations: all tiers against the reference and against each other.
// usage: test_fuzz [rounds [seed]]; a failure prints the seed of its round, which repeats it alone.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <span>

#include "batchwarp/cpu.hpp"
#include "batchwarp/parallel.hpp"
#include "images.hpp"
#include "testing.hpp"

using namespace testing;

namespace {

using Pick = std::function<int(int, int)>;

PlanOptions random_options(const Pick& pick) {
    PlanOptions o;
    o.height = pick(1, 70);
    o.width = pick(0, 9) == 0 ? pick(400, 1000) : pick(1, 70);
    o.channels = pick(0, 4) == 0 ? pick(5, 9) : pick(1, 4);
    o.channels_first = pick(0, 2) == 0;
    o.order = pick(0, 1) == 0 ? 1 : pick(0, 5);
    o.fill_mode =
        all_modes[static_cast<std::size_t>(pick(0, static_cast<int>(all_modes.size()) - 1))];
    o.cval = pick(-300, 300);
    return o;
}

// Of every scope: steps that move pixels, any of those that change pixels, and a normalisation.
struct Steps {
    std::vector<StepOptions> coordinates, pixel, store;

    std::vector<StepOptions> all() const {
        std::vector<StepOptions> steps = coordinates;
        steps.insert(steps.end(), pixel.begin(), pixel.end());
        steps.insert(steps.end(), store.begin(), store.end());
        return steps;
    }
};

Plan plan_of(PlanOptions options, std::vector<StepOptions> steps) {
    options.steps = std::move(steps);
    return Plan(std::move(options));
}

std::span<const Setting> settings_of(const Description& d) {
    return {d.settings, static_cast<std::size_t>(d.setting_count())};
}

std::span<const Column> columns_of(const Description& d) {
    return {d.columns, static_cast<std::size_t>(d.column_count())};
}

// Settings of a step that moves pixels of images of this size.
StepOptions random_move(const Description& operation, const Size& size, bool heads,
                        const Pick& pick) {
    StepOptions step{operation.name};
    const bool inside = step.operation == "random_crop";
    for (const Setting& setting : settings_of(operation)) {
        const std::string name = setting.name;
        const auto extent = [&](std::int64_t most) {
            return pick(1, inside ? static_cast<int>(most) : pick(0, 9) == 0 ? 600 : 90);
        };
        if (name == "height") step.settings[name] = {static_cast<double>(extent(size.height))};
        if (name == "width") step.settings[name] = {static_cast<double>(extent(size.width))};
        if (name == "top" || name == "left")
            step.settings[name] = {static_cast<double>(pick(-20, 60))};
        if (name == "alpha") step.settings[name] = {std::exp(pick(0, 70) * 0.1)};
        if (name == "sigma") step.settings[name] = {1 + pick(0, 100) * 0.1};
        if (name == "num_steps") step.settings[name] = {static_cast<double>(pick(2, 30))};
        if (name == "low") step.settings[name] = {-pick(0, 9) * 0.1};
        if (name == "high") step.settings[name] = {pick(0, 20) * 0.1};
        if (name == "antialias") step.settings[name] = {heads ? pick(0, 1) * 1.0 : 0.0};
    }
    return step;
}

// Keras' list, or some of all others.
std::vector<StepOptions> random_moves(const PlanOptions& o, const Pick& pick) {
    if (pick(0, 1) == 0) return {{"keras_affine"}, {"flip"}};
    std::vector<const Description*> moves;
    for (const Description* operation : operations())
        if (operation->scope == Scope::coordinates && !operation->keras) moves.push_back(operation);
    std::vector<StepOptions> steps;
    bool displaces = false;
    for (int i = pick(0, 4); i > 0; --i) {
        const Plan before = plan_of(o, steps);
        const auto last = static_cast<int>(moves.size()) - 1;
        const Description& move = *moves[static_cast<std::size_t>(pick(0, last))];
        if (displaces && move.displaces) continue;
        displaces = displaces || move.displaces;
        steps.push_back(random_move(move, {before.target_height(), before.target_width()},
                                    steps.empty(), pick));
    }
    return steps;
}

Steps random_steps(const Pick& pick, std::mt19937& random, const PlanOptions& o) {
    const std::int64_t channels = o.channels;
    Steps steps;
    steps.coordinates = random_moves(o, pick);
    // Keras' own come first.
    const bool recipe =
        steps.coordinates.empty() || steps.coordinates[0].operation != "keras_affine";
    const std::vector<std::string> names = names_where([](const Description& operation) {
        return operation.scope == Scope::pixel && operation.keras;
    });
    for (int i = recipe ? 0 : pick(-2, 4); i > 0; --i) {
        const auto last = static_cast<int>(names.size()) - 1;
        steps.pixel.push_back({names[static_cast<std::size_t>(pick(0, last))]});
    }
    if (pick(0, 1) == 0)
        for (StepOptions& step : random_colors(random, channels, 6))
            steps.pixel.push_back(std::move(step));
    const auto per_channel = [channels](double value) {
        return std::vector<double>(static_cast<std::size_t>(channels), value);
    };
    Normalization n;
    if (pick(0, 1) == 0) n.rescale = 1 / 255.0;
    if (pick(0, 3) == 0) n.samplewise_center = true;
    if (pick(0, 3) == 0) n.mean = per_channel(0.3);
    if (pick(0, 3) == 0) n.std = per_channel(0.7);
    for (const StepOptions& step : keras_steps(n))
        for (const std::string& name : names_of(Scope::store))
            if (step.operation == name) steps.store.push_back(step);
    return steps;
}

// Parameters of steps that move pixels, half of them with nothing to do.
void move_randomly(double* row, const Plan& plan, const Pick& pick, std::mt19937& random) {
    for (const StepOptions& step : plan.options().steps)
        for (const Description* operation : operations()) {
            if (step.operation != operation->name) continue;
            const bool moves = operation->scope == Scope::coordinates && pick(0, 1) == 0;
            for (const Column& column : columns_of(*operation)) {
                if (moves) *row = uniform(random, column.low, column.high);
                ++row;
            }
        }
}

// Random parameters: of steps that move pixels, then of those that change them.
Rows random_rows(const Plan& plan, std::int64_t count, const Pick& pick, std::mt19937& random) {
    Rows rows(plan, count);
    for (std::int64_t i = 0; i < count; ++i) {
        const std::vector<StepOptions>& steps = plan.options().steps;
        if (!steps.empty() && steps[0].operation == "keras_affine") {
            KerasRow row =
                random_row(random, plan.options().height, plan.options().width, pick(0, 1) == 0);
            if (pick(0, 5) == 0) row.theta = row.shear = row.tx = 0;
            std::copy_n(row.data(), 8, rows.row(i));
        } else {
            move_randomly(rows.row(i), plan, pick, random);
        }
        color_randomly(rows, i, plan, random, true);
    }
    return rows;
}

struct Comparison {
    unsigned seed;
    const PlanOptions& options;
    double rescale;

    // Of what a tier got; true if it is as wanted.
    bool agree(const char* what, const TestBatch& got_batch, const TestBatch& want_batch) const {
        const std::vector<double> got = got_batch.values(), want = want_batch.values();
        double scale = 255 * std::abs(rescale);
        for (const double v : want) scale = std::max(scale, std::abs(v));
        for (std::size_t i = 0; i < got.size(); ++i)
            if (!(std::abs(got[i] - want[i]) <= 4e-6 * scale + 1e-6)) {
                std::printf(
                    "seed %u tier %s, %s: %g instead of %g at %zu (%dx%dx%d order %d mode %s)\n",
                    seed, current_tier().c_str(), what, got[i], want[i], i,
                    static_cast<int>(options.height), static_cast<int>(options.width),
                    static_cast<int>(options.channels), options.order, name_of(options.fill_mode));
                return false;
            }
        return true;
    }
};

// True if all agree. What changes pixels may jump where the warp before it differs in the last
// digit: so the warp is compared alone, and the rest starts from the warp of the tier.
bool round_agrees(unsigned seed) {
    std::mt19937 random(seed);
    const Pick pick = [&](int low, int high) {
        return std::uniform_int_distribution<int>(low, high)(random);
    };
    const PlanOptions o = random_options(pick);
    const Steps steps = random_steps(pick, random, o);
    const Plan plan = plan_of(o, steps.all()), warp = plan_of(o, steps.coordinates);
    std::vector<StepOptions> others = steps.pixel;
    others.insert(others.end(), steps.store.begin(), steps.store.end());
    PlanOptions moved_options = o;
    moved_options.height = warp.target_height();
    moved_options.width = warp.target_width();
    const Plan rest = plan_of(moved_options, others);

    const auto source_type = static_cast<DType>(pick(0, 4));
    const Layout layout =
        o.channels_first ? Layout::nchw : static_cast<Layout>(pick(0, 1) * pick(2, 3));
    const std::int64_t n = pick(1, 3);
    const TestBatch source(source_type, n, o.height, o.width, o.channels, layout);
    source.fill(random);
    Rows rows = random_rows(plan, n, pick, random), places(warp, n), colors(rest, n);
    for (std::int64_t i = 0; i < n; ++i) {
        const auto moved = static_cast<std::ptrdiff_t>(warp.columns().size());
        std::copy_n(rows.row(i), moved, places.row(i));
        std::copy_n(rows.row(i) + moved, rest.columns().size(), colors.row(i));
    }
    set_num_threads(pick(1, 3));

    const auto batch = [&] {
        return TestBatch(DType::f32, n, warp.target_height(), warp.target_width(), o.channels,
                         layout);
    };
    const auto augment = [&](const Plan& by, const Rows& params, const TestBatch& target) {
        BatchRequest request;
        request.source = readable(source.view);
        request.params = params.data();
        request.target = target.view;
        augment_batch(by, request);
    };
    const auto refer = [&](const Plan& by, const TestBatch& from, Rows& params,
                           const TestBatch& target) {
        for (std::int64_t i = 0; i < n; ++i)
            reference_augment(by, readable(from.view)[i], params.row(i), target.view[i]);
    };
    const TestBatch want = batch(), want_warped = batch();
    refer(plan, source, rows, want);
    refer(warp, source, places, want_warped);
    const Comparison whole{seed, o, plan.normalization().rescale}, part{seed, o, 1};
    for (const std::string& tier : available_tiers()) {
        select_tier(tier);
        const TestBatch got = batch(), warped = batch(), changed = batch();
        augment(plan, rows, got);
        augment(warp, places, warped);
        refer(rest, warped, colors, changed);
        if (!part.agree("the warp", warped, want_warped) ||
            !whole.agree("what follows the warp", got, changed) ||
            (steps.pixel.empty() && !whole.agree("all", got, want)))
            return false;
    }
    return true;
}

#if defined(__SANITIZE_THREAD__)
unsigned rounds = 40, first_seed = 1;  // ten times slower, and not what it is there for
#elif defined(__SANITIZE_ADDRESS__)
unsigned rounds = 130, first_seed = 1;  // many times slower
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
