// Where the operations of recipes take pixels from: values by hand, and by formulas that do not
// multiply matrices.
#include <cmath>
#include <numbers>
#include <random>

#include "batchwarp/errors.hpp"
#include "batchwarp/plan.hpp"
#include "testing.hpp"

using namespace batchwarp;

namespace {

struct Point {
    double y, x;
};

/// Where a target pixel comes from.
Point source_of(const Plan& plan, const std::vector<double>& row, double r, double c) {
    const Coordinates from = plan.coordinates(row.data());
    if (from.flip_vertical) r = static_cast<double>(plan.target_height() - 1) - r;
    if (from.flip_horizontal) c = static_cast<double>(plan.target_width() - 1) - c;
    if (!from.warps) return {r, c};
    const double w = from.projects ? from.divisor.at(r, c) : 1;
    return {from.affine.y(r, c) / w, from.affine.x(r, c) / w};
}

Plan plan_of(std::vector<StepOptions> steps, std::int64_t height = 8, std::int64_t width = 10) {
    return Plan({.height = height, .width = width, .channels = 1, .steps = std::move(steps)});
}

StepOptions crop(double top, double left, double height, double width) {
    return {"crop", {{"top", {top}}, {"left", {left}}, {"height", {height}}, {"width", {width}}}};
}

StepOptions resize(double height, double width, bool antialias = false) {
    return {"resize",
            {{"height", {height}}, {"width", {width}}, {"antialias", {antialias ? 1.0 : 0.0}}}};
}

void check_source(const Plan& plan, const std::vector<double>& row, Point target, Point source) {
    const Point found = source_of(plan, row, target.y, target.x);
    CHECK_NEAR(found.y, source.y, 1e-9);
    CHECK_NEAR(found.x, source.x, 1e-9);
}

std::string refusal(std::vector<StepOptions> steps, std::int64_t height = 8,
                    std::int64_t width = 10) {
    std::string message;
    CHECK(testing::throws<InvalidArgument>([&] { plan_of(std::move(steps), height, width); },
                                           &message));
    return message;
}

bool says(const std::string& message, const std::string& part) {
    return message.find(part) != std::string::npos;
}

}  // namespace

TEST(an_affine_turns_what_is_seen) {
    const Plan plan = plan_of({{"affine"}}, 9, 9);
    // A quarter counter-clockwise: what was at the right is now at the top.
    check_source(plan, {90, 1, 0, 0, 0, 0}, {0, 4}, {4, 8});
    check_source(plan, {90, 1, 0, 0, 0, 0}, {4, 0}, {0, 4});
    // Twice as large about the centre.
    check_source(plan, {0, 2, 0, 0, 0, 0}, {0, 4}, {2, 4});
    // Two ninths to the right, one up.
    check_source(plan, {0, 1, 0, 0, 2.0 / 9, -1.0 / 9}, {3, 5}, {4, 3});
    // A point one below the centre moves one to the right under 45 degrees of shear along x.
    check_source(plan, {0, 1, 45, 0, 0, 0}, {5, 5}, {5, 4});
    check_source(plan, {0, 1, 0, 45, 0, 0}, {5, 5}, {4, 5});
}

TEST(an_affine_is_the_way_back_from_where_a_point_goes) {
    std::mt19937 random(5);
    const auto uniform = [&random](double low, double high) {
        return std::uniform_real_distribution<double>(low, high)(random);
    };
    const Plan plan = plan_of({{"affine"}}, 37, 52);
    for (int i = 0; i < 50; ++i) {
        const std::vector<double> row{uniform(-180, 180), uniform(0.5, 2),    uniform(-30, 30),
                                      uniform(-30, 30),   uniform(-0.5, 0.5), uniform(-0.5, 0.5)};
        const double degree = std::numbers::pi / 180, y = uniform(0, 36), x = uniform(0, 51);
        // Zoom, both shears, rotation, shift, about the centre, one by one.
        double u = (x - 25.5) * row[1], v = (y - 18) * row[1];
        const double sheared_u = u + std::tan(row[2] * degree) * v;
        const double sheared_v = v + std::tan(row[3] * degree) * u;
        u = std::cos(row[0] * degree) * sheared_u + std::sin(row[0] * degree) * sheared_v;
        v = -std::sin(row[0] * degree) * sheared_u + std::cos(row[0] * degree) * sheared_v;
        check_source(plan, row, {v + 18 + row[5] * 37, u + 25.5 + row[4] * 52}, {y, x});
    }
}

