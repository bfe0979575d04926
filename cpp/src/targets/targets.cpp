#include "batchwarp/targets.hpp"

#include <cmath>
#include <iterator>

#include "targets/each_image.hpp"
#include "targets/first_with.hpp"
#include "targets/forward_map.hpp"

namespace batchwarp {
namespace {

// Calls `to(i, point)` for each of the points of an image with what becomes of it.
template <class T, class To>
void move_points(const ForwardMap& map, std::int64_t count, const T* from, To&& to) {
    const auto point = [from](std::int64_t i) {
        return Point{static_cast<double>(from[2 * i]), static_cast<double>(from[2 * i + 1])};
    };
    if (map.is_affine()) {
        const AffineMap affine(map);
        for (std::int64_t i = 0; i < count; ++i) to(i, affine(point(i)));
    } else {
        for (std::int64_t i = 0; i < count; ++i) to(i, map(point(i)));
    }
}

}  // namespace

void map_points(const Plan& plan, const TargetImages& images, const Point* from, Point* to) {
    const auto* numbers = reinterpret_cast<const double*>(from);
    for_each_image(
        plan, images,
        [&](const ForwardMap& map, std::int64_t, std::int64_t begin, std::int64_t end) {
            move_points(map, end - begin, numbers + 2 * begin,
                        [to = to + begin](std::int64_t i, const Point& point) { to[i] = point; });
        });
}

template <class T>
void see_points(const Plan& plan, const TargetImages& images, const T* const* from,
                bool only_inside, std::int64_t room, float* to) {
    fill_room(images, room, 2, false, NAN, to);
    // An image reaches half a pixel beyond the centres of those at its edges.
    const double right = static_cast<double>(plan.target_width()) - 0.5,
                 bottom = static_cast<double>(plan.target_height()) - 0.5;
    for_each_image(
        plan, images,
        [&](const ForwardMap& map, std::int64_t image, std::int64_t begin, std::int64_t end) {
            float* const first = to + 2 * room * image;
            const auto write = [&](std::int64_t i, const Point& point) {
                float* const one = first + 2 * i;
                const bool lost = only_inside && (point.x < -0.5 || point.x > right ||
                                                  point.y < -0.5 || point.y > bottom);
                one[0] = lost ? NAN : static_cast<float>(point.x);
                one[1] = lost ? NAN : static_cast<float>(point.y);
            };
            move_points(map, end - begin, from[image], write);
        });
}

template void see_points(const Plan&, const TargetImages&, const float* const*, bool, std::int64_t,
                         float*);
template void see_points(const Plan&, const TargetImages&, const double* const*, bool, std::int64_t,
                         float*);

template <class T>
std::int64_t first_infinite(const T* points, std::int64_t count) noexcept {
    const auto infinite = [](const T* number, std::int64_t) { return std::isinf(*number); };
    return first_with<2>(points, count, infinite, [&](const T* point) {
        return infinite(point, 0) || infinite(point + 1, 1);
    });
}

template std::int64_t first_infinite(const float*, std::int64_t) noexcept;
template std::int64_t first_infinite(const double*, std::int64_t) noexcept;

void find_mirrored(const Plan& plan, const double* params, std::int64_t count, bool* mirrored) {
    const std::int64_t columns = std::ssize(plan.columns());
    for (std::int64_t i = 0; i < count; ++i)
        mirrored[i] =
            ForwardMap(plan, params != nullptr ? params + i * columns : nullptr).mirrors();
}

}  // namespace batchwarp
