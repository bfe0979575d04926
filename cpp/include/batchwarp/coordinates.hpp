// Where the pixels of an image come from.
#pragma once

#include "batchwarp/host_device.hpp"

namespace batchwarp {

/// Output pixel (r, c) samples the input at
///   y = (o0 + r * m00) + c * m01,   x = (o1 + r * m10) + c * m11
/// evaluated in double, in this order: SciPy's `affine_transform` decides by these very values.
struct Affine {
    double m00 = 1, m01 = 0, m10 = 0, m11 = 1, o0 = 0, o1 = 0;

    BATCHWARP_HD double y(double r, double c) const noexcept { return (o0 + r * m00) + c * m01; }
    BATCHWARP_HD double x(double r, double c) const noexcept { return (o1 + r * m10) + c * m11; }
};

/// What all coordinate operations of an image amount to. An output pixel is mirrored first; then,
/// if `warps`, it samples where `affine` says, and is a copy otherwise.
struct Coordinates {
    Affine affine;
    bool warps = false;
    bool flip_horizontal = false, flip_vertical = false;
};

}  // namespace batchwarp
