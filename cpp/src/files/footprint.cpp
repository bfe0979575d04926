#include "files/footprint.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "resize/reduction.hpp"

namespace batchwarp {
namespace {

// The places that an axis is sampled at.
struct Reach {
    double low, high;

    void add(double place) noexcept {
        low = std::min(low, place);
        high = std::max(high, place);
    }
};

// Whether what lies beyond the edges is made of the pixels nearest to it, or of none.
bool is_local(FillMode mode) noexcept {
    return mode == FillMode::nearest || mode == FillMode::constant ||
           mode == FillMode::grid_constant;
}

Box box_of(const Window& window) noexcept {
    return {window.left, window.top, window.left + window.width, window.top + window.height};
}

// The pixels along an axis that are weighed at such places, as the first and one past the last.
std::pair<std::int64_t, std::int64_t> pixels_around(const Reach& reach,
                                                    std::int64_t extent) noexcept {
    constexpr std::int64_t margin = 2;  // a tap beside the place, and whatever rounding does
    // Beyond an edge, the tap beside is the edge's, and its weight of 0 still rounds.
    const auto inside = [extent](double place) {
        return std::clamp<std::int64_t>(static_cast<std::int64_t>(place), 0, extent - 1);
    };
    const std::int64_t first = inside(std::floor(reach.low)) - margin;
    const std::int64_t last = inside(std::ceil(reach.high)) + margin;
    return {std::max<std::int64_t>(first, 0), std::min(last, extent - 1) + 1};
}

// What orders 0 and 1 take of an image; all of it if that is not simple to say.
Box sampled(const Plan& plan, const Affine& affine, const Box& all) noexcept {
    const auto last_row = static_cast<double>(plan.target_height() - 1);
    const auto last_column = static_cast<double>(plan.target_width() - 1);
    Reach y{affine.y(0, 0), affine.y(0, 0)}, x{affine.x(0, 0), affine.x(0, 0)};
    for (const double r : {0.0, last_row})
        for (const double c : {0.0, last_column}) {
            y.add(affine.y(r, c));
            x.add(affine.x(r, c));
        }
    constexpr double far = 1073741824.0;  // 2^30
    const double most = std::max({-y.low, y.high, -x.low, x.high});
    if (!(most < far)) return all;  // nor if it is not a number
    const bool inside = y.low >= 0 && x.low >= 0 && y.high <= static_cast<double>(all.bottom - 1) &&
                        x.high <= static_cast<double>(all.right - 1);
    if (!inside && !is_local(plan.options().fill_mode)) return all;
    const auto [top, bottom] = pixels_around(y, all.bottom);
    const auto [left, right] = pixels_around(x, all.right);
    return {left, top, right, bottom};
}

}  // namespace

Box footprint(const Plan& plan, const double* row) noexcept {
    const PlanOptions& options = plan.options();
    const Box all{0, 0, options.width, options.height};
    if (plan.mixture() != nullptr) return all;  // of images that are moved in several ways
    const Coordinates from = plan.coordinates(row);
    if (from.reduces) return box_of(clipped(from.window, {options.height, options.width}));
    if (!from.warps || from.projects || from.displaces || options.order > 1) return all;
    return sampled(plan, from.affine, all);
}

}  // namespace batchwarp
