#include <algorithm>
#include <bit>
#include <cmath>
#include <span>

#include "batchwarp/draws.hpp"
#include "batchwarp/plan.hpp"
#include "draws/keyed_numbers.hpp"
#include "draws/mixture_weights.hpp"
#include "draws/policies.hpp"

namespace batchwarp {

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

namespace {

// Calls `visit` with the first of some images, after the table has taken these.
template <class Visit>
void each_some(NumberTable& numbers, const std::uint64_t* samples, std::int64_t count,
               Visit&& visit) {
    for (std::int64_t first = 0; first < count; first += NumberTable::most) {
        numbers.take(samples + first, std::min<std::int64_t>(NumberTable::most, count - first));
        visit(first);
    }
}

// Each parameter from the step's distribution for it, in the rows of some images.
void draw_by_distributions(NumberTable& numbers, Images images, const Step& step, double* rows,
                           std::ptrdiff_t columns) noexcept {
    numbers.turn_to(step.where.counter(), images);
    for (std::size_t k = 0; k < step.draws.size(); ++k) {
        const Distribution d = step.draws[k];
        double* const to = rows + step.column + k;
        const auto each = [&](auto&& parameter) {
            int i = 0;
            for (Images left = images; left != 0; left &= left - 1, ++i)
                to[std::countr_zero(left) * columns] = parameter(i);
        };
        // A random number takes longer than all the rest: none for a parameter that is fixed.
        if (!d.mirrored && d.low == d.high)
            each([fixed = d.centre + d.low](int) { return fixed; });
        else
            each([&, u = numbers(static_cast<int>(k))](int i) { return drawn(d, u[i]); });
    }
}

}  // namespace

void draw_rows(const Plan& plan, const std::uint64_t* samples, std::int64_t count,
               const DrawKey& key, double* rows) {
    const std::vector<double>& neutral = plan.neutral_row();
    const auto columns = std::ssize(neutral);
    for (std::int64_t i = 0; i < count; ++i) std::ranges::copy(neutral, rows + i * columns);

    NumberTable numbers(key);
    Choices choices(plan.options().policies);
    const std::span<const Step> both[] = {plan.coordinate_steps(), plan.pixel_steps()};
    each_some(numbers, samples, count, [&](std::int64_t first) {
        choices.draw(numbers);
        for (const std::span<const Step> steps : both)
            for (const Step& step : steps) {
                double* const some = rows + first * columns;
                const Images images = choices.images(step.where);
                if (step.where.operation < 0 || images == 0) continue;
                if (step.draw == nullptr)
                    draw_by_distributions(numbers, images, step, some, columns);
                else
                    numbers.each(step.where.counter(), images,
                                 [&](int image, const KeyedNumbers& number) {
                                     step.draw(number, step, some + image * columns + step.column);
                                 });
            }
        const MixtureOptions& mixture = plan.options().mixture;
        if (plan.mixture() == nullptr || mixture.where.operation < 0) return;
        double* const weights = rows + first * columns + plan.mixture()->column;
        numbers.each(mixture.where.counter(), choices.images(mixture.where),
                     [&](int image, const KeyedNumbers& number) {
                         draw_weights(number, mixture, weights + image * columns);
                     });
    });
}

void draw_uniform(int operation, std::span<const int> numbers, const std::uint64_t* samples,
                  std::int64_t count, const DrawKey& key, double* rows) {
    NumberTable table(key);
    const Where where{.operation = operation};
    each_some(table, samples, count, [&](std::int64_t) {
        table.each(where.counter(), table.all(), [&](int, const KeyedNumbers& uniform) {
            for (const int number : numbers) *rows++ = uniform(number);
        });
    });
}

}  // namespace batchwarp