TEST(quarter_turns_are_those_of_numpy) {
    const Plan square = plan_of({{"rotate90"}}, 5, 5), wide = plan_of({{"rotate90"}}, 4, 6);
    check_source(square, {1}, {0, 1}, {1, 4});
    check_source(square, {2}, {0, 1}, {4, 3});
    check_source(square, {3}, {0, 1}, {3, 0});
    check_source(square, {-1}, {0, 1}, {3, 0});
    check_source(wide, {2}, {0, 1}, {3, 4});
    CHECK(!wide.coordinates(std::vector<double>{2}.data()).warps);
    CHECK(says(refusal({{"rotate90", {{"turns", {0, 1}}}}}), "`turns`"));
    CHECK(says(refusal({{"rotate90", {{"turns", {4}}}}}, 5, 5), "Received: 4"));
}

TEST(windows_set_the_size) {
    const Plan cropped = plan_of({crop(2, -3, 4, 20)});
    CHECK(cropped.target_height() == 4 && cropped.target_width() == 20);
    CHECK(cropped.source_elements() == 80 && cropped.target_elements() == 80);
    check_source(cropped, {}, {0, 0}, {2, -3});
    check_source(cropped, {}, {3, 5}, {5, 2});
    CHECK(cropped.coordinates(nullptr).warps);
    CHECK(!plan_of({crop(0, 0, 8, 10)}).coordinates(nullptr).warps);

    const Plan random =
        plan_of({{"random_crop", {{"height", {6}}, {"width", {12}}, {"padding", {2, 0, 2, 0}}}}});
    CHECK(random.target_height() == 6 && random.target_width() == 12);
    check_source(random, {1, -2}, {0, 0}, {1, -2});
    check_source(random, {not_applied, not_applied}, {0, 0}, {1, -1});
    check_source(random, random.neutral_row(), {5, 11}, {6, 10});

    CHECK(says(refusal({crop(0, 0, 0, 5)}), "`height` must be a whole number from 1"));
    CHECK(says(refusal({crop(0.5, 0, 4, 5)}), "`top`"));
    CHECK(says(refusal({{"crop"}}), "`height`"));
    CHECK(says(refusal({{"random_crop", {{"height", {9}}, {"width", {10}}}}}), "8 x 10"));
    CHECK(says(refusal({{"random_crop", {{"height", {8}}, {"width", {9}}, {"padding", {1}}}}}),
               "`padding`"));
    CHECK(says(refusal({crop(0, 0, 2147483648.0, 2147483648.0)}), "2^55"));
}

TEST(sizes_change_about_the_edges) {
    const Plan larger = plan_of({resize(16, 5)});
    check_source(larger, {}, {0, 0}, {-0.25, 0.5});
    check_source(larger, {}, {15, 4}, {7.25, 8.5});
    CHECK(!plan_of({resize(8, 10)}).coordinates(nullptr).warps);

    const Plan part = plan_of({{"random_resized_crop", {{"height", {4}}, {"width", {3}}}}});
    check_source(part, {1, 2, 4, 6}, {0, 0}, {1, 2.5});
    check_source(part, part.neutral_row(), {3, 2}, {6.5, 10.0 * 2.5 / 3 - 0.5});
}

