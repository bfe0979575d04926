#include "ops/holes.hpp"

#include <cmath>

#include "batchwarp/plan.hpp"
#include "draws/keyed_numbers.hpp"
#include "runtime/refuse.hpp"

namespace batchwarp::ops {

void HoleValue::settle_value(const Settings& settings, const PlanOptions& options, Step& step) {
    const std::vector<double>& values = settings.numbers("value");
    const auto channels = static_cast<std::size_t>(options.channels);
    if (values.size() > 1 && values.size() != channels)
        refuse("`value` must be one number, or one per channel. Received: ", values.size());
    step.constants = values.size() == channels
                         ? values
                         : std::vector<double>(channels, values.empty() ? 0 : values[0]);
}

void HoleLength::settle(const Settings& settings, int least, Step& step) {
    const std::vector<double>& range = settings.numbers("length", 2);
    const bool is_range = range[0] >= least && range[0] <= range[1] &&
                          range[0] == std::floor(range[0]) && range[1] == std::floor(range[1]);
    if (!is_range)
        refuse("`length` must be two whole numbers of at least ", least,
               ", the smaller one first. Received: ", range[0], ", ", range[1]);
    step.constants.insert(step.constants.end(), range.begin(), range.end());
}

double HoleLength::draw(const KeyedNumbers& number, int which, const double* range) noexcept {
    if (range[0] == range[1]) return range[0];
    return range[0] + std::floor(number(which) * (range[1] - range[0] + 1));
}

}  // namespace batchwarp::ops
