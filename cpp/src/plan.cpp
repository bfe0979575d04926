#include "batchwarp/plan.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "ops/list.hpp"
#include "runtime/refuse.hpp"

namespace batchwarp {
namespace {

template <class T>
[[noreturn]] void refuse_option(const char* name, const T& received, const char* accepted) {
    refuse("`", name, "` must be ", accepted, ". Received: ", received);
}

// The names of some things, one behind the other.
template <class Things, class Name>
std::string listed(const Things& things, Name&& name) {
    std::string text;
    for (const auto& thing : things)
        if (const char* next = name(thing); next != nullptr)
            text += (text.empty() ? "" : ", ") + std::string(next);
    return text;
}

void check_setting(const Setting& setting, const std::vector<double>& values,
                   std::int64_t channels) {
    if (setting.kind == Setting::per_channel) {
        if (values.empty()) return;
        if (std::cmp_not_equal(values.size(), channels))
            refuse_option(setting.name, values.size(), "one value per channel");
    } else if (setting.kind != Setting::numbers && values.size() != 1) {
        refuse_option(setting.name, values.size(), "one value");
    }
    const bool alone = setting.kind == Setting::number && setting.divides;
    for (const double value : values) {
        if (alone && (!std::isfinite(value) || value == 0))
            refuse_option(setting.name, value, "finite and different from zero");
        if (!std::isfinite(value)) refuse_option(setting.name, value, "finite");
        if (setting.divides && value == 0)
            refuse_option(setting.name, value, "different from zero");
        if (setting.kind == Setting::flag && value != 0 && value != 1)
            refuse_option(setting.name, value, "0 or 1");
    }
}

// Whether a setting may be left out altogether, instead of being a number that is neutral.
bool may_be_empty(const Setting& setting) {
    return setting.kind == Setting::per_channel || setting.kind == Setting::numbers;
}

bool is_neutral(const Setting& setting, const std::vector<double>& values) {
    return may_be_empty(setting) ? values.empty() : values[0] == setting.neutral;
}

int operation_named(const std::string& name) {
    const auto all = operations();
    for (std::size_t i = 0; i < all.size(); ++i)
        if (name == all[i]->name) return static_cast<int>(i);
    refuse("`steps` must name operations, each of them one of ",
           listed(all, [](const Description* d) { return d->name; }), ". Received: ", name);
}

// Scratch images are double and padded; 2^55 elements keep every byte count inside 63 bits.
void check_elements(const Size& size, std::int64_t channels) {
    constexpr std::int64_t most = std::int64_t{1} << 55;
    if (size.height > most / size.width || size.height * size.width > most / channels)
        refuse("`height x width x channels` must be at most 2^55 elements. Received: ", size.height,
               " x ", size.width, " x ", channels);
}

// Keras' own operations come first, its matrix before all others; those of the store come last.
class StepOrder {
  public:
    void add(int operation) {
        const Description& then = *operations()[static_cast<std::size_t>(operation)];
        if (before_ >= 0 && !fits(operation, then)) {
            const Description& first = *operations()[static_cast<std::size_t>(before_)];
            refuse(
                "`steps` must have Keras' own operations first and those of the scope store last, "
                "but for pixels each once, in the order of all operations, ",
                listed(operations(), [](const Description* d) { return d->name; }),
                ". Received: ", then.name, " after ", first.name);
        }
        before_ = operation;
        if (then.scope == Scope::pixel) (then.keras ? keras_pixels_ : other_pixels_) = true;
    }

  private:
    bool fits(int operation, const Description& then) const {
        if (operations()[static_cast<std::size_t>(before_)]->scope == Scope::store)
            return then.scope == Scope::store && before_ < operation;
        if (then.keras) return then.scope == Scope::pixel && !other_pixels_;
        return then.scope != Scope::coordinates || !keras_pixels_;
    }

