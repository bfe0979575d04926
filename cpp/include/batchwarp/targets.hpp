// What belongs to an image and moves with it: points and boxes.
#pragma once

#include <cstdint>
#include <functional>

#include "batchwarp/plan.hpp"

namespace batchwarp {

/// In pixels: the centre of an image's first pixel is (0, 0).
struct Point {
    double x = 0, y = 0;
};

/// The edges of a box, in pixels: an image reaches from (0, 0) to (width, height).
struct BoundingBox {
    double left = 0, top = 0, right = 0, bottom = 0;
};

/// The images that points or boxes belong to.
struct TargetImages {
    std::int64_t count = 0;
    /// For each image a row of parameters, `plan.columns()`; null: nothing but the size changes.
    const double* params = nullptr;
    /// Where what belongs to an image begins, and at last where all of it ends: `count` + 1
    /// numbers.
    const std::int64_t* starts = nullptr;
    /// Asked now and then in the calling thread; true stops the work. May be empty.
    std::function<bool()> interrupted = {};
};

/// Moves points to where the plan moves what is seen there. A point that nothing is left of, since
/// a perspective has it at its horizon or behind it, becomes NaN; NaN stays NaN.
///
/// A filter that reduces images is, for points, the map that it stands for. `from` may be `to`.
///
/// @throws Interrupted if `images.interrupted` returned true
void map_points(const Plan& plan, const TargetImages& images, const Point* from, Point* to);

/// Takes boxes as users give them, by their four numbers in whatever format: four times -1 is none,
/// and becomes NaN. Returns the first one that is not finite, or -1.
template <class T>
std::int64_t take_boxes(const T* from, std::int64_t count, double* to) noexcept;

/// The first box that ends before it begins, or -1. NaN does not.
std::int64_t first_reversed(const BoundingBox* boxes, std::int64_t count) noexcept;

/// Rounds what is left of boxes. Of less than `least_area` square pixels, or a smaller part than
/// `least_part`, nothing is `kept`, and its edges are -1.
void keep_boxes(const BoundingBox* boxes, const double* visible, std::int64_t count,
                double least_area, double least_part, float* to, bool* kept) noexcept;

/// The first point that is infinite, or -1.
template <class T>
std::int64_t first_infinite(const T* points, std::int64_t count) noexcept;

/// Moves boxes: each becomes the smallest one around what has become of its outline, cut off at the
/// edges of the image. `visible` is the part of its area that is left after that: 0 for a box that
/// lies outside, whose edges do not count then. NaN becomes 0, with nothing visible.
///
/// @throws Interrupted if `images.interrupted` returned true
void map_boxes(const Plan& plan, const TargetImages& images, const BoundingBox* from,
               BoundingBox* to, double* visible);

/// For each of `count` images whether it is seen as in a mirror, at its centre. Of `params` null
/// all images are like one.
void find_mirrored(const Plan& plan, const double* params, std::int64_t count, bool* mirrored);

}  // namespace batchwarp
