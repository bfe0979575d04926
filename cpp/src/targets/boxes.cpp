#include <algorithm>
#include <cmath>

#include "batchwarp/targets.hpp"
#include "targets/each_image.hpp"
#include "targets/first_with.hpp"
#include "targets/forward_map.hpp"

namespace batchwarp {
namespace {

// The smallest box around places, of which each is joined to the next one. What lies behind the
// horizon is cut off.
class Hull {
  public:
    void add(const ForwardMap::Place& next) noexcept {
        if (started_ && last_.is_seen() != next.is_seen()) {
            const double share = (seam - last_.w) / (next.w - last_.w);
            include(
                {last_.x + share * (next.x - last_.x), last_.y + share * (next.y - last_.y), seam});
        }
        if (next.is_seen()) include(next);
        last_ = next;
        started_ = true;
    }

    // By edges, not centres of pixels.
    BoundingBox box() const noexcept {
        return {low_x_ + 0.5, low_y_ + 0.5, high_x_ + 0.5, high_y_ + 0.5};
    }

  private:
    static constexpr double seam = 1e-8;

    void include(const ForwardMap::Place& place) noexcept {
        const double x = place.x / place.w, y = place.y / place.w;
        low_x_ = std::min(low_x_, x);
        low_y_ = std::min(low_y_, y);
        high_x_ = std::max(high_x_, x);
        high_y_ = std::max(high_y_, y);
    }

    ForwardMap::Place last_{};
    bool started_ = false;
    double low_x_ = INFINITY, low_y_ = INFINITY, high_x_ = -INFINITY, high_y_ = -INFINITY;
};

// Its outline from the first corner all around to it again: lines that are bent by so many places.
BoundingBox moved(const BoundingBox& box, const ForwardMap& map) noexcept {
    constexpr int bent = 16;
    const Point corners[] = {{box.left, box.top},
                             {box.right, box.top},
                             {box.right, box.bottom},
                             {box.left, box.bottom},
                             {box.left, box.top}};
    const int parts = map.bends() ? bent : 1;
    Hull hull;
    for (int i = 0; i < 4; ++i) {
        const Point &from = corners[i], &to = corners[i + 1];
        for (int part = i == 0 ? 0 : 1; part <= parts; ++part) {
            const double share = static_cast<double>(part) / parts;
            hull.add(map.place(
                {from.x + share * (to.x - from.x) - 0.5, from.y + share * (to.y - from.y) - 0.5}));
        }
    }
    return hull.box();
}

// Some boxes at a time, edge by edge, so that vectors hold the same edge of several boxes. What is
// decided for a box is a choice between two numbers, not a branch.
struct Boxes {
    static constexpr std::int64_t most = 64;

    double left[most], top[most], right[most], bottom[most];
    double visible[most];
    double kept[most];  // 1 or 0

    template <class T>
    void load(const T* from, std::int64_t count) noexcept {
        for (std::int64_t i = 0; i < count; ++i) {
            left[i] = static_cast<double>(from[4 * i]);
            top[i] = static_cast<double>(from[4 * i + 1]);
            right[i] = static_cast<double>(from[4 * i + 2]);
            bottom[i] = static_cast<double>(from[4 * i + 3]);
        }
    }

    void move(const ForwardMap& map, std::int64_t count) noexcept {
        for (std::int64_t i = 0; i < count; ++i) {
            const BoundingBox box = moved({left[i], top[i], right[i], bottom[i]}, map);
            left[i] = box.left;
            top[i] = box.top;
            right[i] = box.right;
            bottom[i] = box.bottom;
        }
    }

    // By their centres: opposite corners are as far from them, to opposite sides.
    void move(const AffineMap& map, std::int64_t count) noexcept {
        for (std::int64_t i = 0; i < count; ++i) {
            const Point centre =
                map({(left[i] + right[i]) / 2 - 0.5, (top[i] + bottom[i]) / 2 - 0.5});
            const Point reach = map.reach((right[i] - left[i]) / 2, (bottom[i] - top[i]) / 2);
            const double x = centre.x + 0.5, y = centre.y + 0.5;
            left[i] = x - reach.x;
            top[i] = y - reach.y;
            right[i] = x + reach.x;
            bottom[i] = y + reach.y;
        }
    }

