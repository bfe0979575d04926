// Blurs by a Gaussian window, as torchvision: one that is sampled at whole pixels and mirrored
// images beyond the edges.
#pragma once

#include "ops/operation.hpp"

namespace batchwarp::ops {

struct GaussianBlur {
    static constexpr Description description{
        .name = "gaussian_blur",
        .scope = Scope::pixel,
        .needs = {.neighbours = true},
        .columns = {{"sigma", 0, 0.1, 2}},
        .settings = {{"kernel_size", Setting::number}}};  // pixels; 0: as many as sigma needs

    static void settle(const Settings& settings, const PlanOptions& options, Step& step);

    static int radius(const double* row, const double* constants) noexcept;
    static void weigh(const double* row, const double* constants, double* weights) noexcept;
};

}  // namespace batchwarp::ops
