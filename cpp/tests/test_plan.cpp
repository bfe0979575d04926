#include "batchwarp/plan.hpp"

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
    refused("rescale", [](PlanOptions& o) { o.rescale = 0; });
    refused("rescale", [=](PlanOptions& o) { o.rescale = inf; });
    refused("mean", [](PlanOptions& o) { o.mean = {1, 2}; });
    refused("mean", [=](PlanOptions& o) { o.mean = {1, 2, nan}; });
    refused("std", [](PlanOptions& o) { o.std = {1, 2, 0}; });
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
    CHECK(!Plan(o).normalizes());
    o.rescale = 0.5;
    o.mean = {10, 20, 30};
    o.std = {1, 2, 4};
    const Plan plan(o);
    CHECK(plan.normalizes());
    for (int c = 0; c < 3; ++c) {
        const auto k = static_cast<std::size_t>(c);
        CHECK_NEAR((7.0 - plan.shift()[k]) * plan.scale()[k], (7.0 * 0.5 - o.mean[k]) / o.std[k],
                   1e-12);
    }
}

int main() { return testing::run_all(); }
