#include <cmath>
#include <span>
#include <utility>

#include "batchwarp/plan.hpp"
#include "runtime/refuse.hpp"

namespace batchwarp {
namespace {

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

}  // namespace

Settings::Settings(const Description& operation, const StepOptions& step, std::int64_t channels) {
    const auto count = static_cast<std::size_t>(operation.setting_count());
    for (const Setting& setting : std::span(operation.settings, count)) {
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

std::int64_t Settings::whole(const std::string& name, std::int64_t least) const {
    constexpr double most = std::int64_t{1} << 31;
    const double value = number(name);
    if (value != std::floor(value) || value < static_cast<double>(least) || value > most)
        refuse("`", name, "` must be a whole number from ", least, " to 2^31. Received: ", value);
    return static_cast<std::int64_t>(value);
}

const std::vector<double>& Settings::numbers(const std::string& name, std::size_t count) const {
    const std::vector<double>& values = numbers(name);
    if (values.size() != count)
        refuse_option(name.c_str(), values.size(), (std::to_string(count) + " numbers").c_str());
    return values;
}

}  // namespace batchwarp
