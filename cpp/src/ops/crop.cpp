#include "ops/crop.hpp"

#include "batchwarp/plan.hpp"

namespace batchwarp::ops {

void Crop::settle(const Settings& settings, const PlanOptions&, Step& step) {
    constexpr std::int64_t far = std::int64_t{1} << 31;
    step.to = {settings.whole("height", 1), settings.whole("width", 1)};
    step.constants = {static_cast<double>(settings.whole("top", -far)),
                      static_cast<double>(settings.whole("left", -far))};
}

void Crop::place(const double*, const Step& step, Coordinates& coordinates) noexcept {
    const double top = step.constants[0], left = step.constants[1];
    if (step.to == step.from && top == 0 && left == 0) return;
    coordinates.follow({{{1, 0, top}, {0, 1, left}, {0, 0, 1}}}, step.from);
}

}  // namespace batchwarp::ops
