#include "warp/border.hpp"

#include "testing.hpp"

using namespace batchwarp;

namespace {
constexpr FillMode mapped[] = {FillMode::nearest, FillMode::reflect,   FillMode::wrap,
                               FillMode::mirror,  FillMode::grid_wrap, FillMode::grid_mirror};
}

TEST(inside_nothing_changes) {
    for (const FillMode mode : mapped)
        for (double at = 0; at <= 6; at += 0.125) CHECK(map_coordinate(at, 7, mode) == at);
}

TEST(integer_taps_follow_the_drawings_of_the_documentation) {
    // a b c d = 0 1 2 3, eight taps to the left and eight to the right
    struct Row {
        FillMode mode;
        int taps[20];
    };
    const Row rows[] = {
        {FillMode::reflect, {0, 1, 2, 3, 3, 2, 1, 0, 0, 1, 2, 3, 3, 2, 1, 0, 0, 1, 2, 3}},
        {FillMode::mirror, {2, 1, 0, 1, 2, 3, 2, 1, 0, 1, 2, 3, 2, 1, 0, 1, 2, 3, 2, 1}},
        {FillMode::grid_wrap, {0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3}},
        {FillMode::nearest, {0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 3, 3, 3, 3, 3, 3, 3, 3}},
    };
    for (const Row& row : rows)
        for (int i = 0; i < 20; ++i) CHECK(map_tap(i - 8, 4, row.mode) == row.taps[i]);
}

TEST(wrap_has_the_period_of_scipy) {
    // The first and the last sample coincide: n - 1, not n.
    CHECK_NEAR(map_coordinate(-0.5, 5, FillMode::wrap), 3.5, 1e-15);
    CHECK_NEAR(map_coordinate(4.5, 5, FillMode::wrap), 0.5, 1e-15);
    CHECK(map_coordinate(4, 5, FillMode::wrap) == 4);
}

TEST(constant_is_outside_beyond_the_last_sample) {
    CHECK(map_coordinate(-1e-9, 5, FillMode::constant) == -1);
    CHECK(map_coordinate(4 + 1e-9, 5, FillMode::constant) == -1);
    CHECK(map_coordinate(0, 5, FillMode::constant) == 0);
    CHECK(map_coordinate(4, 5, FillMode::constant) == 4);
}

TEST(every_coordinate_ends_next_to_the_image) {
    for (const FillMode mode : mapped)
        for (const std::int64_t n : {1, 2, 3, 4, 7, 100})
            for (double at = -1000; at < 1000; at += 0.37) {
                const double inside = map_coordinate(at, n, mode);
                CHECK(inside > -1 && inside < static_cast<double>(n));
                const std::int64_t tap = map_tap(static_cast<std::int64_t>(at), n, tap_mode(mode));
                CHECK(tap >= 0 && tap < n);
            }
}

TEST(absurd_coordinates_stay_defined) {
    for (const FillMode mode : mapped)
        for (const double at : {1e300, -1e300, HUGE_VAL, -HUGE_VAL, std::nan("")}) {
            const double bounded = bounded_coordinate(at);
            CHECK(std::abs(bounded) <= 1e15);
            CHECK(std::isfinite(map_coordinate(bounded, 10, mode)));
        }
}

int main() { return testing::run_all(); }
