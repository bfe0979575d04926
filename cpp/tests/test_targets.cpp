// Points and boxes go where the images' pixels go, each of which says where it comes from.
#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "batchwarp/targets.hpp"
#include "images.hpp"
#include "targets/forward_map.hpp"
#include "testing.hpp"
#include "warp/displacement.hpp"

using namespace testing;

namespace {

constexpr std::int64_t height = 41, width = 53;

Plan plan_of(std::vector<StepOptions> steps) {
    return Plan({.height = height, .width = width, .channels = 1, .steps = std::move(steps)});
}

WarpGeometry geometry_of(const Coordinates& from, const Size& target) {
    WarpGeometry geometry;
    geometry.height = target.height;
    geometry.width = target.width;
    if (from.warps) {
        geometry.affine = from.affine;
        geometry.divisor = from.divisor;
        geometry.projects = from.projects;
    }
    if (from.displaces) geometry.displacement = &from.displacement;
    geometry.flip_horizontal = from.flip_horizontal;
    geometry.flip_vertical = from.flip_vertical;
    return geometry;
}

// Where pixels of the target come from, in the image that is sampled.
std::vector<Point> origins(const Plan& plan, const double* row) {
    const Coordinates from = plan.coordinates(row);
    const WarpGeometry g = geometry_of(from, {plan.target_height(), plan.target_width()});
    std::vector<Point> all;
    for (std::int64_t r = 0; r < g.height; ++r)
        for (std::int64_t c = 0; c < g.width; ++c) {
            if (g.displacement != nullptr) {
                PlacedRows rows(g);
                const double* y = rows.make(r, r + 1);
                all.push_back({y[rows.columns() + c], y[c]});
                continue;
            }
            const auto at = g.place(static_cast<double>(g.flip_vertical ? g.height - 1 - r : r),
                                    static_cast<double>(g.flip_horizontal ? g.width - 1 - c : c));
            all.push_back({at.x, at.y});
        }
    return all;
}

// The largest distance of what has come from somewhere and gone back, over the whole target.
double largest_return(const Plan& plan, const std::vector<double>& row) {
    std::vector<Point> points = origins(plan, row.data());
    const std::int64_t starts[] = {0, std::ssize(points)};
    map_points(plan, {.count = 1, .params = row.data(), .starts = starts}, points.data(),
               points.data());
    double most = 0;
    auto at = points.begin();
    for (std::int64_t r = 0; r < plan.target_height(); ++r)
        for (std::int64_t c = 0; c < plan.target_width(); ++c, ++at)
            most = std::max(
                most, std::hypot(at->x - static_cast<double>(c), at->y - static_cast<double>(r)));
    return most;
}

const StepOptions perspective{"perspective", {}};
const StepOptions flip{"flip", {}};
const StepOptions affine{"affine", {}};
const StepOptions rotate90{"rotate90", {}};

StepOptions elastic(double alpha, double sigma) {
    return {"elastic", {{"alpha", {alpha}}, {"sigma", {sigma}}}};
}

StepOptions grid_distortion(double steps, double low, double high) {
    return {"grid_distortion", {{"num_steps", {steps}}, {"low", {low}}, {"high", {high}}}};
}

std::vector<double> joined(const std::vector<std::vector<double>>& parts) {
    std::vector<double> row;
    for (const auto& part : parts) row.insert(row.end(), part.begin(), part.end());
    return row;
}

const std::vector<double> key{123456789, 4000000000.0};
const std::vector<double> corners{0.3, 0.1, 0.2, 0.4, 0.05, 0.3, 0.25, 0.15};
const std::vector<double> turned{30, 1.2, 5, -3, 0.1, -0.2};

}  // namespace

TEST(points_return_through_affine_maps_and_mirrors) {
    CHECK(largest_return(plan_of({flip}), {1, 0}) == 0);
    CHECK(largest_return(plan_of({flip}), {1, 1}) == 0);
    CHECK(largest_return(plan_of({affine, flip}), joined({turned, {1, 1}})) < 1e-9);
}

TEST(points_return_through_perspectives) {
    CHECK(largest_return(plan_of({perspective}), corners) < 1e-9);
    CHECK(largest_return(plan_of({flip, perspective, affine}), joined({{1, 0}, corners, turned})) <
          1e-9);
}

TEST(points_return_through_fields) {
    CHECK(largest_return(plan_of({grid_distortion(5, -0.3, 0.3)}), key) < 1e-5);
    CHECK(largest_return(plan_of({flip, grid_distortion(5, -0.3, 0.3)}), joined({{1, 0}, key})) <
          1e-5);
}

