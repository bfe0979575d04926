#include "spline/spline.hpp"

#include <random>

#include "fill_modes.hpp"
#include "testing.hpp"
#include "warp/border.hpp"

using namespace batchwarp;

TEST(weights_add_up_to_one) {
    for (int order = 0; order <= max_order; ++order)
        for (double at = -3; at < 3; at += 0.01) {
            double weights[max_order + 1], sum = 0;
            spline_weights(at, order, weights);
            for (int i = 0; i <= order; ++i) {
                CHECK(weights[i] >= -1e-15);
                sum += weights[i];
            }
            CHECK_NEAR(sum, 1, 1e-14);
        }
}

TEST(weights_are_symmetric) {
    for (int order = 1; order <= max_order; ++order)
        for (double f = 0.01; f < 0.5; f += 0.01) {
            const double a = order % 2 == 1 ? f : f - 0.25, b = order % 2 == 1 ? 1 - f : 0.25 - f;
            double left[max_order + 1], right[max_order + 1];
            spline_weights(a, order, left);
            spline_weights(b, order, right);
            for (int i = 0; i <= order; ++i) CHECK_NEAR(left[i], right[order - i], 1e-14);
        }
}

TEST(weights_reproduce_straight_lines) {
    for (int order = 1; order <= max_order; ++order)
        for (double at = 0; at < 4; at += 0.07) {
            double weights[max_order + 1], sum = 0;
            spline_weights(at, order, weights);
            const std::int64_t first = first_tap(at, order);
            for (int i = 0; i <= order; ++i) sum += weights[i] * static_cast<double>(first + i);
            CHECK_NEAR(sum, at, 1e-13);
        }
}

TEST(filtered_then_sampled_at_the_grid_gives_the_samples_back) {
    std::mt19937 random(1);
    std::uniform_real_distribution<double> value(0, 255);
    for (const FillMode mode : testing::all_modes) {
        const BorderRule border = border_rule(mode);
        // Elsewhere SciPy pairs a filter with other taps.
        if (border.coordinates != border.taps) continue;
        // SciPy's filter is exact for long lines only, see start_causal.
        const bool inexact = border.filter == FilterBoundary::half_symmetric;
        for (int order = 2; order <= max_order; ++order)
            for (const std::int64_t h : {1, inexact ? 40 : 2, 33})
                for (const std::int64_t w : {1, inexact ? 31 : 3, 45}) {
                    const std::int64_t channels = 2;
                    std::vector<double> image(static_cast<std::size_t>(h * w * channels));
                    for (double& v : image) v = value(random);
                    std::vector<double> coefficients = image;
                    spline_prefilter(coefficients.data(), h, w, channels, order, border.filter);
                    double wy[max_order + 1], wx[max_order + 1];
                    for (std::int64_t r = 0; r < h; ++r)
                        for (std::int64_t c = 0; c < w; ++c)
                            for (std::int64_t k = 0; k < channels; ++k) {
                                spline_weights(static_cast<double>(r), order, wy);
                                spline_weights(static_cast<double>(c), order, wx);
                                double sum = 0;
                                for (int i = 0; i <= order; ++i)
                                    for (int j = 0; j <= order; ++j) {
                                        const auto tap = [border](double at, int o, int n,
                                                                  std::int64_t len) {
                                            return map_tap(first_tap(at, o) + n, len, border.taps);
                                        };
                                        const std::int64_t y =
                                            tap(static_cast<double>(r), order, i, h);
                                        const std::int64_t x =
                                            tap(static_cast<double>(c), order, j, w);
                                        sum += wy[i] * wx[j] *
                                               coefficients[static_cast<std::size_t>(
                                                   (y * w + x) * channels + k)];
                                    }
                                CHECK_NEAR(
                                    sum,
                                    image[static_cast<std::size_t>((r * w + c) * channels + k)],
                                    1e-9);
                            }
                }
    }
}

TEST(constants_are_their_own_coefficients) {
    for (const FillMode mode : testing::all_modes)
        for (int order = 2; order <= max_order; ++order) {
            std::vector<double> image(300 * 50, 42.0);
            spline_prefilter(image.data(), 300, 50, 1, order, border_rule(mode).filter);
            for (const double v : image) CHECK_NEAR(v, 42, 1e-9);
        }
}

int main() { return testing::run_all(); }
