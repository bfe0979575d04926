// Points and boxes go where the images' pixels go, each of which says where it comes from.
#include <cmath>
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

TEST(boxes_are_taken_and_kept_one_by_one) {
    const float given[] = {1, 2, 3, 4, -1, -1, -1, -1, -1, 0, 1, 1};
    BoundingBox taken[3];
    CHECK(take_boxes(given, 3, &taken[0].left) == -1);
    CHECK(taken[0].left == 1 && taken[0].bottom == 4 && taken[2].left == -1);
    CHECK(std::isnan(taken[1].left) && std::isnan(taken[1].bottom));
    for (const double wrong : {NAN, INFINITY, -INFINITY})
        for (int at = 0; at < 4; ++at) {
            double boxes[] = {0, 0, 1, 1, 0, 0, 1, 1};
            boxes[4 + at] = wrong;
            CHECK(take_boxes(boxes, 2, &taken[0].left) == 1);
            const double points[] = {NAN, 0, at % 2 == 0 ? wrong : 0, at % 2 == 0 ? 0 : wrong};
            CHECK(first_infinite(points, 2) == (std::isnan(wrong) ? -1 : 1));
        }
    const BoundingBox ends[] = {{0, 0, 1, 1}, {NAN, NAN, NAN, NAN}, {2, 0, 2, 0}, {0, 3, 1, 2}};
    CHECK(first_reversed(ends, 4) == 3 && first_reversed(ends, 3) == -1);
    const BoundingBox seen[] = {{0, 0, 2, 3}, {0, 0, 2, 2.5}, {0, 0, 5, 5}};
    const double visible[] = {0.5, 1, 0.4};
    float kept[12];
    bool keeps[3];
    keep_boxes(seen, visible, 3, 6, 0.5, kept, keeps);
    CHECK(keeps[0] && !keeps[1] && !keeps[2]);
    CHECK(kept[2] == 2 && kept[3] == 3 && kept[4] == -1 && kept[7] == -1 && kept[11] == -1);
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
