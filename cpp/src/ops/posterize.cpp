#include "ops/posterize.hpp"

#include <cmath>

#include "batchwarp/plan.hpp"
#include "draws/keyed_numbers.hpp"

namespace batchwarp::ops {

void Posterize::draw(const KeyedNumbers& number, const Step& step, double* row) noexcept {
    row[0] = std::nearbyint(drawn(step.draws[0], number(0)));
}

}  // namespace batchwarp::ops