    int before_ = -1;
    bool keras_pixels_ = false, other_pixels_ = false;
};

}  // namespace

FillMode fill_mode_from_name(std::string_view name) {
    return from_name<FillMode>("fill_mode", name, fill_mode_names);
}

std::span<const Description* const> operations() noexcept { return ops::All::descriptions; }

std::vector<StepOptions> keras_steps(const Normalization& n) {
    const auto flag = [](bool value) { return std::vector<double>{value ? 1.0 : 0.0}; };
    return {
        {"keras_affine"},
        {"flip"},
        {"keras_channel_shift"},
        {"keras_brightness"},
        {"standardize", {{"center", flag(n.samplewise_center)}, {"std", flag(n.samplewise_std)}}},
        {"normalize", {{"rescale", {n.rescale}}, {"mean", n.mean}, {"std", n.std}}}};
}

Settings::Settings(const Description& operation, const StepOptions& step, std::int64_t channels) {
    for (const Setting& setting : std::span(operation.settings, operation.setting_count())) {
        const auto given = step.settings.find(setting.name);
        std::vector<double>& values = values_[setting.name];
        if (given != step.settings.end())
            values = given->second;
        else if (!may_be_empty(setting))
            values = {setting.neutral};
        check_setting(setting, values, channels);
        changes_ = changes_ || !is_neutral(setting, values);
    }
    for (const auto& [name, values] : step.settings)
        if (!values_.contains(name)) {
            const std::string accepted =
                listed(operation.settings, [](const Setting& s) { return s.name; });
            refuse("`steps` must give `", operation.name, "` no other settings than ",
                   accepted.empty() ? "none" : accepted, ". Received: ", name);
        }
}

Plan::Plan(PlanOptions options)
    : options_(std::move(options)), target_{options_.height, options_.width} {
    const PlanOptions& o = options_;
    if (o.height < 1) refuse_option("height", o.height, "at least 1");
    if (o.width < 1) refuse_option("width", o.width, "at least 1");
    if (o.channels < 1 || o.channels > std::numeric_limits<std::int32_t>::max())
        refuse_option("channels", o.channels, "from 1 to 2^31 - 1");
    check_elements(target_, o.channels);
    if (o.order < 0 || o.order > 5)
        refuse_option("interpolation_order", o.order, "an integer from 0 to 5");
    if (!std::isfinite(o.cval)) refuse_option("cval", o.cval, "finite");
    if (!std::isfinite(o.low) || !std::isfinite(o.high) || o.low >= o.high)
        refuse("`value_range` must be two finite numbers, the smaller one first. Received: ", o.low,
               " and ", o.high);
    if (o.steps.size() > max_steps)
        refuse("`steps` must be at most ", max_steps, ". Received: ", o.steps.size());

    StepOrder order;
    for (const StepOptions& step : o.steps) {
        const int operation = operation_named(step.operation);
        order.add(operation);
        add(operation, step);
    }
    for (const Column& column : columns_) neutral_.push_back(column.neutral);
    const auto channels = static_cast<std::size_t>(o.channels);
    shift_.reserve(channels);
    scale_.reserve(channels);
    for (std::int64_t c = 0; c < o.channels; ++c) {
        shift_.push_back(mean(c) / normalization_.rescale);
        scale_.push_back(normalization_.rescale / std(c));
    }
}

void Plan::add(int operation, const StepOptions& step) {
    const Description& description = *operations()[static_cast<std::size_t>(operation)];
    if (description.colors && options_.channels != 3)
        refuse("`", description.name,
               "` must be given images of three channels. Received: ", options_.channels);
    const Settings settings(description, step, options_.channels);
    Step added{.description = &description,
               .operation = operation,
               .column = static_cast<int>(columns_.size()),
               .from = target_,
               .to = target_,
               .heads = coordinate_steps_.empty()};
    columns_.insert(columns_.end(), description.columns,
                    description.columns + description.column_count());
    ops::All::visit(operation, [&](auto op) {
        using Op = decltype(op);
        if constexpr (ops::HasSettings<Op>) Op::settle(settings, options_, added);
        if constexpr (ops::MovesPixels<Op>) added.place = &Op::place;
        if constexpr (ops::ScalesValues<Op>) {
            Op::settle(settings, normalization_);
            scales_ = scales_ || settings.change_anything();
            needs_moments_ =
                needs_moments_ || (description.needs.moments && settings.change_anything());
        }
    });
    check_elements(added.to, options_.channels);
    target_ = added.to;
    if (description.scope == Scope::coordinates)
        coordinate_steps_.push_back(std::move(added));
    else if (description.scope == Scope::pixel)
        pixel_steps_.push_back(std::move(added));
}

Coordinates Plan::coordinates(const double* row) const noexcept {
    Coordinates result;
    if (row == nullptr) row = neutral_.data();
    for (const Step& step : coordinate_steps_) {
        const double* parameters = row + step.column;
        if (step.description->applies(parameters)) step.place(parameters, step, result);
    }
    return result;
}

bool Plan::changes_pixels(const double* row) const noexcept {
    return row != nullptr &&
           std::any_of(pixel_steps_.begin(), pixel_steps_.end(), [row](const Step& step) {
               return step.description->applies(row + step.column);
           });
}

bool Plan::needs_whole_image(const double* row) const noexcept {
    return needs_moments_ ||
           (row != nullptr &&
            std::any_of(pixel_steps_.begin(), pixel_steps_.end(), [row](const Step& step) {
                return step.description->needs.whole_image() &&
                       step.description->applies(row + step.column);
            }));
}

}  // namespace batchwarp
