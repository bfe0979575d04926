// Adds to each channel its own share of the value range.
#pragma once

#include "ops/color_matrix.hpp"
#include "ops/operation.hpp"

namespace batchwarp::ops {

struct ChannelShift {
    static constexpr Description description{
        .name = "channel_shift",
        .scope = Scope::pixel,
        .columns = {{"red", 0, -0.2, 0.2}, {"green", 0, -0.2, 0.2}, {"blue", 0, -0.2, 0.2}}};

    static void mix(const double* row, const Context<double>& image, ColorMatrix& matrix) noexcept {
        const double extent = image.limits.high - image.limits.low;
        for (int c = 0; c < 3 && c < matrix.channels(); ++c) matrix.scale(c, 1, row[c] * extent);
    }
};

}  // namespace batchwarp::ops
