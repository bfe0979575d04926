#include "draws/random_area.hpp"

#include <cmath>

#include "runtime/refuse.hpp"

namespace batchwarp {

void RandomArea::settle(const Settings& settings, Step& step) {
    for (const char* name : {"scale", "ratio"}) {
        const std::vector<double>& range = settings.numbers(name, 2);
        const bool is_range = range[0] > 0 && range[0] <= range[1];
        if (!is_range)
            refuse("`", name,
                   "` must be two numbers above 0, the smaller one first. Received: ", range[0],
                   ", ", range[1]);
        step.constants.insert(step.constants.end(), range.begin(), range.end());
    }
    const std::vector<double>& ratio = settings.numbers("ratio");
    step.constants.insert(step.constants.end(), {std::log(ratio[0]), std::log(ratio[1])});
}

RandomArea::RandomArea(const double* ranges, const Size& size) noexcept
    : ranges_(ranges),
      height_(static_cast<double>(size.height)),
      width_(static_cast<double>(size.width)) {}

RandomArea::Sides RandomArea::draw(const KeyedNumbers& number, int attempt) const noexcept {
    const double area = height_ * width_ * number(2 * attempt, ranges_[0], ranges_[1]);
    const double ratio = std::exp(number(2 * attempt + 1, ranges_[4], ranges_[5]));
    return {std::nearbyint(std::sqrt(area * ratio)), std::nearbyint(std::sqrt(area / ratio))};
}

void RandomArea::place(const KeyedNumbers& number, double height, double width,
                       double* row) const noexcept {
    row[0] = std::floor(number(2 * attempts) * (height_ - height + 1));
    row[1] = std::floor(number(2 * attempts + 1) * (width_ - width + 1));
    row[2] = height;
    row[3] = width;
}

}  // namespace batchwarp
