#include "batchwarp/plan.hpp"
#include "register.hpp"

namespace batchwarp::bindings {

namespace py = pybind11;

namespace {

template <class T, class Get>
py::tuple tuple_of(const T* first, int count, Get&& get) {
    py::tuple result(count);
    for (int i = 0; i < count; ++i) result[static_cast<std::size_t>(i)] = py::cast(get(first[i]));
    return result;
}

py::tuple names_of(const Needs& needs) {
    py::list names;
    if (needs.range) names.append("range");
    if (needs.moments) names.append("moments");
    return names;
}

}  // namespace

void register_operations(py::module_& m) {
    py::class_<Description>(m, "Operation", "What a step of a plan does. Immutable.")
        .def_readonly("name", &Description::name)
        .def_property_readonly(
            "scope", [](const Description& d) { return scope_names[static_cast<int>(d.scope)]; })
        .def_property_readonly("columns",
                               [](const Description& d) {
                                   return tuple_of(d.columns, d.column_count(),
                                                   [](const Column& c) { return c.name; });
                               })
        .def_property_readonly("neutral",
                               [](const Description& d) {
                                   return tuple_of(d.columns, d.column_count(),
                                                   [](const Column& c) { return c.neutral; });
                               })
        .def_property_readonly("settings",
                               [](const Description& d) {
                                   return tuple_of(d.settings, d.setting_count(),
                                                   [](const Setting& s) { return s.name; });
                               })
        .def_property_readonly("needs", [](const Description& d) { return names_of(d.needs); });
    const auto all = operations();
    m.attr("OPERATIONS") =
        tuple_of(all.data(), static_cast<int>(all.size()), [](const Description* d) { return d; });
}

}  // namespace batchwarp::bindings
