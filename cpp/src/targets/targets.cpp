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
BoundingBox moved_affinely(const BoundingBox& box, const ForwardMap& map) noexcept {
    const ForwardMap::Place centre =
        map.place({(box.left + box.right) / 2 - 0.5, (box.top + box.bottom) / 2 - 0.5});
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

}  // namespace

void map_points(const Plan& plan, const TargetImages& images, const Point* from, Point* to) {
    for_each_image(plan, images, [&](const ForwardMap& map, std::int64_t begin, std::int64_t end) {
        for (std::int64_t i = begin; i < end; ++i) to[i] = map(from[i]);
    });
}

void map_boxes(const Plan& plan, const TargetImages& images, const BoundingBox* from,
               BoundingBox* to, double* visible) {
    const auto width = static_cast<double>(plan.target_width()),
               height = static_cast<double>(plan.target_height());
    for_each_image(plan, images, [&](const ForwardMap& map, std::int64_t begin, std::int64_t end) {
        const bool affine = map.is_affine();
        for (std::int64_t i = begin; i < end; ++i) {
            const BoundingBox all = affine ? moved_affinely(from[i], map) : moved(from[i], map);
            const BoundingBox inside{
                std::clamp(all.left, 0.0, width), std::clamp(all.top, 0.0, height),
                std::clamp(all.right, 0.0, width), std::clamp(all.bottom, 0.0, height)};
            const double seen = area(inside);  // and of a box that nobody has seen not a number
            to[i] = seen > 0 ? inside : BoundingBox{};
            visible[i] = seen > 0 ? seen / area(all) : 0;
        }
    });
}

void find_mirrored(const Plan& plan, const double* params, std::int64_t count, bool* mirrored) {
    const std::int64_t columns = std::ssize(plan.columns());
    for (std::int64_t i = 0; i < count; ++i)
        mirrored[i] =
            ForwardMap(plan, params != nullptr ? params + i * columns : nullptr).mirrors();
}

}  // namespace batchwarp
