#include "ops/elastic.hpp"

#include <cmath>
#include <numbers>

#include "batchwarp/plan.hpp"
#include "draws/field_key.hpp"
#include "runtime/refuse.hpp"

namespace batchwarp::ops {
namespace {

// Numbers from -1 to 1 times the strength, two points from four words.
void points(const Field& field, std::int64_t row, std::int64_t count, double* down,
            double* right) noexcept {
    const auto number = [&field](std::uint32_t word) {
        return field.constants[0] * signed_unit(word);
    };
    for (std::int64_t i = 0; i < count; i += 2) {
        const auto [x] = field_words(field, FieldNumber::point, row, i / 2);
        down[i] = number(x[0]);
        right[i] = number(x[1]);
        if (i + 1 == count) return;
        down[i + 1] = number(x[2]);
        right[i + 1] = number(x[3]);
    }
}

}  // namespace

void Elastic::settle(const Settings& settings, const PlanOptions&, Step& step) {
    const double alpha = settings.number("alpha"), sigma = settings.number("sigma");
    if (!(alpha > 0)) refuse_option("alpha", alpha, "above 0");
    if (!(sigma >= 1)) refuse_option("sigma", sigma, "at least 1");
    // A cubic B-spline whose knots are this far apart has the variance of a Gaussian.
    const double spacing = std::numbers::sqrt3 * sigma;
    // The standard deviation of points is strength / sqrt(3). What splines leave of it, in the mean
    // over all phases, is the sum of their squared weights, 151/315 on each axis. What is wanted is
    // alpha / 2 times that of such numbers, one for each pixel, after a Gaussian.
    const double kept = 151.0 / 315;
    const double strength = alpha / (4 * std::sqrt(std::numbers::pi) * sigma * kept);
    step.constants = {spacing, strength};
}

void Elastic::draw(const KeyedNumbers& number, const Step&, double* row) noexcept {
    draw_field_key(number, row);
}

void Elastic::place(const double* row, const Step& step, Coordinates& coordinates) noexcept {
    const double spacing = step.constants[0], strength = step.constants[1];
    const auto axis = [&](std::int64_t pixels) {
        const double extent = static_cast<double>(pixels - 1) / spacing;
        return Field::Axis{.density = 1 / spacing, .extent = extent, .reach = strength};
    };
    Field field{.points = &points,
                .constants = {strength},
                .order = 3,
                .size = step.from,
                .y = axis(step.from.height),
                .x = axis(step.from.width)};
    set_field_key(row, field);
    // Points lie anywhere with respect to pixels, so that no pixel is displaced more than another.
    const auto [x] = field_words(field, FieldNumber::phase, 0, 0);
    field.y.origin = 1 + unit(x[0]);
    field.x.origin = 1 + unit(x[1]);
    coordinates.displace(field);
}

}  // namespace batchwarp::ops
