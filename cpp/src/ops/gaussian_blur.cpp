#include "ops/gaussian_blur.hpp"

#include <cmath>

#include "batchwarp/plan.hpp"
#include "runtime/refuse.hpp"

namespace batchwarp::ops {
namespace {

constexpr int most_radius = 3000;  // of a sigma of 1000

}  // namespace

void GaussianBlur::settle(const Settings& settings, const PlanOptions& /*options*/, Step& step) {
    const std::int64_t size = settings.whole("kernel_size", 0);
    if (size != 0 && (size % 2 == 0 || size > 2 * most_radius + 1))
        refuse("`kernel_size` must be 0 or an odd number from 1 to ", 2 * most_radius + 1,
               ". Received: ", size);
    step.constants = {static_cast<double>(size)};
}

int GaussianBlur::radius(const double* row, const double* constants) noexcept {
    if (constants[0] > 0) return (static_cast<int>(constants[0]) - 1) / 2;
    const double radius = std::ceil(3 * std::abs(row[0]));
    return radius < most_radius ? static_cast<int>(radius) : most_radius;  // NaN blurs to NaN
}

void GaussianBlur::weigh(const double* row, const double* constants, double* weights) noexcept {
    const int most = radius(row, constants);
    double sum = 0;
    for (int distance = 0; distance <= most; ++distance) {
        const double deviations = distance / row[0];
        weights[distance] = std::exp(-deviations * deviations / 2);
        sum += distance == 0 ? weights[0] : 2 * weights[distance];
    }
    for (int distance = 0; distance <= most; ++distance) weights[distance] /= sum;
}

}  // namespace batchwarp::ops
