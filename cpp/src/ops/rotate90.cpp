#include "ops/rotate90.hpp"

#include <cmath>
#include <iterator>

#include "batchwarp/plan.hpp"
#include "draws/keyed_numbers.hpp"
#include "runtime/refuse.hpp"

namespace batchwarp::ops {

void Rotate90::settle(const Settings& settings, const PlanOptions&, Step& step) {
    for (const double turns : settings.numbers("turns")) {
        if (turns != 0 && turns != 1 && turns != 2 && turns != 3)
            refuse_option("turns", turns, "made of 0, 1, 2 and 3");
        if (step.from.height != step.from.width && (turns == 1 || turns == 3))
            refuse("`turns` must be 0 or 2 where images are not square. Received: ", turns,
                   " for images of ", step.from.height, " x ", step.from.width);
        step.constants.push_back(turns);
    }
    if (step.constants.empty()) step.constants.push_back(0);
}

void Rotate90::draw(const KeyedNumbers& number, const Step& step, double* row) noexcept {
    row[0] = step.constants[static_cast<std::size_t>(number.below(0, std::ssize(step.constants)))];
}

void Rotate90::place(const double* row, const Step& step, Coordinates& coordinates) noexcept {
    const auto turns = static_cast<int>(row[0] - 4 * std::floor(row[0] / 4));
    if (turns == 2) {
        coordinates.flip_horizontal ^= true;
        coordinates.flip_vertical ^= true;
        return;
    }
    const auto last_row = static_cast<double>(step.from.height - 1);
    const auto last_column = static_cast<double>(step.from.width - 1);
    if (turns == 1) coordinates.follow({{{0, 1, 0}, {-1, 0, last_column}, {0, 0, 1}}}, step.from);
    if (turns == 3) coordinates.follow({{{0, -1, last_row}, {1, 0, 0}, {0, 0, 1}}}, step.from);
}

}  // namespace batchwarp::ops
