#include "ops/resize.hpp"

#include "batchwarp/plan.hpp"
#include "runtime/refuse.hpp"

namespace batchwarp::ops {

void Resize::settle(const Settings& settings, const PlanOptions&, Step& step) {
    step.to = {settings.whole("height", 1), settings.whole("width", 1)};
    step.constants = {antialiases(settings, step) ? 1.0 : 0.0};
}

void Resize::place(const double*, const Step& step, Coordinates& coordinates) noexcept {
    if (step.to == step.from) return;
    stretch({0, 0, step.from.height, step.from.width}, step.constants[0] != 0, step, coordinates);
}

bool Resize::antialiases(const Settings& settings, const Step& step) {
    const bool antialias = settings.flag("antialias");
    if (antialias && !step.heads)
        refuse("`antialias` of `", step.description->name,
               "` must be False after other operations that move pixels. Received: True");
    return antialias;
}

void Resize::stretch(const Window& window, bool antialias, const Step& step,
                     Coordinates& coordinates) noexcept {
    if (antialias && (window.height > step.to.height || window.width > step.to.width)) {
        coordinates.reduces = true;
        coordinates.window = window;
        coordinates.reduced = step.to;
        return;
    }
    const double y = static_cast<double>(window.height) / static_cast<double>(step.to.height);
    const double x = static_cast<double>(window.width) / static_cast<double>(step.to.width);
    coordinates.follow({{{y, 0, static_cast<double>(window.top) + (y / 2 - 0.5)},
                         {0, x, static_cast<double>(window.left) + (x / 2 - 0.5)},
                         {0, 0, 1}}},
                       step.from);
}

}  // namespace batchwarp::ops
