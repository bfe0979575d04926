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
    } else if (values.size() != 1) {
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

bool is_neutral(const Setting& setting, const std::vector<double>& values) {
    return setting.kind == Setting::per_channel ? values.empty() : values[0] == setting.neutral;
}

int operation_named(const std::string& name) {
    const auto all = operations();
    for (std::size_t i = 0; i < all.size(); ++i)
        if (name == all[i]->name) return static_cast<int>(i);
    refuse("`steps` must name operations, each of them one of ",
           listed(all, [](const Description* d) { return d->name; }), ". Received: ", name);
}

// Of two steps that follow each other; -1: there is none before.
void check_order(int before, int operation) {
    if (before < 0) return;
    const Description &first = *operations()[static_cast<std::size_t>(before)],
                      &then = *operations()[static_cast<std::size_t>(operation)];
    if (first.scope < then.scope) return;
    if (first.scope == then.scope && (first.scope == Scope::pixel || before < operation)) return;
    refuse("`steps` must be in the order of their scopes, ",
           listed(scope_names, [](const char* name) { return name; }),
           ", and but for pixel each once and in the order of all operations, ",
           listed(operations(), [](const Description* d) { return d->name; }),
           ". Received: ", then.name, " after ", first.name);
}

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
        else if (setting.kind != Setting::per_channel)
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

Plan::Plan(PlanOptions options) : options_(std::move(options)) {
    const PlanOptions& o = options_;
    if (o.height < 1) refuse_option("height", o.height, "at least 1");
    if (o.width < 1) refuse_option("width", o.width, "at least 1");
    if (o.channels < 1 || o.channels > std::numeric_limits<std::int32_t>::max())
        refuse_option("channels", o.channels, "from 1 to 2^31 - 1");
    // Scratch images are double and padded; 2^55 elements keep every byte count inside 63 bits.
    constexpr std::int64_t most = std::int64_t{1} << 55;
    if (o.height > most / o.width || o.height * o.width > most / o.channels)
        refuse("`height x width x channels` must be at most 2^55 elements. Received: ", o.height,
               " x ", o.width, " x ", o.channels);
    if (o.order < 0 || o.order > 5)
        refuse_option("interpolation_order", o.order, "an integer from 0 to 5");
    if (!std::isfinite(o.cval)) refuse_option("cval", o.cval, "finite");
    if (o.steps.size() > max_steps)
        refuse("`steps` must be at most ", max_steps, ". Received: ", o.steps.size());

    int before = -1;
    for (const StepOptions& step : o.steps) {
        const int operation = operation_named(step.operation);
        check_order(before, operation);
        add(operation, step);
        before = operation;
    }
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
    const Settings settings(description, step, options_.channels);
    const Step added{&description, operation, static_cast<int>(columns_.size())};
    columns_.insert(columns_.end(), description.columns,
                    description.columns + description.column_count());
    ops::All::visit(operation, [&](auto op) {
        using Op = decltype(op);
        if constexpr (ops::MovesPixels<Op>) coordinate_steps_.push_back(added);
        if constexpr (ops::ChangesPixels<Op>) pixel_steps_.push_back(added);
        if constexpr (ops::ScalesValues<Op>) {
            Op::settle(settings, normalization_);
            scales_ = scales_ || settings.change_anything();
            needs_moments_ =
                needs_moments_ || (description.needs.moments && settings.change_anything());
        }
    });
}

Coordinates Plan::coordinates(const double* row) const noexcept {
    Coordinates result;
    if (row == nullptr) return result;
    for (const Step& step : coordinate_steps_) {
        const double* parameters = row + step.column;
        if (!step.description->applies(parameters)) continue;
        ops::All::visit(step.operation, [&](auto op) {
            using Op = decltype(op);
            if constexpr (ops::MovesPixels<Op>)
                Op::place(parameters, options_.height, options_.width, result);
        });
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