    // Cuts off what is outside. Of a box of which nothing is seen, or nobody knows what, no edge is
    // left.
    void cut_off(double width, double height, std::int64_t count) noexcept {
        for (std::int64_t i = 0; i < count; ++i) {
            const double all = area(left[i], top[i], right[i], bottom[i]);
            left[i] = within(left[i], width);
            top[i] = within(top[i], height);
            right[i] = within(right[i], width);
            bottom[i] = within(bottom[i], height);
            const double seen = area(left[i], top[i], right[i], bottom[i]);
            const double share = seen / all;
            const bool some = seen > 0;
            left[i] = some ? left[i] : 0;
            top[i] = some ? top[i] : 0;
            right[i] = some ? right[i] : 0;
            bottom[i] = some ? bottom[i] : 0;
            visible[i] = some ? share : 0;
        }
    }

    // Decides which boxes are kept, since enough of them is seen; `begin` is the first of them.
    void decide(const SeenBoxes& seen, std::int64_t begin, std::int64_t count) noexcept {
        if (seen.before != nullptr)
            for (std::int64_t i = 0; i < count; ++i) visible[i] *= seen.before[begin + i];
        const double least_area = seen.least_area, least_part = seen.least_part;
        for (std::int64_t i = 0; i < count; ++i) {
            const double extent = (right[i] - left[i]) * (bottom[i] - top[i]);
            const double large = extent >= least_area ? 1 : 0;
            kept[i] = visible[i] >= least_part ? large : 0;
        }
    }

    // From edges to the numbers of a format, in an image of a size.
    void express(const BoxFormat& format, double width, double height,
                 std::int64_t count) noexcept {
        for (std::int64_t i = 0; i < count; ++i) {
            double first[] = {left[i], top[i]}, last[] = {right[i], bottom[i]};
            const double size[] = {width, height};
            for (int k = 0; k < 2; ++k) {
                if (format.relative) {
                    first[k] /= size[k];
                    last[k] /= size[k];
                }
                if (format.last == BoxFormat::Last::edges) continue;
                const double extent = last[k] - first[k];
                if (format.last == BoxFormat::Last::extents_of_centre)
                    first[k] = (first[k] + last[k]) / 2;
                last[k] = extent;
            }
            const int x = format.y_first ? 1 : 0, y = 1 - x;
            left[i] = first[x];
            top[i] = first[y];
            right[i] = last[x];
            bottom[i] = last[y];
        }
    }

    // Writes boxes from `to` on, -1 for those that are not kept.
    void store(std::int64_t count, float* to) noexcept {
        for (std::int64_t i = 0; i < count; ++i) {
            left[i] = kept[i] != 0 ? left[i] : -1;
            top[i] = kept[i] != 0 ? top[i] : -1;
            right[i] = kept[i] != 0 ? right[i] : -1;
            bottom[i] = kept[i] != 0 ? bottom[i] : -1;
        }
        for (std::int64_t i = 0; i < count; ++i) {
            to[4 * i] = static_cast<float>(left[i]);
            to[4 * i + 1] = static_cast<float>(top[i]);
            to[4 * i + 2] = static_cast<float>(right[i]);
            to[4 * i + 3] = static_cast<float>(bottom[i]);
        }
    }

    // Writes those that are kept from `to` on, up to `end`; returns where the next one belongs.
    float* store_kept(std::int64_t count, float* to, const float* end) const noexcept {
        for (std::int64_t i = 0; i < count; ++i) {
            if (kept[i] == 0 || to == end) continue;
            for (const double number : {left[i], top[i], right[i], bottom[i]})
                *to++ = static_cast<float>(number);
        }
        return to;
    }

  private:
    static double area(double left, double top, double right, double bottom) noexcept {
        const double width = right - left, height = bottom - top;
        return (width > 0 ? width : 0) * (height > 0 ? height : 0);
    }

