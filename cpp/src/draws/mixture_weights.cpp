#include "draws/mixture_weights.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace batchwarp {
namespace {

constexpr int attempts = 8, numbers_of_one = 3 * attempts + 1;
static_assert((max_chains + 2) * numbers_of_one < number_of_count);

// The logarithm of a number of the gamma distribution, as Marsaglia and Tsang find it (2000); of a
// small `alpha` the number itself would often be 0. An attempt fails in less than one of 20 cases.
double log_gamma_number(const KeyedNumbers& number, int first, double alpha) noexcept {
    const double d = alpha + 1 - 1.0 / 3, c = 1 / std::sqrt(9 * d);
    double v = 1;
    for (int i = 0; i < attempts; ++i) {
        const double radius = std::sqrt(-2 * std::log(1 - number(first + 3 * i)));
        const double x = radius * std::cos(2 * std::numbers::pi * number(first + 3 * i + 1));
        const double root = 1 + c * x;
        if (root <= 0) continue;
        const double cube = root * root * root, log_cube = std::log(cube);
        if (std::log(1 - number(first + 3 * i + 2)) < x * x / 2 + d - d * cube + d * log_cube) {
            v = cube;
            break;
        }
    }
    return std::log(d * v) + std::log(1 - number(first + 3 * attempts)) / alpha;
}

// Makes shares of logarithms.
void normalize(double* values, int count) noexcept {
    const double most = *std::max_element(values, values + count);
    double sum = 0;
    for (int i = 0; i < count; ++i) sum += values[i] = std::exp(values[i] - most);
    for (int i = 0; i < count; ++i) values[i] /= sum;
}

}  // namespace

void draw_weights(const KeyedNumbers& number, const MixtureOptions& mixture,
                  double* weights) noexcept {
    double shares[max_chains + 2] = {};  // of the image and of all chains, then of each chain
    const int chains = mixture.chains;
    for (int i = 0; i < chains + 2; ++i)
        shares[i] = log_gamma_number(number, numbers_of_one * i, mixture.alpha);
    normalize(shares, 2);
    normalize(shares + 2, chains);
    weights[0] = shares[0];
    for (int i = 0; i < chains; ++i) weights[i + 1] = shares[1] * shares[i + 2];
}

}  // namespace batchwarp
