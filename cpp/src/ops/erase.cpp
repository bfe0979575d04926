#include "ops/erase.hpp"

#include "draws/random_area.hpp"
#include "runtime/refuse.hpp"

namespace batchwarp::ops {

void Erase::settle(const Settings& settings, const PlanOptions& options, Step& step) {
    const std::vector<double>& values = settings.numbers("value");
    const auto channels = static_cast<std::size_t>(options.channels);
    if (values.size() > 1 && values.size() != channels)
        refuse("`value` must be one number, or one per channel. Received: ", values.size());
    step.constants = values.size() == channels
                         ? values
                         : std::vector<double>(channels, values.empty() ? 0 : values[0]);
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
