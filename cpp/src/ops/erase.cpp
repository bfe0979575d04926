#include "ops/erase.hpp"

#include "draws/random_area.hpp"

namespace batchwarp::ops {

void Erase::settle(const Settings& settings, const PlanOptions& options, Step& step) {
    settle_value(settings, options, step);
    if (step.where.operation >= 0) RandomArea::settle(settings, step);
}

void Erase::draw(const KeyedNumbers& number, const Step& step, double* row) noexcept {
    const RandomArea area(&step.constants.back() + 1 - RandomArea::constants, step.from);
    const auto height = static_cast<double>(step.from.height);
    const auto width = static_cast<double>(step.from.width);
    for (int attempt = 0; attempt < RandomArea::attempts; ++attempt) {
        const auto [h, w] = area.draw(number, attempt);
        if (h >= 1 && h < height && w >= 1 && w < width) return area.place(number, h, w, row);
    }
}

}  // namespace batchwarp::ops
