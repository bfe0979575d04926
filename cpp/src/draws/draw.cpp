#include <algorithm>
#include <cmath>
#include <span>

#include "batchwarp/draws.hpp"
#include "batchwarp/plan.hpp"
#include "draws/keyed_numbers.hpp"
#include "draws/policies.hpp"

namespace batchwarp {

namespace {

PhiloxKey philox_key(const DrawKey& key) noexcept {
    return {{static_cast<std::uint32_t>(key.seed), static_cast<std::uint32_t>(key.seed >> 32)}};
}

}  // namespace

double drawn(const Distribution& d, double u) noexcept {
    double sign = 1;
    if (d.mirrored) {
        u *= 2;
        sign = u < 1 ? -1 : 1;
        u -= std::floor(u);
    }
    if (d.bins == 1) u = 0;
    if (d.bins > 1) u = std::floor(u * d.bins) / (d.bins - 1);
    return d.centre + sign * (d.low + (d.high - d.low) * u);
}

void draw_by_distributions(const KeyedNumbers& number, const Step& step, double* parameters) {
    for (std::size_t k = 0; k < step.draws.size(); ++k) {
        const Distribution& d = step.draws[k];
        // A random number takes longer than all the rest: none for a parameter that is fixed.
        const bool fixed = !d.mirrored && d.low == d.high;
        parameters[k] = fixed ? d.centre + d.low : drawn(d, number(static_cast<int>(k)));
    }
}

void draw_rows(const Plan& plan, const std::uint64_t* samples, std::int64_t count,
               const DrawKey& draw_key, double* rows) {
    const PhiloxKey key = philox_key(draw_key);
    Choices choices(plan.options().policies);
    const std::span<const Step> both[] = {plan.coordinate_steps(), plan.pixel_steps()};
    for (std::int64_t i = 0; i < count; ++i, rows += plan.columns().size()) {
        std::copy(plan.neutral_row().begin(), plan.neutral_row().end(), rows);
        choices.draw(key, samples[i], draw_key.epoch);
        for (const std::span<const Step> steps : both)
            for (const Step& step : steps)
                if (step.draw != nullptr && choices.include(step.where))
                    step.draw({key, samples[i], draw_key.epoch, step.where.counter()}, step,
                              rows + step.column);
    }
}

void draw_uniform(int operation, std::span<const int> numbers, const std::uint64_t* samples,
                  std::int64_t count, const DrawKey& draw_key, double* rows) {
    const PhiloxKey key = philox_key(draw_key);
    const Where where{.operation = operation};
    for (std::int64_t i = 0; i < count; ++i) {
        const KeyedNumbers uniform{key, samples[i], draw_key.epoch, where.counter()};
        for (const int number : numbers) *rows++ = uniform(number);
    }
}

}  // namespace batchwarp
