#include <numbers>

#include "images.hpp"
#include "testing.hpp"

using namespace testing;

TEST(neutral_parameters_make_no_matrix) {
    Affine affine;
    CHECK(!affine_from_row(KerasRow{}, 5, 9, affine));
    KerasRow flips;
    flips.flip_horizontal = flips.flip_vertical = 1;
    CHECK(!affine_from_row(flips, 5, 9, affine));
}

TEST(height_shift_moves_along_the_width) {
    // Keras swaps the axes of its matrix: the quirk users see first.
    KerasRow p;
    p.tx = 3;
    Affine a;
    CHECK(affine_from_row(p, 10, 20, a));
    CHECK(a.y(4, 7) == 4);
    CHECK(a.x(4, 7) == 10);
}

TEST(rotation_by_90_degrees_maps_corners_of_a_square) {
    KerasRow p;
    p.theta = 90;
    Affine a;
    CHECK(affine_from_row(p, 8, 8, a));
    CHECK_NEAR(a.y(0, 0), 0, 1e-12);
    CHECK_NEAR(a.x(0, 0), 7, 1e-12);
    CHECK_NEAR(a.y(0, 7), 7, 1e-12);
    CHECK_NEAR(a.x(0, 7), 7, 1e-12);
}

TEST(zoom_above_one_shrinks_about_the_centre) {
    KerasRow p;
    p.zx = p.zy = 2;
    Affine a;
    CHECK(affine_from_row(p, 9, 9, a));
    CHECK_NEAR(a.y(4, 4), 4, 1e-12);
    CHECK_NEAR(a.x(6, 6), 8, 1e-12);
}

TEST(shear_also_scales) {
    KerasRow p;
    p.shear = 60;
    Affine a;
    CHECK(affine_from_row(p, 11, 11, a));
    CHECK_NEAR(a.m00, std::cos(p.shear * std::numbers::pi / 180), 1e-15);
    CHECK(a.m11 == 1);
}

TEST(the_chain_of_matrices) {
    // Rotation . Translation . Shear . Zoom, multiplied out naively, centred, axes swapped.
    constexpr double pi = std::numbers::pi;
    KerasRow p;
    p.theta = 17;
    p.tx = 1.5;
    p.ty = -2.25;
    p.shear = 11;
    p.zx = 0.8;
    p.zy = 1.3;
    const double t = p.theta * pi / 180, s = p.shear * pi / 180, h = 13, w = 31;
    double m[3][3] = {{std::cos(t), -std::sin(t), 0}, {std::sin(t), std::cos(t), 0}, {0, 0, 1}};
    const double chain[3][3][3] = {{{1, 0, p.tx}, {0, 1, p.ty}, {0, 0, 1}},
                                   {{1, -std::sin(s), 0}, {0, std::cos(s), 0}, {0, 0, 1}},
                                   {{p.zx, 0, 0}, {0, p.zy, 0}, {0, 0, 1}}};
    for (const auto& next : chain) {
        double product[3][3] = {};
        for (int i = 0; i < 3; ++i)
            for (int j = 0; j < 3; ++j)
                for (int k = 0; k < 3; ++k) product[i][j] += m[i][k] * next[k][j];
        for (int i = 0; i < 3; ++i)
            for (int j = 0; j < 3; ++j) m[i][j] = product[i][j];
    }
    const double cy = h / 2 - 0.5, cx = w / 2 - 0.5;
    const double o0 = m[0][2] + cy - m[0][0] * cy - m[0][1] * cx;
    const double o1 = m[1][2] + cx - m[1][0] * cy - m[1][1] * cx;
    Affine a;
    CHECK(affine_from_row(p, 13, 31, a));
    CHECK_NEAR(a.m00, m[1][1], 1e-14);
    CHECK_NEAR(a.m01, m[1][0], 1e-14);
    CHECK_NEAR(a.m10, m[0][1], 1e-14);
    CHECK_NEAR(a.m11, m[0][0], 1e-14);
    CHECK_NEAR(a.o0, o1, 1e-13);
    CHECK_NEAR(a.o1, o0, 1e-13);
}

int main() { return testing::run_all(); }
