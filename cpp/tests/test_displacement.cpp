// Fields of displacements: their points, what lies between these, and rows of them.
#include <cmath>
#include <cstring>
#include <numbers>
#include <random>

#include "batchwarp/cpu.hpp"
#include "batchwarp/errors.hpp"
#include "batchwarp/parallel.hpp"
#include "batchwarp/philox.hpp"
#include "images.hpp"
#include "testing.hpp"
#include "warp/displacement.hpp"
#include "warp/warp_kernels.hpp"

using namespace testing;

namespace {

StepOptions elastic(double alpha, double sigma) {
    return {"elastic", {{"alpha", {alpha}}, {"sigma", {sigma}}}};
}

StepOptions grid_distortion(double steps, double low, double high) {
    return {"grid_distortion", {{"num_steps", {steps}}, {"low", {low}}, {"high", {high}}}};
}

Plan plan_of(std::vector<StepOptions> steps, std::int64_t height = 40, std::int64_t width = 50) {
    return Plan({.height = height, .width = width, .channels = 1, .steps = std::move(steps)});
}

const std::vector<double> some_key{123456789, 4000000000.0};

WarpGeometry geometry_of(const Coordinates& from, const Size& target) {
    WarpGeometry geometry;
    geometry.height = target.height;
    geometry.width = target.width;
    geometry.affine = from.affine;
    geometry.divisor = from.divisor;
    geometry.projects = from.projects;
    geometry.displacement = &from.displacement;
    geometry.flip_horizontal = from.flip_horizontal;
    geometry.flip_vertical = from.flip_vertical;
    return geometry;
}

// Where all pixels of a target lie, and how far from where they would without the field, if the map
// does not project.
struct Placed {
    std::vector<double> at_y, at_x, y, x;

    explicit Placed(const WarpGeometry& geometry) {
        PlacedRows rows(geometry);
        const double* made = rows.make(0, geometry.height);
        for (std::int64_t r = 0; r < geometry.height; ++r, made += 2 * rows.columns())
            for (std::int64_t c = 0; c < geometry.width; ++c) {
                const auto plain = geometry.place(
                    static_cast<double>(geometry.flip_vertical ? geometry.height - 1 - r : r),
                    static_cast<double>(geometry.flip_horizontal ? geometry.width - 1 - c : c));
                at_y.push_back(made[c]);
                at_x.push_back(made[rows.columns() + c]);
                y.push_back(at_y.back() - plain.y);
                x.push_back(at_x.back() - plain.x);
            }
    }
};

std::string refusal(std::vector<StepOptions> steps) {
    std::string message;
    CHECK(throws<InvalidArgument>([&] { plan_of(std::move(steps)); }, &message));
    return message;
}

bool says(const std::string& message, const std::string& part) {
    return message.find(part) != std::string::npos;
}

void check_equal(const std::vector<double>& a, const std::vector<double>& b, double tolerance) {
    CHECK(a.size() == b.size());
    double most = 0;
    for (std::size_t i = 0; i < a.size(); ++i) most = std::max(most, std::abs(a[i] - b[i]));
    CHECK_NEAR(most, 0, tolerance);
}

}  // namespace

TEST(points_are_words_of_the_key) {
    const Plan plan = plan_of({elastic(60, 4)});
    const Field field = plan.coordinates(some_key.data()).displacement.field;
    const double strength = 60 * 315 / (604 * std::sqrt(std::numbers::pi) * 4);
    const PhiloxKey key{{123456789, 4000000000U}};
    double down[5], right[5];
    field.points(field, 7, 5, down, right);
    const auto [x] = philox({{1, 7, 0, 0}}, key);
    const auto [last] = philox({{2, 7, 0, 0}}, key);
    CHECK_NEAR(down[2], strength * (x[0] * 0x1p-31 - 1), 1e-12);
    CHECK_NEAR(right[3], strength * (x[3] * 0x1p-31 - 1), 1e-12);
    CHECK_NEAR(right[4], strength * (last[1] * 0x1p-31 - 1), 1e-12);
    const auto [phase] = philox({{0, 0, 1, 0}}, key);
    CHECK_NEAR(field.x.origin, 1 + phase[1] * 0x1p-32, 0);
    CHECK_NEAR(field.y.density, 1 / (std::sqrt(3.0) * 4), 1e-12);
    CHECK(!plan.coordinates(plan.neutral_row().data()).displaces);
    CHECK(!plan.coordinates(plan.neutral_row().data()).warps);
}

