// Other hues: a rotation about the grey axis, in YIQ by the matrix that the FCC gave for NTSC. It
// keeps grey, and unlike a turn in HSV it is linear.
#pragma once

#include "ops/color_matrix.hpp"
#include "ops/operation.hpp"

namespace batchwarp::ops {

struct Hue {
    static constexpr Description description{.name = "hue",
                                             .scope = Scope::pixel,
                                             .columns = {{"hue", 0, -0.5, 0.5}},
                                             .colors = true};  // turns; red goes to yellow to green

    static void mix(const double* row, const Context<double>& /*image*/,
                    ColorMatrix& matrix) noexcept {
        constexpr double i[3] = {0.596, -0.274, -0.322}, q[3] = {0.211, -0.523, 0.312};
        constexpr const double (&y)[3] = grey_weights;
        // The columns of the inverse are cross products of the rows; that of Y is all ones.
        const Vector from_i = cross(q, y), from_q = cross(y, i);
        const double determinant = from_i[0] * i[0] + from_i[1] * i[1] + from_i[2] * i[2];
        constexpr double turn = 6.283185307179586476925;
        const double cosine = cos(turn * row[0]), sine = sin(turn * row[0]);
        double weights[3][3];
        for (int c = 0; c < 3; ++c)
            for (int k = 0; k < 3; ++k)
                weights[c][k] = y[k] + (from_i[c] * (cosine * i[k] + sine * q[k]) +
                                        from_q[c] * (cosine * q[k] - sine * i[k])) /
                                           determinant;
        matrix.mix(weights);
    }

  private:
    struct Vector {
        double at[3];
        double operator[](int k) const noexcept { return at[k]; }
    };
    static Vector cross(const double (&a)[3], const double (&b)[3]) noexcept {
        return {{a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]}};
    }
};

}  // namespace batchwarp::ops
