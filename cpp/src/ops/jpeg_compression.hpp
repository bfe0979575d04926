// As after JPEG: writes an image with some quality, and reads it again, but for what is lossless.
#pragma once

#include "ops/operation.hpp"

namespace batchwarp::ops {

struct JpegCompression {
    static constexpr Description description{.name = "jpeg_compression",
                                             .scope = Scope::pixel,
                                             .needs = {.neighbours = true},
                                             .columns = {{"jpeg_quality", not_applied, 1, 100}},
                                             .colors = true,
                                             .greys = true};

    /// Whole ones, halves to even: what is drawn need not be.
    static void draw(const KeyedNumbers& number, const Step& step, double* row) noexcept;

    static int quality(const double* row) noexcept;
};

}  // namespace batchwarp::ops