TEST(points_are_found_where_a_field_has_displaced_them) {
    // Beyond the edges a field is constant, so that places there are found, too.
    const Plan plan = plan_of({perspective, elastic(40, 5), affine});
    CHECK(largest_return(plan, joined({corners, key, turned})) < 1e-5);
}

TEST(points_at_the_horizon_are_nowhere) {
    const Plan plan = plan_of({perspective});
    const ForwardMap map(plan, corners.data());
    // Far enough out, a perspective turns over.
    bool lost = false;
    for (double far = 1; far < 1e6; far *= 2)
        for (const Point at : {Point{far, far}, Point{-far, far}, Point{far, -far}})
            lost = lost || std::isnan(map(at).x);
    CHECK(lost);
    CHECK(std::isnan(map({NAN, 0}).x) && std::isnan(map({NAN, 0}).y));
}

TEST(sizes_move_points_by_the_map_that_they_stand_for) {
    for (const double antialias : {0.0, 1.0}) {
        const StepOptions half{"resize",
                               {{"height", {20}}, {"width", {26}}, {"antialias", {antialias}}}};
        const Plan plan = plan_of({half});
        const ForwardMap map(plan, plan.neutral_row().data());
        const Point at = map({-0.5, -0.5}), end = map({52.5, 40.5});
        CHECK(std::abs(at.x + 0.5) < 1e-12 && std::abs(at.y + 0.5) < 1e-12);
        CHECK(std::abs(end.x - 25.5) < 1e-12 && std::abs(end.y - 19.5) < 1e-12);
    }
}

TEST(boxes_are_hulls_that_edges_cut) {
    const Plan plan = plan_of({flip});
    const std::vector<double> rows{1, 0, 0, 0};
    const std::int64_t starts[] = {0, 3, 5};
    const BoundingBox from[] = {
        {1, 2, 11, 12}, {-10, 0, 10, 10}, {60, 0, 70, 10}, {1, 2, 11, 12}, {NAN, 0, 1, 1}};
    BoundingBox to[5];
    double visible[5];
    map_boxes(plan, {.count = 2, .params = rows.data(), .starts = starts}, from, to, visible);
    CHECK(to[0].left == 42 && to[0].right == 52 && to[0].top == 2 && to[0].bottom == 12);
    CHECK(visible[0] == 1);
    CHECK(to[1].left == 43 && to[1].right == 53 && visible[1] == 0.5);
    CHECK(to[2].right == 0 && visible[2] == 0);
    CHECK(to[3].left == 1 && to[3].bottom == 12 && visible[3] == 1);
    CHECK(to[4].right == 0 && visible[4] == 0);
}

TEST(wrong_boxes_and_points_are_found_wherever_they_are) {
    constexpr std::size_t most = 150;  // more than are looked through at once
    for (const std::int64_t count : {1, 4, 5, 64, 65, 68, 69, 150}) {
        std::vector<double> fine(4 * most);
        for (std::size_t i = 0; i < most; ++i)  // each ends before the next one begins
            for (std::size_t k = 0; k < 4; ++k)
                fine[4 * i + k] = static_cast<double>(10 * (most - i) + k);
        CHECK(first_infinite_box(fine.data(), count) == -1);
        CHECK(first_reversed_box(fine.data(), count) == -1);
        CHECK(first_absent_box(fine.data(), count) == -1);
        CHECK(are_plain_boxes(fine.data(), count));
        CHECK(first_infinite(fine.data(), 2 * count) == -1);
        for (std::int64_t place = 0; place < count; ++place) {
            const auto at = static_cast<std::size_t>(place);
            for (std::size_t k = 0; k < 4; ++k) {
                std::vector<double> boxes = fine;
                std::vector<float> single(boxes.begin(), boxes.end());
                for (const double wrong : {NAN, INFINITY, -INFINITY}) {
                    boxes[4 * at + k] = wrong;
                    single[4 * at + k] = static_cast<float>(wrong);
                    CHECK(first_infinite_box(boxes.data(), count) == place);
                    CHECK(first_infinite_box(single.data(), count) == place);
                    CHECK(!are_plain_boxes(boxes.data(), count));
                    CHECK(!are_plain_boxes(single.data(), count));
                    const std::int64_t point =
                        std::isnan(wrong) ? -1 : static_cast<std::int64_t>(4 * at + k) / 2;
                    CHECK(first_infinite(boxes.data(), 2 * count) == point);
                    CHECK(first_infinite(single.data(), 2 * count) == point);
                }
                // What lies beyond an edge ends before it.
                boxes[4 * at + k] = single[4 * at + k] = k < 2 ? 1e6F : -1e6F;
                CHECK(first_reversed_box(boxes.data(), count) == place);
                CHECK(first_reversed_box(single.data(), count) == place);
                CHECK(!are_plain_boxes(boxes.data(), count));
                CHECK(!are_plain_boxes(single.data(), count));
            }
            std::vector<double> boxes = fine;
            std::fill_n(&boxes[4 * at], 3, -1);
            CHECK(first_absent_box(boxes.data(), count) == -1);
            boxes[4 * at + 3] = -1;
            CHECK(first_absent_box(boxes.data(), count) == place);
            CHECK(!are_plain_boxes(boxes.data(), count));
            std::fill_n(&boxes[4 * at], 4, NAN);
            CHECK(first_reversed_box(boxes.data(), count) == -1);
        }
    }
}

