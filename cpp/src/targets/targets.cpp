#include "batchwarp/targets.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "batchwarp/parallel.hpp"
#include "targets/forward_map.hpp"

namespace batchwarp {
namespace {

// To ask another thread for help pays for more of them.
constexpr std::int64_t many = 2048;

// Calls `move(map, begin, end)` for the targets of each image that has some.
template <class Move>
void for_each_image(const Plan& plan, const TargetImages& images, Move&& move) {
    const std::int64_t columns = std::ssize(plan.columns());
    const auto one = [&](std::int64_t i) {
        const std::int64_t begin = images.starts[i], end = images.starts[i + 1];
        if (begin == end) return;
        const double* row = images.params != nullptr ? images.params + i * columns : nullptr;
        move(ForwardMap(plan, row), begin, end);
    };
    const std::int64_t all = images.count > 0 ? images.starts[images.count] : 0;
    parallel_for(images.count, all < many ? 1 : num_threads(), one, images.interrupted);
}

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

// By its centre: opposite corners are as far from it, to opposite sides.
BoundingBox moved_affinely(const BoundingBox& box, const AffineMap& map) noexcept {
    const Point centre = map({(box.left + box.right) / 2 - 0.5, (box.top + box.bottom) / 2 - 0.5});
    const Point reach = map.reach((box.right - box.left) / 2, (box.bottom - box.top) / 2);
    const double x = centre.x + 0.5, y = centre.y + 0.5;
    return {x - reach.x, y - reach.y, x + reach.x, y + reach.y};
}

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

double area(const BoundingBox& box) noexcept {
    return std::max(0.0, box.right - box.left) * std::max(0.0, box.bottom - box.top);
}

// Moves boxes by `move`, and cuts off what is outside. All are of one kind of map: what is decided
// for each box takes as long as what is computed.
template <class Move>
void cut_off(std::int64_t begin, std::int64_t end, const BoundingBox* from, double width,
             double height, BoundingBox* to, double* visible, Move&& move) {
    for (std::int64_t i = begin; i < end; ++i) {
        const BoundingBox all = move(from[i]);
        const BoundingBox inside{std::clamp(all.left, 0.0, width), std::clamp(all.top, 0.0, height),
                                 std::clamp(all.right, 0.0, width),
                                 std::clamp(all.bottom, 0.0, height)};
        const double seen = area(inside);  // and of a box that nobody has seen not a number
        to[i] = seen > 0 ? inside : BoundingBox{};
        visible[i] = seen > 0 ? seen / area(all) : 0;
    }
}

}  // namespace

void map_points(const Plan& plan, const TargetImages& images, const Point* from, Point* to) {
    for_each_image(plan, images, [&](const ForwardMap& map, std::int64_t begin, std::int64_t end) {
        if (map.is_affine()) {
            const AffineMap affine(map);
            for (std::int64_t i = begin; i < end; ++i) to[i] = affine(from[i]);
        } else {
            for (std::int64_t i = begin; i < end; ++i) to[i] = map(from[i]);
        }
    });
}

void map_boxes(const Plan& plan, const TargetImages& images, const BoundingBox* from,
               BoundingBox* to, double* visible) {
    const auto width = static_cast<double>(plan.target_width()),
               height = static_cast<double>(plan.target_height());
    for_each_image(plan, images, [&](const ForwardMap& map, std::int64_t begin, std::int64_t end) {
        if (map.is_affine())
            cut_off(begin, end, from, width, height, to, visible,
                    [affine = AffineMap(map)](const BoundingBox& box) {
                        return moved_affinely(box, affine);
                    });
        else
            cut_off(begin, end, from, width, height, to, visible,
                    [&map](const BoundingBox& box) { return moved(box, map); });
    });
}

template <class T>
std::int64_t take_boxes(const T* from, std::int64_t count, double* to) noexcept {
    constexpr T none = -1;
    for (std::int64_t i = 0; i < count; ++i, from += 4, to += 4) {
        T sum = 0;  // of zeros, if all are finite
        for (int k = 0; k < 4; ++k) sum += from[k] * 0;
        if (sum != 0) return i;
        const bool is_none =
            from[0] == none && from[1] == none && from[2] == none && from[3] == none;
        for (int k = 0; k < 4; ++k) to[k] = is_none ? NAN : static_cast<double>(from[k]);
    }
    return -1;
}

template std::int64_t take_boxes(const float*, std::int64_t, double*) noexcept;
template std::int64_t take_boxes(const double*, std::int64_t, double*) noexcept;

std::int64_t first_reversed(const BoundingBox* boxes, std::int64_t count) noexcept {
    for (std::int64_t i = 0; i < count; ++i)
        if (boxes[i].right < boxes[i].left || boxes[i].bottom < boxes[i].top) return i;
    return -1;
}

void keep_boxes(const BoundingBox* boxes, const double* visible, std::int64_t count,
                double least_area, double least_part, float* to, bool* kept) noexcept {
    constexpr float none = -1;
    for (std::int64_t i = 0; i < count; ++i, to += 4) {
        const auto [left, top, right, bottom] = boxes[i];
        const bool keeps =
            (right - left) * (bottom - top) >= least_area && visible[i] >= least_part;
        kept[i] = keeps;
        to[0] = keeps ? static_cast<float>(left) : none;
        to[1] = keeps ? static_cast<float>(top) : none;
        to[2] = keeps ? static_cast<float>(right) : none;
        to[3] = keeps ? static_cast<float>(bottom) : none;
    }
}

template <class T>
std::int64_t first_infinite(const T* points, std::int64_t count) noexcept {
    for (std::int64_t i = 0; i < count; ++i)
        if (std::isinf(points[2 * i]) || std::isinf(points[2 * i + 1])) return i;
    return -1;
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
