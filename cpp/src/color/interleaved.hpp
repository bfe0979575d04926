// Planes, to what wants the channels of a pixel side by side.
#pragma once

#include <algorithm>
#include <vector>

#include "color/planes.hpp"

namespace batchwarp {

/// Changes an image some pixels at a time: `change(data, first, pixels)` has `pixels` of them, from
/// number `first` on.
template <class T, class Change>
void interleave(const Planes<T>& image, Change&& change) {
    const std::int64_t most = std::max<std::int64_t>(1, 4096 / image.planes);
    std::vector<T> some(static_cast<std::size_t>(most * image.planes));
    for (std::int64_t first = 0; first < image.pixels; first += most) {
        const std::int64_t pixels = std::min(most, image.pixels - first);
        const auto each = [&](auto&& visit) {
            for (std::int64_t p = 0; p < image.planes; ++p)
                for (std::int64_t i = 0; i < pixels; ++i)
                    visit(image.plane(p)[first + i],
                          some[static_cast<std::size_t>(i * image.planes + p)]);
        };
        each([](const T& planar, T& pixel) { pixel = planar; });
        change(some.data(), first, pixels);
        each([](T& planar, const T& pixel) { planar = pixel; });
    }
}

}  // namespace batchwarp