namespace {

// Boxes of three images, of which the second one has none, and some are gone.
struct SomeBoxes {
    static constexpr std::int64_t first = 70, count = 150;

    std::vector<std::int64_t> starts{0, first, first, count};
    std::vector<double> numbers;

    std::vector<const double*> rows() const {
        std::vector<const double*> all;
        for (std::size_t image = 0; image < 3; ++image)
            all.push_back(numbers.data() + 4 * starts[image]);
        return all;
    }
    // Which of them belong to an image.
    std::pair<std::size_t, std::size_t> of(std::int64_t image) const {
        const auto* const begin = starts.data() + image;
        return {static_cast<std::size_t>(begin[0]), static_cast<std::size_t>(begin[1])};
    }

    SomeBoxes() {
        const auto noise = [](std::int64_t i) {
            return std::fmod(static_cast<double>(i) * 7.3, 60);
        };
        for (std::int64_t i = 0; i < count; ++i) {
            const double left = noise(i) - 10, top = noise(3 * i + 1) - 10;
            const double box[] = {left, top, left + noise(i + 5) / 3, top + noise(2 * i) / 2};
            for (const double number : box) numbers.push_back(i % 11 == 3 ? NAN : number);
        }
    }
};

}  // namespace

TEST(seen_boxes_are_moved_ones_in_rows) {
    const SomeBoxes given;
    const auto* boxes = reinterpret_cast<const BoundingBox*>(given.numbers.data());
    const std::vector<double> row = joined({turned, {1, 0}});
    const std::vector<double> rows = joined({row, row, joined({turned, {1, 1}})});
    const Plan plan = plan_of({affine, flip});
    const TargetImages images{.count = 3, .params = rows.data(), .starts = given.starts.data()};
    std::vector<BoundingBox> moved(SomeBoxes::count);
    std::vector<double> visible(SomeBoxes::count);
    map_boxes(plan, images, boxes, moved.data(), visible.data());
    const std::vector<double> before(SomeBoxes::count, 0.75);

    for (const bool moves_up : {false, true})
        for (const std::int64_t room : {std::int64_t{20}, SomeBoxes::count}) {
            if (!moves_up && room < SomeBoxes::count) continue;
            const SeenBoxes seen{.least_area = 9,
                                 .least_part = 0.5,
                                 .before = before.data(),
                                 .room = room,
                                 .moves_up = moves_up};
            std::vector<float> made(static_cast<std::size_t>(4 * 3 * room), 7);
            bool kept[SomeBoxes::count];
            see_boxes(plan, images, given.rows().data(), seen, made.data(), kept);
            std::vector<float> wanted(made.size(), -1);
            std::int64_t lost = 0;
            for (std::int64_t image = 0; image < 3; ++image) {
                std::int64_t place = 0;
                const auto [begin, end] = given.of(image);
                for (std::size_t i = begin; i < end; ++i) {
                    const BoundingBox& box = moved[i];
                    const bool keeps = (box.right - box.left) * (box.bottom - box.top) >= 9 &&
                                       0.75 * visible[i] >= 0.5;
                    CHECK(kept[i] == keeps);
                    lost += !keeps;
                    if (!keeps && moves_up) continue;
                    if (keeps && place < room) {
                        float* const to = wanted.data() + 4 * (image * room + place);
                        to[0] = static_cast<float>(box.left);
                        to[1] = static_cast<float>(box.top);
                        to[2] = static_cast<float>(box.right);
                        to[3] = static_cast<float>(box.bottom);
                    }
                    ++place;
                }
            }
            CHECK(lost > 20 && lost < SomeBoxes::count - 40);
            CHECK(made == wanted);
        }
}

