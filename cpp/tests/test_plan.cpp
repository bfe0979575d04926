#include "batchwarp/plan.hpp"

#include <iterator>
#include <limits>

#include "batchwarp/errors.hpp"
#include "testing.hpp"

using namespace batchwarp;

namespace {

PlanOptions valid() {
    PlanOptions o;
    o.height = 4;
    o.width = 5;
    o.channels = 3;
    return o;
}

template <class F>
void refused(const char* name, F&& spoil) {
    PlanOptions o = valid();
    spoil(o);
    std::string message;
    CHECK(testing::throws<InvalidArgument>([&] { Plan plan(o); }, &message));
    CHECK(message.find(std::string("`") + name) != std::string::npos);
    CHECK(message.find("Received") != std::string::npos);
}

}  // namespace

TEST(wrong_options_are_named) {
    const double inf = std::numeric_limits<double>::infinity(), nan = std::nan("");
    refused("height", [](PlanOptions& o) { o.height = 0; });
    refused("width", [](PlanOptions& o) { o.width = -1; });
    refused("channels", [](PlanOptions& o) { o.channels = 0; });
    refused("channels", [](PlanOptions& o) { o.channels = std::int64_t{1} << 31; });
    refused("height", [](PlanOptions& o) { o.height = o.width = std::int64_t{1} << 40; });
    refused("interpolation_order", [](PlanOptions& o) { o.order = 6; });
    refused("interpolation_order", [](PlanOptions& o) { o.order = -1; });
    refused("cval", [=](PlanOptions& o) { o.cval = nan; });
    refused("value_range", [](PlanOptions& o) { o.low = o.high; });
    refused("value_range", [=](PlanOptions& o) { o.high = nan; });
    const auto normalizing = [](const Normalization& n) {
        return [n](PlanOptions& o) { o.steps = keras_steps(n); };
    };
    refused("rescale", normalizing({.rescale = 0}));
    refused("rescale", normalizing({.rescale = inf}));
    refused("mean", normalizing({.mean = {1, 2}}));
    refused("mean", normalizing({.mean = {1, 2, nan}}));
    refused("std", normalizing({.std = {1, 2, 0}}));
}

TEST(fill_modes_have_names) {
    CHECK(fill_mode_from_name("grid-constant") == FillMode::grid_constant);
    std::string message;
    CHECK(testing::throws<InvalidArgument>([] { fill_mode_from_name("edge"); }, &message));
    CHECK(message.find("fill_mode") != std::string::npos &&
          message.find("edge") != std::string::npos &&
          message.find("grid-mirror") != std::string::npos);
}

TEST(normalisation_is_folded_per_channel) {
    PlanOptions o = valid();
    CHECK(!Plan(o).scales());
    const Normalization n{.rescale = 0.5, .mean = {10, 20, 30}, .std = {1, 2, 4}};
    o.steps = keras_steps(n);
    const Plan plan(o);
    CHECK(plan.scales() && !plan.needs_moments());
    for (int c = 0; c < 3; ++c) {
        const auto k = static_cast<std::size_t>(c);
        CHECK_NEAR((7.0 - plan.shift()[k]) * plan.scale()[k], (7.0 * 0.5 - n.mean[k]) / n.std[k],
                   1e-12);
    }
}

TEST(wrong_steps_are_refused) {
    const auto refusal = [](std::vector<StepOptions> steps) {
        PlanOptions o = valid();
        o.steps = std::move(steps);
        std::string message;
        CHECK(testing::throws<InvalidArgument>([&] { Plan plan(o); }, &message));
        CHECK(message.find("`steps`") != std::string::npos);
        return message;
    };
    const auto says = [](const std::string& message, const std::string& part) {
        return message.find(part) != std::string::npos;
    };
    const std::string unknown = refusal({{"blur"}});
    CHECK(says(unknown, "Received: blur"));
    for (const Description* operation : operations()) CHECK(says(unknown, operation->name));
    CHECK(says(refusal({{"normalize", {{"scale", {1}}}}}), "rescale, mean, std. Received: scale"));
    CHECK(says(refusal({{"keras_affine", {{"scale", {1}}}}}), "none. Received: scale"));
    CHECK(says(refusal({{"keras_brightness"}, {"flip"}}), "Received: flip after keras_brightness"));
    CHECK(says(refusal({{"flip"}, {"keras_affine"}}), "Received: keras_affine after flip"));
    CHECK(says(refusal({{"keras_affine"}, {"keras_affine"}}), "keras_affine after keras_affine"));
    CHECK(says(refusal({{"normalize"}, {"standardize"}}), "Received: standardize after normalize"));
    CHECK(says(refusal({{"normalize"}, {"normalize"}}), "Received: normalize after normalize"));
    CHECK(says(refusal({{"standardize"}, {"flip"}}), "Received: flip after standardize"));
    CHECK(says(refusal(std::vector<StepOptions>(max_steps + 1, {"keras_brightness"})),
               "Received: 513"));
}

TEST(a_row_has_the_columns_of_the_steps) {
    PlanOptions o = valid();
    o.steps = {{"flip"},
               {"keras_brightness"},
               {"keras_channel_shift"},
               {"keras_brightness"},
               {"normalize"}};
    const Plan plan(o);
    const char* names[] = {"flip_horizontal", "flip_vertical", "brightness",
                           "channel_shift_intensity", "brightness"};
    CHECK(plan.columns().size() == std::size(names));
    for (std::size_t i = 0; i < std::size(names); ++i)
        CHECK(plan.columns()[i].name == std::string(names[i]));
    CHECK(plan.pixel_steps().size() == 3 && plan.pixel_steps()[1].column == 3);

    double row[] = {0, 0, not_applied, not_applied, not_applied};
    CHECK(!plan.changes_pixels(row) && !plan.changes_pixels(nullptr));
    row[1] = 1;
    CHECK(plan.coordinates(row).flip_vertical && !plan.coordinates(row).flip_horizontal);
    row[4] = 1;
    CHECK(plan.changes_pixels(row) && plan.needs_whole_image(row));
}

TEST(descriptions_are_complete) {
    for (const Description* operation : operations()) {
        std::vector<double> row;
        for (int i = 0; i < operation->column_count(); ++i) {
            row.push_back(operation->columns[i].neutral);
            CHECK(operation->columns[i].low < operation->columns[i].high);
        }
        if (operation->sets_size) continue;
        CHECK(!operation->applies(row.data()));
        for (std::size_t i = 0; i < row.size(); ++i) {
            std::vector<double> changed = row;
            changed[i] = operation->columns[i].high;
            CHECK(operation->applies(changed.data()));
        }
    }
}

int main() { return testing::run_all(); }