TEST(reductions_come_first) {
    const Plan head = plan_of({resize(4, 12, true), {"flip"}});
    const Coordinates reduced = head.coordinates(std::vector<double>{1, 0}.data());
    CHECK(reduced.reduces && !reduced.warps && reduced.flip_horizontal);
    CHECK(reduced.window.height == 8 && reduced.window.width == 10);
    CHECK((reduced.reduced == Size{4, 12}));

    // What does not shrink is a map as any other.
    const Coordinates grown = plan_of({resize(16, 20, true)}).coordinates(nullptr);
    CHECK(!grown.reduces && grown.warps);

    const Plan part =
        plan_of({{"random_resized_crop", {{"height", {4}}, {"width", {4}}, {"antialias", {1}}}},
                 crop(-1, 0, 6, 4)});
    const Coordinates small = part.coordinates(std::vector<double>{1, 2, 4, 4}.data());
    CHECK(!small.reduces && small.warps);
    const Coordinates large = part.coordinates(std::vector<double>{1, 2, 4, 5}.data());
    CHECK(large.reduces && large.warps && large.window.left == 2 && large.window.width == 5);
    CHECK_NEAR(large.affine.y(0, 0), -1, 0);

    CHECK(says(refusal({{"flip"}, resize(4, 4, true)}), "`antialias` of `resize`"));
}

TEST(perspectives_take_corners_to_corners) {
    const Plan plan = plan_of({{"perspective"}}, 33, 21);
    const std::vector<double> row{0.1, 0.3, 0.4, 0, 0.25, 0.2, 0, 0.35};
    const double width = 21, height = 33;
    check_source(plan, row, {0.3 * height / 2, 0.1 * width / 2}, {0, 0});
    check_source(plan, row, {0, 20 - 0.4 * width / 2}, {0, 20});
    check_source(plan, row, {32 - 0.2 * height / 2, 20 - 0.25 * width / 2}, {32, 20});
    check_source(plan, row, {32 - 0.35 * height / 2, 0}, {32, 0});
    CHECK(plan.coordinates(row.data()).projects);
    CHECK(!plan.coordinates(plan.neutral_row().data()).warps);
    // Lines stay lines: the diagonals of the four points cross where those of the image do.
    const Plan symmetric = plan_of({{"perspective"}}, 21, 21);
    const std::vector<double> narrow_top{0.5, 0, 0.5, 0, 0, 0, 0, 0};
    const double inset = 0.5 * 21 / 2, across = 20 - 2 * inset;
    check_source(symmetric, narrow_top, {20 * across / (across + 20), 10}, {10, 10});

    const Distribution draw{0, 0, 0.98};
    StepOptions far{"perspective", {}, std::vector<Distribution>(8, draw)};
    CHECK(says(refusal({far}, 33, 21), "`draws` of `perspective`"));
}

TEST(operations_follow_each_other) {
    // Each operation takes its pixels from the image that those before it have made.
    const Plan plan = plan_of({{"flip"}, crop(1, 2, 4, 5), resize(8, 5), {"flip"}, {"rotate90"}});
    CHECK(plan.target_height() == 8 && plan.target_width() == 5);
    std::vector<double> row{1, 0, 0, 0, 0};
    // Resized: 0.5 (r + 0.5) - 0.5 and c; cropped: 1 and 2 more; flipped: 9 - c.
    check_source(plan, row, {3, 1}, {2.25, 6});
    row[3] = 1;
    check_source(plan, row, {3, 1}, {2.75, 6});
    row[4] = 2;
    check_source(plan, row, {3, 1}, {2.25, 4});

    // Keras' matrix and flips are as they have always been when nothing follows.
    const Plan keras = plan_of({{"keras_affine"}, {"flip"}, {"perspective"}});
    std::vector<double> own = keras.neutral_row();
    own[0] = 10;
    own[6] = 1;
    const Coordinates from = keras.coordinates(own.data());
    CHECK(from.flip_horizontal && from.warps && !from.projects);
    own[8] = 0.3;
    const Coordinates all = keras.coordinates(own.data());
    CHECK(all.projects && !all.flip_horizontal);
    const double r = 6, c = 7, w = all.divisor.at(r, c);
    std::vector<double> only = keras.neutral_row();
    only[8] = 0.3;
    const Point before = source_of(keras, only, r, c);
    CHECK_NEAR(all.affine.y(r, c) / w, from.affine.y(before.y, 9 - before.x), 1e-9);
    CHECK_NEAR(all.affine.x(r, c) / w, from.affine.x(before.y, 9 - before.x), 1e-9);
}

int main() { return testing::run_all(); }
