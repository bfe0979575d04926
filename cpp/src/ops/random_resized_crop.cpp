#include "ops/random_resized_crop.hpp"

#include <cmath>

#include "batchwarp/plan.hpp"
#include "draws/random_area.hpp"
#include "ops/resize.hpp"

namespace batchwarp::ops {

void RandomResizedCrop::settle(const Settings& settings, const PlanOptions&, Step& step) {
    step.to = {settings.whole("height", 1), settings.whole("width", 1)};
    step.constants = {Resize::antialiases(settings, step) ? 1.0 : 0.0};
    if (step.where.operation >= 0) RandomArea::settle(settings, step);
}

void RandomResizedCrop::draw(const KeyedNumbers& number, const Step& step, double* row) noexcept {
    const double* ranges = step.constants.data() + 1;
    const RandomArea area(ranges, step.from);
    const auto height = static_cast<double>(step.from.height);
    const auto width = static_cast<double>(step.from.width);
    for (int attempt = 0; attempt < RandomArea::attempts; ++attempt) {
        const auto [w, h] = area.draw(number, attempt);
        if (w > 0 && w <= width && h > 0 && h <= height) return area.place(number, h, w, row);
    }
    // The middle, with proportions as near as there are.
    double h = height, w = width;
    if (width / height < ranges[2])
        h = std::nearbyint(width / ranges[2]);
    else if (width / height > ranges[3])
        w = std::nearbyint(height * ranges[3]);
    row[0] = std::floor((height - h) / 2);
    row[1] = std::floor((width - w) / 2);
    row[2] = h;
    row[3] = w;
}

void RandomResizedCrop::place(const double* row, const Step& step,
                              Coordinates& coordinates) noexcept {
    Window window{0, 0, step.from.height, step.from.width};
    if (!std::isnan(row[2]) && !std::isnan(row[3])) window = window_of(row);
    const bool whole =
        window.top == 0 && window.left == 0 && Size{window.height, window.width} == step.from;
    if (whole && step.to == step.from) return;
    Resize::stretch(window, step.constants[0] != 0, step, coordinates);
}

}  // namespace batchwarp::ops
