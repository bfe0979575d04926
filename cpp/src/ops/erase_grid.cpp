#include "ops/erase_grid.hpp"

#include <algorithm>
#include <cmath>

#include "batchwarp/plan.hpp"
#include "draws/keyed_numbers.hpp"
#include "runtime/refuse.hpp"

namespace batchwarp::ops {

void EraseGrid::settle(const Settings& settings, const PlanOptions& options, Step& step) {
    settle_value(settings, options, step);
    if (step.where.operation < 0) return;  // nothing is drawn
    HoleLength::settle(settings, 2, step);
    const double ratio = settings.numbers("hole_ratio", 1)[0];
    const bool is_share = ratio > 0 && ratio < 1;  // and no NaN
    if (!is_share) refuse_option("hole_ratio", ratio, "above 0 and below 1");
    step.constants.push_back(ratio);
}

void EraseGrid::draw(const KeyedNumbers& number, const Step& step, double* row) noexcept {
    const double ratio = step.constants.back();
    const double* const lengths = &step.constants.back() - HoleLength::constants;
    const double unit = HoleLength::draw(number, 2, lengths);
    row[0] = std::floor(number(0) * unit);
    row[1] = std::floor(number(1) * unit);
    row[2] = unit;
    row[3] = std::clamp(std::floor(unit * ratio), 1.0, unit - 1);
}

}  // namespace batchwarp::ops
