#include "ops/channel_drop.hpp"

#include <cmath>

#include "batchwarp/plan.hpp"
#include "draws/keyed_numbers.hpp"

namespace batchwarp::ops {

void ChannelDrop::settle(const Settings&, const PlanOptions& options, Step& step) {
    step.constants = {static_cast<double>(options.channels)};
}

void ChannelDrop::draw(const KeyedNumbers& number, const Step& step, double* row) noexcept {
    row[0] = std::floor(number(0) * step.constants[0]);
}

}  // namespace batchwarp::ops