    // Not a number stays what it is.
    static double within(double value, double end) noexcept {
        value = value < 0 ? 0 : value;
        return end < value ? end : value;
    }
};

// Calls `take(boxes, begin, count)` for boxes of an image that have been moved and cut off, some at
// a time.
template <class T, class Take>
void move_boxes(const Plan& plan, const ForwardMap& map, std::int64_t all, const T* from,
                Take&& take) {
    const auto width = static_cast<double>(plan.target_width()),
               height = static_cast<double>(plan.target_height());
    Boxes boxes;
    for (std::int64_t begin = 0; begin < all; begin += Boxes::most) {
        const std::int64_t count = std::min(Boxes::most, all - begin);
        boxes.load(from + 4 * begin, count);
        if (map.is_affine())
            boxes.move(AffineMap(map), count);
        else
            boxes.move(map, count);
        boxes.cut_off(width, height, count);
        take(boxes, begin, count);
    }
}

}  // namespace

template <class T>
std::int64_t first_infinite_box(const T* boxes, std::int64_t count) noexcept {
    const auto infinite = [](const T* number, std::int64_t) { return *number * 0 != 0; };
    return first_with<4>(boxes, count, infinite, [&](const T* box) {
        return infinite(box, 0) || infinite(box + 1, 1) || infinite(box + 2, 2) ||
               infinite(box + 3, 3);
    });
}

template std::int64_t first_infinite_box(const float*, std::int64_t) noexcept;
template std::int64_t first_infinite_box(const double*, std::int64_t) noexcept;

template <class T>
std::int64_t first_reversed_box(const T* boxes, std::int64_t count) noexcept {
    const auto reversed = [](const T* number, std::int64_t at) {
        return (at < 2) & (number[2] < number[0]);
    };
    return first_with<4>(boxes, count, reversed,
                         [&](const T* box) { return reversed(box, 0) || reversed(box + 1, 1); });
}

template std::int64_t first_reversed_box(const float*, std::int64_t) noexcept;
template std::int64_t first_reversed_box(const double*, std::int64_t) noexcept;

template <class T>
std::int64_t first_absent_box(const T* boxes, std::int64_t count) noexcept {
    constexpr T none = -1;
    const auto may_be = [](const T* number, std::int64_t) { return *number == none; };
    return first_with<4>(boxes, count, may_be, [](const T* box) {
        return box[0] == none && box[1] == none && box[2] == none && box[3] == none;
    });
}

template std::int64_t first_absent_box(const float*, std::int64_t) noexcept;
template std::int64_t first_absent_box(const double*, std::int64_t) noexcept;

template <class T>
bool are_plain_boxes(const T* boxes, std::int64_t count) noexcept {
    constexpr T none = -1;
    const auto unusual = [](const T* number, std::int64_t at) {
        return (*number * 0 != 0) | (*number == none) | ((at < 2) & (number[2] < number[0]));
    };
    return first_with<4>(boxes, count, unusual, [&](const T* box) {
               return ((box[0] + box[1] + box[2] + box[3]) * 0 != 0) | (box[0] == none) |
                      (box[2] < box[0]) | (box[3] < box[1]);
           }) < 0;
}

template bool are_plain_boxes(const float*, std::int64_t) noexcept;
template bool are_plain_boxes(const double*, std::int64_t) noexcept;

void map_boxes(const Plan& plan, const TargetImages& images, const BoundingBox* from,
               BoundingBox* to, double* visible) {
    const auto* edges = reinterpret_cast<const double*>(from);
    for_each_image(plan, images,
                   [&](const ForwardMap& map, std::int64_t, std::int64_t first, std::int64_t end) {
                       move_boxes(plan, map, end - first, edges + 4 * first,
                                  [&](const Boxes& boxes, std::int64_t begin, std::int64_t count) {
                                      for (std::int64_t i = 0; i < count; ++i) {
                                          to[first + begin + i] = {boxes.left[i], boxes.top[i],
                                                                   boxes.right[i], boxes.bottom[i]};
                                          visible[first + begin + i] = boxes.visible[i];
                                      }
                                  });
                   });
}

template <class T>
void see_boxes(const Plan& plan, const TargetImages& images, const T* const* from,
               const SeenBoxes& seen, float* to, bool* kept) {
    fill_room(images, seen.room, 4, seen.moves_up, -1, to);
    const auto width = static_cast<double>(plan.target_width()),
               height = static_cast<double>(plan.target_height());
    for_each_image(
        plan, images,
        [&](const ForwardMap& map, std::int64_t image, std::int64_t first, std::int64_t end) {
            float* const room = to + 4 * seen.room * image;
            float* next = room;
            const auto take = [&](Boxes& boxes, std::int64_t begin, std::int64_t count) {
                boxes.decide(seen, first + begin, count);
                if (kept != nullptr)
                    for (std::int64_t i = 0; i < count; ++i)
                        kept[first + begin + i] = boxes.kept[i] != 0;
                if (!seen.format.is_edges()) boxes.express(seen.format, width, height, count);
                if (seen.moves_up)
                    next = boxes.store_kept(count, next, room + 4 * seen.room);
                else
                    boxes.store(count, room + 4 * begin);
            };
            move_boxes(plan, map, end - first, from[image], take);
        });
}

template void see_boxes(const Plan&, const TargetImages&, const float* const*, const SeenBoxes&,
                        float*, bool*);
template void see_boxes(const Plan&, const TargetImages&, const double* const*, const SeenBoxes&,
                        float*, bool*);

}  // namespace batchwarp
