#include "ops/erase_square.hpp"

#include <cmath>

#include "batchwarp/plan.hpp"
#include "draws/keyed_numbers.hpp"

namespace batchwarp::ops {

void EraseSquare::settle(const Settings& settings, const PlanOptions& options, Step& step) {
    settle_value(settings, options, step);
    if (step.where.operation >= 0) HoleLength::settle(settings, 1, step);
}

void EraseSquare::draw(const KeyedNumbers& number, const Step& step, double* row) noexcept {
    const double* const lengths = &step.constants.back() + 1 - HoleLength::constants;
    const double length = HoleLength::draw(number, 2, lengths), before = std::floor(length / 2);
    row[0] = static_cast<double>(number.below(0, step.from.height)) - before;
    row[1] = static_cast<double>(number.below(1, step.from.width)) - before;
    row[2] = row[3] = length;
}

}  // namespace batchwarp::ops