TEST(seen_boxes_have_the_format_that_is_asked_for) {
    const Plan plan = plan_of({});
    const std::int64_t starts[] = {0, 1};
    const TargetImages images{.count = 1, .params = nullptr, .starts = starts};
    const float box[] = {13.25F, 4.1F, 26.5F, 20.5F};
    const float* const from = box;
    using Last = BoxFormat::Last;
    const std::pair<BoxFormat, std::vector<float>> all[] = {
        {{.y_first = true}, {4.1F, 13.25F, 20.5F, 26.5F}},
        {{.last = Last::extents}, {13.25F, 4.1F, 13.25F, 16.4F}},
        {{.last = Last::extents_of_centre}, {19.875F, 12.3F, 13.25F, 16.4F}},
        {{.y_first = true, .last = Last::extents_of_centre}, {12.3F, 19.875F, 16.4F, 13.25F}},
        {{.relative = true}, {0.25F, 0.1F, 0.5F, 0.5F}},
        {{.relative = true, .last = Last::extents}, {0.25F, 0.1F, 0.25F, 0.4F}},
    };
    for (const auto& [format, wanted] : all) {
        std::vector<float> made(4);
        bool kept = false;
        see_boxes(plan, images, &from, {.room = 1, .format = format}, made.data(), &kept);
        CHECK(kept);
        for (std::size_t k = 0; k < 4; ++k) CHECK(std::abs(made[k] - wanted[k]) < 1e-5F);
    }
}

TEST(seen_points_are_moved_ones_in_rows) {
    const std::int64_t starts[] = {0, 2, 2, 5};
    const double points[] = {1, 2, NAN, 3, -0.5, 40.5, 52.5, 0, 52.6, 0};
    const double* const from[] = {points, nullptr, points + 4};
    const Plan plan = plan_of({flip});
    const std::vector<double> rows{1, 0, 0, 0, 0, 0};
    const TargetImages images{.count = 3, .params = rows.data(), .starts = starts};
    for (const bool only_inside : {false, true}) {
        std::vector<float> made(3 * 4 * 2, 7);
        see_points(plan, images, from, only_inside, 4, made.data());
        CHECK(made[0] == 51 && made[1] == 2 && std::isnan(made[2]));
        for (std::size_t i = 4; i < 16; ++i) CHECK(std::isnan(made[i]));
        CHECK(made[16] == -0.5F && made[17] == 40.5F && made[18] == 52.5F && made[19] == 0);
        CHECK(only_inside ? std::isnan(made[20]) && std::isnan(made[21])
                          : made[20] == 52.6F && made[21] == 0);
        CHECK(std::isnan(made[22]));
    }
}

TEST(boxes_hold_all_of_what_a_map_makes_of_them) {
    for (const bool bends : {false, true}) {
        const Plan plan = plan_of(bends ? std::vector{perspective, elastic(40, 5), affine}
                                        : std::vector{perspective, affine});
        const std::vector<double> row =
            bends ? joined({corners, key, turned}) : joined({corners, turned});
        const BoundingBox from{10, 8, 40, 30};
        const std::int64_t starts[] = {0, 1};
        BoundingBox to;
        double visible = 0;
        map_boxes(plan, {.count = 1, .params = row.data(), .starts = starts}, &from, &to, &visible);
        // Pixels of the target that come from inside, but for what lies between places of outlines.
        const std::vector<Point> all = origins(plan, row.data());
        double low_x = 1e9, high_x = -1e9, low_y = 1e9, high_y = -1e9;
        auto at = all.begin();
        for (std::int64_t r = 0; r < plan.target_height(); ++r)
            for (std::int64_t c = 0; c < plan.target_width(); ++c, ++at) {
                if (at->x < 9.5 || at->x > 39.5 || at->y < 7.5 || at->y > 29.5) continue;
                low_x = std::min(low_x, static_cast<double>(c));
                high_x = std::max(high_x, static_cast<double>(c + 1));
                low_y = std::min(low_y, static_cast<double>(r));
                high_y = std::max(high_y, static_cast<double>(r + 1));
            }
        CHECK(visible > 0 && visible <= 1);
        CHECK(std::abs(to.left - low_x) < 1.5 && std::abs(to.right - high_x) < 1.5);
        CHECK(std::abs(to.top - low_y) < 1.5 && std::abs(to.bottom - high_y) < 1.5);
    }
}

TEST(mirrors_are_told_from_turns) {
    bool mirrored[2];
    find_mirrored(plan_of({flip}), std::vector<double>{1, 0, 1, 1}.data(), 2, mirrored);
    CHECK(mirrored[0] && !mirrored[1]);
    find_mirrored(plan_of({rotate90}), std::vector<double>{1, 2}.data(), 2, mirrored);
    CHECK(!mirrored[0] && !mirrored[1]);
    find_mirrored(plan_of({flip}), nullptr, 2, mirrored);
    CHECK(!mirrored[0] && !mirrored[1]);
}

int main() { return testing::run_all(); }
