#include "ops/gaussian_noise.hpp"

#include "batchwarp/plan.hpp"
#include "draws/field_key.hpp"
#include "runtime/refuse.hpp"

namespace batchwarp::ops {

void GaussianNoise::settle(const Settings& settings, const PlanOptions& /*options*/, Step& step) {
    if (step.where.operation < 0) return;  // nothing is drawn
    step.constants = settings.numbers("std", 2);
    const double low = step.constants[0], high = step.constants[1];
    if (low < 0 || low > high)
        refuse("`std` must be two numbers of at least 0, the smaller one first. Received: ", low,
               " and ", high);
}

void GaussianNoise::draw(const KeyedNumbers& number, const Step& step, double* row) noexcept {
    row[0] = number(0, step.constants[0], step.constants[1]);
    if (row[0] != 0) draw_field_key(number, row + 1, 1);
}

Noise GaussianNoise::noise(const double* row) noexcept { return {field_key(row + 1), row[0]}; }

}  // namespace batchwarp::ops
