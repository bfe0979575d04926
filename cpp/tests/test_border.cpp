#include "warp/border.hpp"

#include <cstdint>
#include <string>

#include "fill_modes.hpp"
#include "testing.hpp"

using namespace batchwarp;
using testing::all_modes;
using testing::name_of;

namespace {

constexpr Extension all_extensions[] = {
    Extension::none,           Extension::constant,        Extension::replicate,
    Extension::half_symmetric, Extension::whole_symmetric, Extension::periodic,
    Extension::overlapping};

// Those that take a sample for every tap.
bool brings_inside(Extension extension) {
    return extension != Extension::none && extension != Extension::constant;
}

}  // namespace

TEST(every_mode_has_a_rule) {
    for (const FillMode mode : all_modes) {
        const BorderRule rule = border_rule(mode);
        CHECK(rule.taps != Extension::none);
        CHECK(fills(rule) == (std::string(name_of(mode)).find("constant") != std::string::npos));
        // What a filter cannot express has to be written out, and that has an end.
        if (rule.padded) CHECK(rule.coordinates == Extension::none);
    }
}

TEST(inside_nothing_changes) {
    for (const Extension extension : all_extensions)
        for (double at = 0; at <= 6; at += 0.125) CHECK(map_coordinate(at, 7, extension) == at);
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
        {FillMode::grid_constant,
         {-1, -1, -1, -1, -1, -1, -1, -1, 0, 1, 2, 3, -1, -1, -1, -1, -1, -1, -1, -1}},
    };
    for (const Row& row : rows)
        for (int i = 0; i < 20; ++i)
            CHECK(map_tap(i - 8, 4, border_rule(row.mode).taps) == row.taps[i]);
}

TEST(extensions_repeat_themselves) {
    for (const Extension extension : all_extensions) {
        if (!brings_inside(extension) || extension == Extension::replicate) continue;
        const double period = period_of(extension, 5.0);
        for (double at = 4.25; at < 30; at += 0.25)
            CHECK_NEAR(map_coordinate(at, 5, extension), map_coordinate(at + period, 5, extension),
                       1e-12);
    }
}

TEST(wrap_has_the_period_of_scipy) {
    // The first and the last sample coincide: n - 1, not n.
    const Extension wrap = border_rule(FillMode::wrap).coordinates;
    CHECK_NEAR(map_coordinate(-0.5, 5, wrap), 3.5, 1e-15);
    CHECK_NEAR(map_coordinate(4.5, 5, wrap), 0.5, 1e-15);
    CHECK(map_coordinate(4, 5, wrap) == 4);
}

TEST(constant_is_outside_beyond_the_last_sample) {
    const Extension constant = border_rule(FillMode::constant).coordinates;
    CHECK(map_coordinate(-1e-9, 5, constant) == -1);
    CHECK(map_coordinate(4 + 1e-9, 5, constant) == -1);
    CHECK(map_coordinate(0, 5, constant) == 0);
    CHECK(map_coordinate(4, 5, constant) == 4);
}

TEST(every_coordinate_ends_next_to_the_image) {
    for (const Extension extension : all_extensions)
        for (const std::int64_t n : {1, 2, 3, 4, 7, 100})
            for (double at = -1000; at < 1000; at += 0.37) {
                if (brings_inside(extension)) {
                    const double inside = map_coordinate(at, n, extension);
                    CHECK(inside > -1 && inside < static_cast<double>(n));
                }
                const std::int64_t tap = map_tap(static_cast<std::int64_t>(at), n, extension);
                CHECK(tap >= (extension == Extension::constant ? -1 : 0) && tap < n);
            }
}

TEST(absurd_coordinates_stay_defined) {
    for (const Extension extension : all_extensions)
        for (const double at : {1e300, -1e300, HUGE_VAL, -HUGE_VAL, std::nan("")}) {
            const double bounded = bounded_coordinate(at);
            CHECK(std::abs(bounded) <= 1e15);
            CHECK(std::isfinite(map_coordinate(bounded, 10, extension)));
        }
}

int main() { return testing::run_all(); }
