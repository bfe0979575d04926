#include "ops/erase.hpp"

#include "batchwarp/plan.hpp"
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
}

}  // namespace batchwarp::ops
