#include "ops/flip.hpp"

#include "batchwarp/plan.hpp"
#include "draws/keyed_numbers.hpp"
#include "runtime/refuse.hpp"

namespace batchwarp::ops {

void Flip::settle(const Settings& settings, const PlanOptions&, Step& step) {
    for (const char* name : {"horizontal", "vertical"}) {
        const double probability = settings.number(name);
        if (!is_probability(probability)) refuse_option(name, probability, "from 0 to 1");
        step.constants.push_back(probability);
    }
}

void Flip::draw(const KeyedNumbers& number, const Step& step, double* row) noexcept {
    for (int axis = 0; axis < 2; ++axis) {
        const double probability = step.constants[static_cast<std::size_t>(axis)];
        row[axis] = probability > 0 && number(axis) < probability ? 1 : 0;
    }
}

}  // namespace batchwarp::ops
