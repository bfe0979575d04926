// One channel becomes black.
#pragma once

#include "ops/color_matrix.hpp"
#include "ops/operation.hpp"

namespace batchwarp::ops {

struct ChannelDrop {
    static constexpr Description description{
        .name = "channel_drop", .scope = Scope::pixel, .columns = {{"channel", -1, 0, 0.99}}};

    static void settle(const Settings& settings, const PlanOptions& options, Step& step);
    static void draw(const KeyedNumbers& number, const Step& step, double* row) noexcept;

    static void mix(const double* row, const Context<double>& image, ColorMatrix& matrix) noexcept {
        const int channel = static_cast<int>(row[0]);
        if (channel >= 0 && channel < matrix.channels()) matrix.scale(channel, 0, image.limits.low);
    }
};

}  // namespace batchwarp::ops