TEST(displacements_have_the_deviation_that_is_promised) {
    const Plan plan = plan_of({elastic(50, 5)});
    std::mt19937 random(3);
    double squares = 0, largest = 0, count = 0;
    for (int i = 0; i < 300; ++i) {
        const std::vector<double> key{std::floor(uniform(random, 0, 4e9)), 1.0 * i};
        const Coordinates from = plan.coordinates(key.data());
        const Placed displaced(geometry_of(from, {40, 50}));
        for (const auto* axis : {&displaced.y, &displaced.x})
            for (const double v : *axis) {
                squares += v * v;
                largest = std::max(largest, std::abs(v));
                ++count;
            }
    }
    const double wanted = 50 / (4 * std::sqrt(3 * std::numbers::pi) * 5);
    CHECK_NEAR(std::sqrt(squares / count), wanted, 0.02 * wanted);
    CHECK(largest > 3 * wanted && largest < 3.7 * wanted);
}

TEST(lines_between_cells_are_words_of_the_key) {
    const double last = 48;
    for (const double steps : {2.0, 3.0, 5.0, 7.0}) {
        const Plan plan = plan_of({grid_distortion(steps, -0.3, 0.5)}, 1, 49);
        const Coordinates from = plan.coordinates(some_key.data());
        const Placed displaced(geometry_of(from, {1, 49}));
        std::vector<double> lines{0};
        for (std::uint32_t i = 0; i < static_cast<std::uint32_t>(steps); ++i) {
            const auto [x] = philox({{i, 0, 2, 0}}, {{123456789, 4000000000U}});
            lines.push_back(lines.back() + 1 - 0.3 + 0.8 * x[1] * 0x1p-32);
        }
        double largest = 0;
        for (std::size_t c = 0; c <= 48; ++c) {
            const double column = static_cast<double>(c), at = column * steps / last;
            const auto cell = static_cast<std::size_t>(std::min(at, steps - 1));
            const double by = at - static_cast<double>(cell);
            const double line = (1 - by) * lines[cell] + by * lines[cell + 1];
            CHECK_NEAR(column + displaced.x[c], line / lines.back() * last, 1e-12);
            CHECK_NEAR(displaced.y[c], 0, 0);
            largest = std::max(largest, std::abs(displaced.x[c]));
        }
        CHECK(largest > 0.1 && largest <= from.displacement.field.x.reach);
    }
}

TEST(grids_stay_within_the_image) {
    // Not the last bit of a place may be outside: it would be the fill value.
    std::mt19937 random(5);
    for (std::int64_t extent = 1; extent < 400; ++extent) {
        const double steps = 2 + static_cast<double>(extent % 12);
        const Plan plan = plan_of({grid_distortion(steps, -0.9, 2)}, extent, 400 - extent);
        const std::vector<double> row{std::floor(uniform(random, 0, 4e9)), 1};
        const Coordinates from = plan.coordinates(row.data());
        const Placed displaced(geometry_of(from, {extent, 400 - extent}));
        const auto within = [](const std::vector<double>& places, std::size_t step,
                               std::int64_t size) {
            double before = -1;
            for (std::int64_t i = 0; i < size; ++i) {
                const double at = places[static_cast<std::size_t>(i) * step];
                CHECK(at > before && at <= static_cast<double>(size - 1));
                before = at;
            }
            CHECK(places[0] == 0 && before == static_cast<double>(size - 1));
        };
        within(displaced.at_x, 1, 400 - extent);
        within(displaced.at_y, static_cast<std::size_t>(400 - extent), extent);
    }
}

