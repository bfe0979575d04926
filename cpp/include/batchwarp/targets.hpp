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

/// Moves points likewise, into rows of `room` for each image, in single precision and NaN where
/// there is none. No image has more.
///
/// @param from  for each image its points, x and y
/// @param only_inside  whether points outside of the image become NaN
/// @throws Interrupted if `images.interrupted` returned true
template <class T>
void see_points(const Plan& plan, const TargetImages& images, const T* const* from,
                bool only_inside, std::int64_t room, float* to);

/// The first point that is infinite, or -1.
template <class T>
std::int64_t first_infinite(const T* points, std::int64_t count) noexcept;

/// The first box that has a number that is not finite, or -1.
template <class T>
std::int64_t first_infinite_box(const T* boxes, std::int64_t count) noexcept;

/// The first box, by its edges, that ends before it begins, or -1. NaN does not.
template <class T>
std::int64_t first_reversed_box(const T* boxes, std::int64_t count) noexcept;

/// The first box that is four times -1, or -1.
template <class T>
std::int64_t first_absent_box(const T* boxes, std::int64_t count) noexcept;

/// Whether none of what the three above look for is among boxes, nor a left edge at -1: quicker to
/// ask, as it hardly ever is.
template <class T>
bool are_plain_boxes(const T* boxes, std::int64_t count) noexcept;

/// Moves boxes: each becomes the smallest one around what has become of its outline, cut off at the
/// edges of the image. `visible` is the part of its area that is left after that: 0 for a box that
/// lies outside, whose edges do not count then. NaN becomes 0, with nothing visible.
///
/// @throws Interrupted if `images.interrupted` returned true
void map_boxes(const Plan& plan, const TargetImages& images, const BoundingBox* from,
               BoundingBox* to, double* visible);

/// What the four numbers of a box are.
struct BoxFormat {
    enum class Last : std::uint8_t { edges, extents, extents_of_centre };

    bool relative = false;  // to the image's size
    bool y_first = false;
    Last last = Last::edges;  // the third and the fourth one; of a centre, it comes first

    bool is_edges() const noexcept { return !relative && !y_first && last == Last::edges; }
};

/// How what is left of boxes is written.
struct SeenBoxes {
    /// Of fewer square pixels, or a smaller part, a box is not kept.
    double least_area = 0, least_part = 0;
    /// For each box the part of it that was left before; null: all of it.
    const double* before = nullptr;
    /// For so many boxes of an image there is room.
    std::int64_t room = 0;
    /// Whether boxes that are kept take the places of those that are not, and what there is no room
    /// for is left out. If not, no image has more boxes than there is room for.
    bool moves_up = false;
    BoxFormat format = {};
};

/// Moves boxes likewise, into rows of `room` for each image, in single precision and four times -1
/// where there is none.
///
/// @param from  for each image its boxes, by their edges
/// @param kept  says of each box of `from` whether enough of it is left; null: nobody asks
/// @throws Interrupted if `images.interrupted` returned true
template <class T>
void see_boxes(const Plan& plan, const TargetImages& images, const T* const* from,
               const SeenBoxes& seen, float* to, bool* kept);

/// For each of `count` images whether it is seen as in a mirror, at its centre. Of `params` null
/// all images are like one.
void find_mirrored(const Plan& plan, const double* params, std::int64_t count, bool* mirrored);

}  // namespace batchwarp
