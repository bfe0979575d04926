#include "ops/posterize.hpp"

#include <cmath>

#include "draws/keyed_numbers.hpp"

namespace batchwarp::ops {

void Posterize::draw(const KeyedNumbers& number, const Step& step, double* row) noexcept {
    draw_by_distributions(number, step, row);
    row[0] = std::nearbyint(row[0]);
}

}  // namespace batchwarp::ops
