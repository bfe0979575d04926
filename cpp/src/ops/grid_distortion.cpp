#include "ops/grid_distortion.hpp"

#include <algorithm>
#include <cmath>

#include "batchwarp/plan.hpp"
#include "draws/field_key.hpp"
#include "runtime/refuse.hpp"

namespace batchwarp::ops {
namespace {

constexpr std::int64_t most_steps = 100;

// What cells are wide and high, those before each point added up. They are in proportion to each
// other only: what counts is which share of the sum it is.
void points(const Field& field, std::int64_t row, std::int64_t count, double* down,
            double* right) noexcept {
    const auto steps = static_cast<std::int64_t>(field.y.extent);
    const double least = 1 + field.constants[0], more = field.constants[1] - field.constants[0];
    double high = 0, wide = 0, above = 0;
    for (std::int64_t i = 0; i < steps; ++i) {
        const auto [x] = field_words(field, FieldNumber::cell, 0, i);
        if (i == row) above = high;
        if (i < count) right[i] = wide;
        high += least + more * unit(x[0]);
        wide += least + more * unit(x[1]);
    }
    // Where a point is, and where it would be between equal cells. The outermost ones stay.
    const auto moved = [steps](std::int64_t i, double before, double all, std::int64_t pixels) {
        if (i < 1 || i >= steps) return 0.0;
        const double equal = static_cast<double>(i) / static_cast<double>(steps);
        return (before / all - equal) * static_cast<double>(pixels - 1);
    };
    std::fill_n(down, count, moved(row, above, high, field.size.height));
    for (std::int64_t i = 0; i < count; ++i) right[i] = moved(i, right[i], wide, field.size.width);
}

// One of so many pixels. The last one is `steps` points from the first, by no bit less: it would
// leave the image.
Field::Axis axis_of(std::int64_t pixels, double steps, double reach) noexcept {
    const auto last = static_cast<double>(pixels - 1);
    double density = pixels > 1 ? steps / last : 0;
    if (pixels > 1 && last * density < steps) density = std::nextafter(density, INFINITY);
    return {.density = density, .extent = steps, .reach = reach * last};
}

}  // namespace

void GridDistortion::settle(const Settings& settings, const PlanOptions&, Step& step) {
    const double steps = settings.number("num_steps");
    const double low = settings.number("low"), high = settings.number("high");
    if (!(steps >= 2) || steps > most_steps || steps != std::floor(steps))
        refuse_option("num_steps", steps, "an integer from 2 to 100");
    if (!(low > -1)) refuse_option("low", low, "above -1");
    if (!(high >= low) || !std::isfinite(high))
        refuse_option("high", high, "finite, not below low");
    // A point is farthest from its place if all cells before it are as wide as can be and all after
    // it as narrow, and if the former are the share of them that makes the most of it.
    const double widest = std::sqrt(1 + high), narrowest = std::sqrt(1 + low);
    step.constants = {steps, low, high, (widest - narrowest) / (widest + narrowest)};
}

void GridDistortion::draw(const KeyedNumbers& number, const Step&, double* row) noexcept {
    draw_field_key(number, row);
}

void GridDistortion::place(const double* row, const Step& step, Coordinates& coordinates) noexcept {
    const double steps = step.constants[0], reach = step.constants[3];
    Field field{.points = &points,
                .constants = {step.constants[1], step.constants[2]},
                .order = 1,
                .size = step.from,
                .y = axis_of(step.from.height, steps, reach),
                .x = axis_of(step.from.width, steps, reach)};
    set_field_key(row, field);
    coordinates.displace(field);
}

}  // namespace batchwarp::ops
