// The images of a batch, each with what belongs to it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <iterator>

#include "batchwarp/operation.hpp"
#include "batchwarp/parallel.hpp"
#include "batchwarp/targets.hpp"
#include "targets/forward_map.hpp"

namespace batchwarp {

/// Calls `move(map, image, begin, end)` for the targets of each image that has some.
template <class Move>
void for_each_image(const Plan& plan, const TargetImages& images, Move&& move) {
    // To ask another thread for help pays for so many targets, of which a field takes a search
    // each.
    const bool bends = std::ranges::any_of(
        plan.coordinate_steps(), [](const Step& step) { return step.description->displaces; });
    const std::int64_t many = bends ? 128 : 16384;
    const std::int64_t columns = std::ssize(plan.columns());
    const auto one = [&](std::int64_t i) {
        const std::int64_t begin = images.starts[i], end = images.starts[i + 1];
        if (begin == end) return;
        const double* row = images.params != nullptr ? images.params + i * columns : nullptr;
        move(ForwardMap(plan, row), i, begin, end);
    };
    const std::int64_t all = images.count > 0 ? images.starts[images.count] : 0;
    parallel_for(images.count, all < many ? 1 : num_threads(), one, images.interrupted);
}

/// Writes `fill` to places of targets, `width` numbers each, of which images have `room`, if there
/// may be some that nothing else is written to.
inline void fill_room(const TargetImages& images, std::int64_t room, std::int64_t width,
                      bool may_be_fewer, float fill, float* to) {
    const std::int64_t places = images.count * room;
    if (may_be_fewer || images.starts[images.count] != places)
        std::fill(to, to + width * places, fill);
}

}  // namespace batchwarp
