#include <pybind11/stl.h>

#include <iterator>
#include <string>

#include "array.hpp"
#include "batchwarp/plan.hpp"
#include "register.hpp"

namespace batchwarp::bindings {
namespace {

template <class Things, class Get>
py::tuple tuple_of(const Things& things, Get&& get) {
    py::list result;
    for (const auto& thing : things) result.append(get(thing));
    return result;
}

py::tuple names_of(const Needs& needs) {
    py::list names;
    if (needs.range) names.append("range");
    if (needs.moments) names.append("moments");
    if (needs.channel_range) names.append("channel_range");
    if (needs.histogram) names.append("histogram");
    if (needs.mean_grey) names.append("mean_grey");
    if (needs.neighbours) names.append("neighbours");
    return names;
}

std::span<const Column> columns_of(const Description& d) {
    return {d.columns, static_cast<std::size_t>(d.column_count())};
}

std::span<const Setting> settings_of(const Description& d) {
    return {d.settings, static_cast<std::size_t>(d.setting_count())};
}

py::tuple column_names(std::span<const Column> columns) {
    return tuple_of(columns, [](const Column& column) { return column.name; });
}

void register_operations(py::module_& m) {
    py::class_<Description>(m, "Operation", "What a step of a plan does. Immutable.")
        .def_readonly("name", &Description::name)
        .def_property_readonly(
            "scope", [](const Description& d) { return scope_names[static_cast<int>(d.scope)]; })
        .def_property_readonly("columns",
                               [](const Description& d) { return column_names(columns_of(d)); })
        .def_property_readonly("neutral",
                               [](const Description& d) {
                                   return tuple_of(columns_of(d),
                                                   [](const Column& c) { return c.neutral; });
                               })
        .def_property_readonly(
            "ranges",
            [](const Description& d) {
                return tuple_of(columns_of(d),
                                [](const Column& c) { return py::make_tuple(c.low, c.high); });
            },
            "What people train with, for each column.")
        .def_property_readonly("settings",
                               [](const Description& d) {
                                   return tuple_of(settings_of(d),
                                                   [](const Setting& s) { return s.name; });
                               })
        .def_property_readonly("needs", [](const Description& d) { return names_of(d.needs); })
        .def("takes", &Description::takes, py::arg("channels"),
             "Whether it can be done to images of so many channels.");
    m.attr("OPERATIONS") = tuple_of(operations(), [](const Description* d) { return d; });
}

std::vector<double> per_channel(const py::object& values, const char* name) {
    if (values.is_none()) return {};
    const py::array array = as_array(values, name);
    const double* first = table<double>(array, array.ndim() == 1 ? array.shape(0) : -1, 0, name);
    return {first, first + array.shape(0)};
}

py::object per_channel(const std::vector<double>& values) {
    if (values.empty()) return py::none();
    return py::array_t<double>(static_cast<py::ssize_t>(values.size()), values.data());
}

// Tuples of Python, whose items are numbers.
template <class... Items>
std::tuple<Items...> items_of(const py::handle& object, const char* name) {
    try {
        return object.cast<std::tuple<Items...>>();
    } catch (const py::cast_error&) {
        throw py::type_error("`" + std::string(name) + "` must be made of tuples of " +
                             std::to_string(sizeof...(Items)) +
                             ". Received: " + py::repr(object).cast<std::string>());
    }
}

std::vector<Distribution> distributions(const py::handle& draws) {
    std::vector<Distribution> list;
    for (const py::handle draw : draws) {
        const auto [centre, low, high, bins, mirrored] =
            items_of<double, double, double, int, bool>(draw, "draws");
        list.push_back({centre, low, high, bins, mirrored});
    }
    return list;
}

py::tuple draws_of(const std::vector<Distribution>& draws) {
    return tuple_of(draws, [](const Distribution& d) {
        return py::make_tuple(d.centre, d.low, d.high, d.bins, d.mirrored);
    });
}

std::vector<double> setting_value(const Setting& setting, const py::object& value) {
    if (setting.kind == Setting::per_channel) return per_channel(value, setting.name);
    if (setting.kind == Setting::numbers) {
        py::detail::make_caster<std::vector<double>> numbers;
        if (numbers.load(value, true)) return static_cast<std::vector<double>&>(numbers);
        throw py::type_error("`" + std::string(setting.name) + "` must be a sequence of numbers" +
                             ". Received: " + py::repr(value).cast<std::string>());
    }
    // A number may be an integer, but nothing stands for a flag.
    const bool is_flag = setting.kind == Setting::flag;
    py::detail::make_caster<bool> flag;
    py::detail::make_caster<double> number;
    if (is_flag ? flag.load(value, false) : number.load(value, true))
        return {is_flag ? static_cast<double>(static_cast<bool>(flag))
                        : static_cast<double>(number)};
    throw py::type_error("`" + std::string(setting.name) + "` must be a " +
                         (is_flag ? "bool" : "number") +
                         ". Received: " + py::repr(value).cast<std::string>());
}

py::object setting_value(const Setting& setting, const std::vector<double>& value) {
    if (setting.kind == Setting::per_channel) return per_channel(value);
    if (setting.kind == Setting::numbers)
        return tuple_of(value, [](double number) { return number; });
    return setting.kind == Setting::flag ? py::object(py::bool_(value[0] != 0))
                                         : py::object(py::float_(value[0]));
}

const Description* operation_named(const std::string& name) {
    for (const Description* operation : operations())
        if (name == operation->name) return operation;
    return nullptr;
}

// Unknown names go to the core as they are, which refuses them.
StepOptions step_options(const std::string& name, const py::dict& settings) {
    StepOptions step{name};
    for (const auto& [key, value] : settings)
        if (key.cast<std::string>() == "draws")
            step.draws = distributions(value);
        else
            step.settings[key.cast<std::string>()];
    if (const Description* operation = operation_named(name); operation != nullptr)
        for (const Setting& setting : settings_of(*operation))
            if (settings.contains(setting.name))
                step.settings[setting.name] =
                    setting_value(setting, py::object(settings[setting.name]));
    return step;
}

py::tuple steps_of(const Plan& plan) {
    return tuple_of(plan.options().steps, [](const StepOptions& step) {
        py::dict settings;
        for (const Setting& setting : settings_of(*operation_named(step.operation)))
            if (const auto given = step.settings.find(setting.name); given != step.settings.end())
                settings[setting.name] = setting_value(setting, given->second);
        if (!step.draws.empty()) settings["draws"] = draws_of(step.draws);
        return py::make_tuple(step.operation, settings);
    });
}

std::vector<StepOptions> step_list(const py::object& steps, const Normalization& normalization) {
    if (steps.is_none()) return keras_steps(normalization);
    const Normalization& n = normalization;
    if (n.rescale != 1 || n.samplewise_center || n.samplewise_std || !n.mean.empty() ||
        !n.std.empty())
        throw py::value_error(
            "`rescale`, `samplewise_center`, `samplewise_std`, `mean` and `std` must be settings "
            "of steps where `steps` is given. Received: both");
    std::vector<StepOptions> list;
    for (const py::handle step : steps) {
        const auto [name, settings] = step.cast<std::pair<std::string, py::dict>>();
        list.push_back(step_options(name, settings));
    }
    return list;
}

template <class Value>
void read_option(const py::dict& options, const char* name, Value& value) {
    if (options.contains(name) && !options[name].is_none())
        value = py::object(options[name]).cast<Value>();
}

std::vector<Policy> policy_list(const py::object& policies) {
    std::vector<Policy> list;
    for (const py::handle item : policies) {
        const auto [kind, parent, member, operation, number, options] =
            items_of<std::string, int, int, int, int, py::dict>(item, "policies");
        Policy policy{policy_kind_from_name(kind), {parent, member, operation, number}};
        read_option(options, "p", policy.probability);
        read_option(options, "of", policy.of);
        read_option(options, "least", policy.least);
        read_option(options, "most", policy.most);
        read_option(options, "weights", policy.weights);
        list.push_back(std::move(policy));
    }
    return list;
}

py::tuple policies_of(const Plan& plan) {
    return tuple_of(plan.options().policies, [](const Policy& policy) {
        py::dict options;
        if (policy.kind == Policy::p) options["p"] = policy.probability;
        if (policy.kind != Policy::p) options["of"] = policy.of;
        if (policy.kind == Policy::one && !policy.weights.empty())
            options["weights"] = policy.weights;
        if (policy.kind == Policy::some) {
            options["least"] = policy.least;
            options["most"] = policy.most;
        }
        const Where& where = policy.where;
        return py::make_tuple(name_of(policy.kind), where.policy, where.member, where.operation,
                              where.number, options);
    });
}

std::vector<Where> where_list(const py::object& where) {
    std::vector<Where> list;
    if (where.is_none()) return list;
    for (const py::handle item : where) {
        const auto [policy, member, operation, number] =
            items_of<int, int, int, int>(item, "where");
        list.push_back({policy, member, operation, number});
    }
    return list;
}

MixtureOptions mixture_options(const py::object& mixture) {
    MixtureOptions options;
    if (mixture.is_none()) return options;
    const auto given = mixture.cast<py::dict>();
    read_option(given, "chains", options.chains);
    read_option(given, "of_steps", options.of_steps);
    read_option(given, "alpha", options.alpha);
    const auto [policy, member, operation, number] =
        items_of<int, int, int, int>(py::object(given["where"]), "mixture");
    options.where = {policy, member, operation, number};
    return options;
}

py::object mixture_of(const Plan& plan) {
    const MixtureOptions& mixture = plan.options().mixture;
    if (mixture.chains == 0) return py::none();
    const Where& where = mixture.where;
    py::dict options;
    options["chains"] = mixture.chains;
    options["of_steps"] = mixture.of_steps;
    options["alpha"] = mixture.alpha;
    options["where"] = py::make_tuple(where.policy, where.member, where.operation, where.number);
    return options;
}

py::object where_of(const Plan& plan) {
    if (plan.options().where.empty()) return py::none();
    return tuple_of(plan.options().where, [](const Where& where) {
        return py::make_tuple(where.policy, where.member, where.operation, where.number);
    });
}

Plan make_plan(std::int64_t height, std::int64_t width, std::int64_t channels,
               const std::string& data_format, int interpolation_order,
               const std::string& fill_mode, double cval, double rescale, bool samplewise_center,
               bool samplewise_std, const py::object& mean, const py::object& std,
               const py::object& steps, std::pair<double, double> value_range, bool fused,
               const py::object& policies, const py::object& where, const py::object& mixture,
               bool round_bytes) {
    if (data_format != "channels_last" && data_format != "channels_first")
        throw py::value_error(
            "`data_format` must be \"channels_last\" or \"channels_first\". Received: \"" +
            data_format + '"');
    PlanOptions options;
    options.height = height;
    options.width = width;
    options.channels = channels;
    options.channels_first = data_format == "channels_first";
    options.order = interpolation_order;
    options.fill_mode = fill_mode_from_name(fill_mode);
    options.cval = cval;
    options.low = value_range.first;
    options.high = value_range.second;
    options.fused = fused;
    options.steps = step_list(steps, {rescale, samplewise_center, samplewise_std,
                                      per_channel(mean, "mean"), per_channel(std, "std")});
    options.policies = policy_list(policies);
    options.where = where_list(where);
    options.mixture = mixture_options(mixture);
    options.round_bytes = round_bytes;
    return Plan(std::move(options));
}

}  // namespace

void register_plan(py::module_& m) {
    register_operations(m);
    m.attr("FILL_MODES") = tuple_of(fill_mode_names, [](const char* name) { return name; });
    const Plan keras({.height = 1, .width = 1, .channels = 1});
    m.attr("PARAM_COLUMNS") = column_names(keras.columns());

    const auto option = [](auto member) {
        return [member](const Plan& plan) { return plan.options().*member; };
    };
    const auto normalization = [](auto member) {
        return [member](const Plan& plan) { return plan.normalization().*member; };
    };
    py::class_<Plan>(m, "Plan", "What stays the same over a whole flow. Immutable.")
        .def(py::init(&make_plan), py::kw_only(), py::arg("height"), py::arg("width"),
             py::arg("channels"), py::arg("data_format") = "channels_last",
             py::arg("interpolation_order") = 1, py::arg("fill_mode") = "nearest",
             py::arg("cval") = 0.0, py::arg("rescale") = 1.0, py::arg("samplewise_center") = false,
             py::arg("samplewise_std") = false, py::arg("mean") = py::none(),
             py::arg("std") = py::none(), py::arg("steps") = py::none(),
             py::arg("value_range") = std::pair(0.0, 255.0), py::arg("fused") = true,
             py::arg("policies") = py::tuple(), py::arg("where") = py::none(),
             py::arg("mixture") = py::none(), py::arg("round_bytes") = false)
        .def_property_readonly("height", option(&PlanOptions::height))
        .def_property_readonly("width", option(&PlanOptions::width))
        .def_property_readonly("channels", option(&PlanOptions::channels))
        .def_property_readonly("target_height", &Plan::target_height)
        .def_property_readonly("target_width", &Plan::target_width)
        .def_property_readonly("data_format",
                               [](const Plan& plan) {
                                   return plan.options().channels_first ? "channels_first"
                                                                        : "channels_last";
                               })
        .def_property_readonly("interpolation_order", option(&PlanOptions::order))
        .def_property_readonly(
            "fill_mode",
            [](const Plan& plan) {
                return fill_mode_names[static_cast<int>(plan.options().fill_mode)];
            })
        .def_property_readonly("cval", option(&PlanOptions::cval))
        .def_property_readonly("value_range",
                               [](const Plan& plan) {
                                   return py::make_tuple(plan.options().low, plan.options().high);
                               })
        .def_property_readonly("fused", option(&PlanOptions::fused))
        .def_property_readonly("round_bytes", option(&PlanOptions::round_bytes))
        .def_property_readonly("rescale", normalization(&Normalization::rescale))
        .def_property_readonly("samplewise_center",
                               normalization(&Normalization::samplewise_center))
        .def_property_readonly("samplewise_std", normalization(&Normalization::samplewise_std))
        .def_property_readonly(
            "mean", [](const Plan& plan) { return per_channel(plan.normalization().mean); })
        .def_property_readonly(
            "std", [](const Plan& plan) { return per_channel(plan.normalization().std); })
        .def_property_readonly("steps", &steps_of)
        .def_property_readonly("policies", &policies_of)
        .def_property_readonly("where", &where_of)
        .def_property_readonly("mixture", &mixture_of)
        .def_property_readonly("columns",
                               [](const Plan& plan) { return column_names(plan.columns()); });
}

}  // namespace batchwarp::bindings
