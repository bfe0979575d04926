#include <pybind11/stl.h>

#include <algorithm>
#include <iterator>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "arguments.hpp"
#include "array.hpp"
#include "batchwarp/draws.hpp"
#include "batchwarp/mersenne_twister.hpp"
#include "batchwarp/parameter_draws.hpp"
#include "locked_bits.hpp"
#include "register.hpp"

namespace batchwarp::bindings {
namespace {

// Kind, low, span, factor, counts, count, values.
using GivenColumn =
    std::tuple<std::string, double, double, double, bool, std::uint64_t, std::vector<double>>;

ParameterDraws make_draws(const std::vector<GivenColumn>& columns) {
    std::vector<KerasDistribution> drawn;
    for (const auto& [kind, low, span, factor, counts, count, values] : columns) {
        const auto* const found = std::ranges::find(keras_distribution_names, kind);
        if (found == std::end(keras_distribution_names))
            throw py::value_error(
                "`columns` must begin with \"fixed\", \"uniform\", \"coin\" or \"choice\". "
                "Received: \"" +
                kind + '"');
        const auto number = found - std::begin(keras_distribution_names);
        drawn.push_back({static_cast<KerasDistribution::Kind>(number), low, span, factor, counts,
                         count, values});
    }
    return ParameterDraws(std::move(drawn));
}

py::object bind_from_stream(const ParameterDraws& draws, const py::object& random,
                            py::ssize_t count) {
    if (count < 0)
        throw py::value_error("`count` must be at least 0. Received: " + std::to_string(count));
    const LockedBits bits(random);
    if (draws.change_nothing()) {
        draws.from_stream(*bits, count, nullptr);
        return py::none();
    }
    py::array_t<double> rows({count, static_cast<py::ssize_t>(draws.columns())});
    draws.from_stream(*bits, count, rows.mutable_data());
    return rows;
}

py::array_t<std::int64_t> bind_permutation(const py::object& random, py::ssize_t count) {
    if (count < 0)
        throw py::value_error("`count` must be at least 0. Received: " + std::to_string(count));
    py::array_t<std::int64_t> order(count);
    std::int64_t* const to = order.mutable_data();
    const LockedBits bits(random);
    permute(*bits, count, to);
    return order;
}

py::object bind_by_key(const ParameterDraws& draws, int operation, const py::object& samples,
                       std::int64_t epoch, std::uint64_t seed) {
    const DrawKey key = key_of(seed, epoch);
    const py::array array = as_array(samples, "samples");
    const py::ssize_t n = array.ndim() == 1 ? array.shape(0) : -1;
    const auto* keys = table<std::uint64_t>(array, n, 0, "samples");
    if (draws.change_nothing()) return py::none();
    py::array_t<double> rows({n, static_cast<py::ssize_t>(draws.columns())});
    draws.by_key(operation, keys, n, key, rows.mutable_data());
    return rows;
}

}  // namespace

void register_draws(py::module_& m) {
    py::class_<ParameterDraws>(m, "ParameterDraws", "The draws of Keras' parameters. Immutable.")
        .def(py::init(&make_draws), py::arg("columns"))
        .def("from_stream", &bind_from_stream, py::arg("random"), py::arg("count"),
             "Rows of parameters from a `RandomState`; None if they change nothing.")
        .def("by_key", &bind_by_key, py::arg("operation"), py::arg("samples"), py::arg("epoch"),
             py::arg("seed"), "Rows of parameters by key; None if they change nothing.");
    m.def("permutation", &bind_permutation, py::arg("random"), py::arg("count"),
          "`random.permutation(count)` of a `RandomState`, as int64.");
}

}  // namespace batchwarp::bindings
