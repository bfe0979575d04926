// Where the pixels of an image come from.
#pragma once

#include <stdint.h>

#include "batchwarp/host_device.hpp"

namespace batchwarp {

struct Size {
    int64_t height = 0, width = 0;

    constexpr bool operator==(const Size&) const noexcept = default;
};

/// Some rows and columns of an image; they may reach beyond its edges.
struct Window {
    int64_t top = 0, left = 0, height = 0, width = 0;
};

/// From the columns top, left, height and width, cut off at more than any image has.
constexpr Window window_of(const double* row) noexcept {
    constexpr double most = 2147483648.0;
    int64_t whole[4] = {};
    for (int i = 0; i < 4; ++i) {
        const double below = row[i] < most ? row[i] : most;
        whole[i] = static_cast<int64_t>(below > -most ? below : -most);
    }
    return {whole[0], whole[1], whole[2], whole[3]};
}

/// Output pixel (r, c) samples the input at
///   y = (o0 + r * m00) + c * m01,   x = (o1 + r * m10) + c * m11
/// evaluated in double, in this order: SciPy's `affine_transform` decides by these very values.
struct Affine {
    double m00 = 1, m01 = 0, m10 = 0, m11 = 1, o0 = 0, o1 = 0;

    BATCHWARP_HD double y(double r, double c) const noexcept { return (o0 + r * m00) + c * m01; }
    BATCHWARP_HD double x(double r, double c) const noexcept { return (o1 + r * m10) + c * m11; }
};

/// What the coordinates of a projective map are divided by.
struct Divisor {
    double r = 0, c = 0, one = 1;

    BATCHWARP_HD double at(double row, double column) const noexcept {
        return (one + row * r) + column * c;
    }
};

/// A map in homogeneous coordinates: (r, c, 1) of a pixel that is made to (y, x, w), which is where
/// it comes from.
struct Map {
    double m[3][3] = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}};

    /// Through `first`, and from there through `then`.
    friend Map operator*(const Map& then, const Map& first) noexcept;
};

/// Displacements of the pixels of an image, each by its own. They belong to the points of a grid
/// and are B-splines between them. Along an axis, a place so many pixels from the first one is at
/// origin + pixels * density in points. Places beyond the image are displaced as its edge is.
struct Field {
    /// Writes the displacements of `count` points, the first ones of a row, in pixels.
    void (*points)(const Field& field, int64_t row, int64_t count, double* down,
                   double* right) noexcept = nullptr;
    uint32_t key[2] = {};      ///< decides about the points,
    double constants[2] = {};  ///< and so do the operation's arguments
    int order = 1;             ///< of the splines, 1 or 3
    Size size;                 ///< of the image

    struct Axis {
        double origin = 0, density = 1;
        double extent = 0;  ///< from the image's first pixel to its last, in points
        double reach = 0;   ///< no displacement is larger, in pixels
    };
    Axis y, x;
};

/// A field between the maps of other operations.
struct Displacement {
    Field field;
    Map to_field;    ///< from an output pixel, mirrored, to the field's own
    Map from_field;  ///< from there to what is sampled
};

/// What all coordinate operations of an image amount to. An output pixel is mirrored first; then,
/// if `warps`, it samples where `affine` says, divided by `divisor` if `projects`, and is a copy
/// otherwise. If `displaces`, `displacement` is added on the way.
struct Coordinates {
    Affine affine;
    Divisor divisor;
    bool warps = false, projects = false, displaces = false;
    bool flip_horizontal = false, flip_vertical = false;
    bool composed = false;  ///< of operations other than Keras'
    /// What is sampled is not the image, but `window` of it, reduced to size `reduced` by a filter
    /// that sees every pixel.
    bool reduces = false;
    Window window;
    Size reduced;
    /// Only if `displaces`: every image has coordinates, and few have this.
    union {
        Displacement displacement;
    };

    Coordinates() noexcept {}  // NOLINT(modernize-use-equals-default): that would set all of it

    /// Adds an operation, by the map from its own pixels to those of the `size` image before it.
    void follow(const Map& map, const Size& size) noexcept;
    /// Adds an operation that displaces pixels; it is the only one.
    void displace(const Field& by) noexcept;
};

}  // namespace batchwarp
