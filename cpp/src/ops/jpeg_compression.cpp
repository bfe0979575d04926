#include "ops/jpeg_compression.hpp"

#include <algorithm>
#include <cmath>

#include "batchwarp/plan.hpp"
#include "draws/keyed_numbers.hpp"

namespace batchwarp::ops {

void JpegCompression::draw(const KeyedNumbers& number, const Step& step, double* row) noexcept {
    row[0] = std::nearbyint(drawn(step.draws[0], number(0)));
}

int JpegCompression::quality(const double* row) noexcept {
    return static_cast<int>(std::nearbyint(std::clamp(row[0], 1.0, 100.0)));
}

}  // namespace batchwarp::ops