void check_both_ways() {
    // A window, mirrored, with a zoom: each axis by itself. An angle that does nothing prevents it.
    const Plan apart =
        plan_of({{"affine"},
                 elastic(200, 3),
                 {"crop", {{"top", {-9}}, {"left", {7}}, {"height", {60}}, {"width", {61}}}},
                 {"affine"},
                 {"flip"}});
    std::vector<double> row = apart.neutral_row();
    row[0] = 30;
    row[6] = some_key[0];
    row[7] = some_key[1];
    row[9] = 1.3;
    row[14] = row[15] = 1;
    Coordinates from = apart.coordinates(row.data());
    const WarpGeometry geometry = geometry_of(from, {60, 61});
    const Placed one(geometry);
    from.displacement.to_field.m[0][1] = 1e-300;
    const Placed other(geometry);
    check_equal(one.y, other.y, 1e-11);
    check_equal(one.x, other.x, 1e-11);
    // The displacement goes through the map of what comes before it: a turn by 30 degrees.
    from.displacement.from_field = Map{};
    const Placed plain(geometry);
    std::vector<double> turned = plain.y;
    for (std::size_t i = 0; i < turned.size(); ++i)
        turned[i] = std::sqrt(0.75) * plain.y[i] + 0.5 * plain.x[i];
    check_equal(one.y, turned, 1e-11);
}

TEST(both_ways_to_interpolate_agree) {
    const std::string before = current_tier();
    for (const std::string& tier : available_tiers()) {
        select_tier(tier);
        check_both_ways();
    }
    select_tier(before);
}

TEST(kernels_take_what_is_displaced_before_and_after_any_map) {
    const Plan plan = plan_of({{"perspective"}, elastic(40, 5), {"perspective"}, {"affine"}});
    std::vector<double> row = plan.neutral_row();
    row[0] = 0.3;
    row[8] = some_key[0];
    row[9] = some_key[1];
    row[10] = 0.2;
    row[18] = 20;
    const Coordinates from = plan.coordinates(row.data());
    CHECK(from.projects && from.displaces);
    CHECK(kernels_take(geometry_of(from, {40, 50}), 40, 50, 3));
}

TEST(beyond_the_image_displacements_are_those_of_its_edge) {
    const Plan plan =
        plan_of({elastic(90, 4),
                 {"crop", {{"top", {-30}}, {"left", {0}}, {"height", {60}}, {"width", {50}}}}});
    const Coordinates from = plan.coordinates(some_key.data());
    const Placed displaced(geometry_of(from, {60, 50}));
    for (std::size_t c = 0; c < 50; ++c) {
        CHECK_NEAR(displaced.y[c], displaced.y[30 * 50 + c], 1e-12);
        CHECK(displaced.x[30 * 50 + c] != displaced.x[31 * 50 + c]);
    }
}

TEST(bands_and_threads_do_not_show) {
    for (const int order : {0, 1, 3}) {
        PlanOptions options{.height = 331, .width = 277, .channels = 3, .order = order};
        options.steps = {elastic(400, 7), {"affine"}};
        const Plan plan(options);
        std::mt19937 random(11);
        const TestBatch source(DType::u8, 1, 331, 277, 3, Layout::nhwc);
        source.fill(random);
        Rows rows(plan, 1);
        const double row[] = {some_key[0], some_key[1], 10, 1.1, 0, 0, 0.05, 0};
        std::copy(std::begin(row), std::end(row), rows.row(0));
        std::vector<double> first;
        for (const int threads : {1, 2, 7}) {
            set_num_threads(threads);
            const TestBatch target(DType::f32, 1, 331, 277, 3, Layout::nhwc);
            BatchRequest request;
            request.source = readable(source.view);
            request.params = rows.data();
            request.target = target.view;
            augment_batch(plan, request);
            if (first.empty()) first = target.values();
            CHECK(first == target.values());
        }
    }
    set_num_threads(0);
}

TEST(there_is_one_field_and_it_is_smooth) {
    CHECK(says(refusal({elastic(1, 2), {"flip"}, elastic(3, 4)}), "`elastic` and `elastic`"));
    CHECK(says(refusal({elastic(0, 2)}), "`alpha` must be above 0"));
    CHECK(says(refusal({elastic(1, 0.9)}), "`sigma` must be at least 1"));
    CHECK(says(refusal({{"elastic"}}), "`alpha`"));
    CHECK(says(refusal({grid_distortion(1, 0, 0)}), "`num_steps` must be an integer from 2 to"));
    CHECK(says(refusal({grid_distortion(2.5, 0, 0)}), "`num_steps`"));
    CHECK(says(refusal({grid_distortion(5, -1, 0)}), "`low` must be above -1"));
    CHECK(says(refusal({grid_distortion(5, 0.1, 0)}), "`high` must be finite"));
}

int main() { return testing::run_all(); }
