// Small images with what lies around them laid out, against the rule of each fill mode.
#include "warp/margins.hpp"

#include <cstring>
#include <random>
#include <vector>

#include "fill_modes.hpp"
#include "testing.hpp"

using namespace batchwarp;
using namespace testing;

namespace {

constexpr std::int64_t height = 5, width = 4;

WarpGeometry geometry_of(FillMode mode, double shift_y = 0, double shift_x = 0) {
    WarpGeometry geometry;
    geometry.height = height;
    geometry.width = width;
    geometry.affine = {1, 0, 0, 1, shift_y, shift_x};
    geometry.border = border_rule(mode);
    geometry.cval = 7.5;
    return geometry;
}

bool is_laid_out(FillMode mode) {
    return mode == FillMode::grid_wrap || mode == FillMode::grid_constant;
}

bool are(const std::optional<Margins>& margins, std::int64_t top, std::int64_t bottom,
         std::int64_t left, std::int64_t right) {
    return margins && margins->top == top && margins->bottom == bottom && margins->left == left &&
           margins->right == right;
}

}  // namespace

TEST(margins_hold_what_is_read) {
    for (const FillMode mode : all_modes) {
        const auto read = [&](double y, double x) {
            return margins_of(geometry_of(mode, y, x), height, width, 9);
        };
        if (!is_laid_out(mode)) {
            CHECK(!read(0, 0));
            continue;
        }
        CHECK(are(read(0, 0), 0, 0, 0, 0));
        const bool constant = mode == FillMode::grid_constant;  // one is enough
        CHECK(are(read(-2.5, 1), constant ? 1 : 3, 0, 0, 1));
        CHECK(are(read(0.25, -8.01), 0, 1, constant ? 1 : 9, 0));
        CHECK(constant || !read(0, -9.01));
        CHECK(constant || !read(1e300, 0));
    }
}

TEST(turned_images_read_what_their_corners_do) {
    WarpGeometry geometry = geometry_of(FillMode::grid_wrap);
    geometry.affine = {0.5, -1, 2, 0.25, 1, 0};  // y from -2 to 3, x from 0 to 8.75
    CHECK(are(margins_of(geometry, height, width, 9), 2, 0, 0, 6));
    geometry.order = 0;
    CHECK(!margins_of(geometry, height, width, 9));
    geometry.order = 1;
    geometry.projects = true;
    CHECK(!margins_of(geometry, height, width, 9));
}

TEST(samples_around_are_those_of_the_mode) {
    std::mt19937 random(1);
    for (const std::int64_t channels : {1, 3}) {
        const std::int64_t stride = width * channels + 2;
        std::vector<float> rows(static_cast<std::size_t>(height * stride));
        for (float& value : rows) value = static_cast<float>(random() % 1000);
        ImageView image;
        image.height = height;
        image.width = width;
        image.channels = channels;
        for (const FillMode mode : all_modes) {
            if (!is_laid_out(mode)) continue;
            const WarpGeometry geometry = geometry_of(mode);
            const Margins margins{6, 11, 1, 9};
            const ImageView made = with_margins(rows.data(), stride, image, margins, geometry);
            CHECK(made.height == height + 17 && made.width == width + 10 && made.is_packed());
            for (std::int64_t r = 0; r < made.height; ++r)
                for (std::int64_t c = 0; c < made.width; ++c)
                    for (std::int64_t k = 0; k < channels; ++k) {
                        const Extension taps = geometry.border.taps;
                        const std::int64_t y = map_tap(r - margins.top, height, taps);
                        const std::int64_t x = map_tap(c - margins.left, width, taps);
                        const float expected =
                            y < 0 || x < 0
                                ? 7.5f
                                : rows[static_cast<std::size_t>(y * stride + x * channels + k)];
                        float value;
                        std::memcpy(&value, made.at(r, c, k), sizeof value);
                        CHECK(value == expected);
                    }
        }
    }
}

int main() { return testing::run_all(); }
