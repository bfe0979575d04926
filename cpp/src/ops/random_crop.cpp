#include "ops/random_crop.hpp"

#include <cmath>

#include "batchwarp/plan.hpp"
#include "draws/keyed_numbers.hpp"
#include "runtime/refuse.hpp"

namespace batchwarp::ops {

void RandomCrop::settle(const Settings& settings, const PlanOptions&, Step& step) {
    step.to = {settings.whole("height", 1), settings.whole("width", 1)};
    std::vector<double> padding = settings.numbers("padding");
    if (padding.empty()) padding.assign(4, 0);
    for (const double side : padding)
        if (padding.size() != 4 || side < 0 || side != std::floor(side))
            refuse_option("padding", side, "four whole numbers, none below 0");
    const double height = static_cast<double>(step.from.height) + padding[1] + padding[3];
    const double width = static_cast<double>(step.from.width) + padding[0] + padding[2];
    const double rows = height - static_cast<double>(step.to.height);
    const double columns = width - static_cast<double>(step.to.width);
    if (rows < 0 || columns < 0)
        refuse("`height` and `width` must be at most those of the padded image, ", height, " x ",
               width, ". Received: ", step.to.height, " x ", step.to.width);
    step.constants = {rows, padding[1], columns, padding[0]};
}

void RandomCrop::draw(const KeyedNumbers& number, const Step& step, double* row) noexcept {
    for (std::size_t axis = 0; axis < 2; ++axis) {
        const double slack = step.constants[2 * axis], padding = step.constants[2 * axis + 1];
        row[axis] = std::floor(number(static_cast<int>(axis)) * (slack + 1)) - padding;
    }
}

void RandomCrop::place(const double* row, const Step& step, Coordinates& coordinates) noexcept {
    const auto begin = [](double drawn, std::int64_t from, std::int64_t to) {
        return std::isnan(drawn) ? std::nearbyint(static_cast<double>(from - to) / 2) : drawn;
    };
    const double top = begin(row[0], step.from.height, step.to.height);
    const double left = begin(row[1], step.from.width, step.to.width);
    if (step.to == step.from && top == 0 && left == 0) return;
    coordinates.follow({{{1, 0, top}, {0, 1, left}, {0, 0, 1}}}, step.from);
}

}  // namespace batchwarp::ops
