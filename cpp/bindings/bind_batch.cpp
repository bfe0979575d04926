#include <pybind11/stl.h>

#include <iterator>
#include <string>

#include "array.hpp"
#include "batchwarp/batch.hpp"
#include "batchwarp/parallel.hpp"
#include "gil.hpp"
#include "register.hpp"

namespace batchwarp::bindings {
namespace {

static_assert(sizeof(Affine) == 6 * sizeof(double));  // affine_matrices returns them as rows

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

Plan make_plan(std::int64_t height, std::int64_t width, std::int64_t channels,
               const std::string& data_format, int interpolation_order,
               const std::string& fill_mode, double cval, double rescale, bool samplewise_center,
               bool samplewise_std, const py::object& mean, const py::object& std) {
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
    options.rescale = rescale;
    options.samplewise_center = samplewise_center;
    options.samplewise_std = samplewise_std;
    options.mean = per_channel(mean, "mean");
    options.std = per_channel(std, "std");
    return Plan(std::move(options));
}

void bind_augment_batch(const py::object& src, const py::object& indices, const py::object& params,
                        const Plan& plan, const py::object& dst, int threads) {
    if (threads < 0)
        throw py::value_error("`threads` must be at least 0. Received: " + std::to_string(threads));
    const bool channels_first = plan.options().channels_first;
    const py::array source = as_array(src, "src");
    py::array target = as_array(dst, "dst");
    if (!target.writeable())
        throw py::value_error("`dst` must be writable. Received: a read-only array");

    BatchRequest request;
    request.threads = threads;
    request.source =
        batch_view(source, static_cast<const std::byte*>(source.data()), channels_first, "src");
    request.target =
        batch_view(target, static_cast<std::byte*>(target.mutable_data()), channels_first, "dst");
    read_tables(indices, params, request);

    try {
        GilReleased released;
        request.interrupted = [&released] { return released.signal_raised(); };
        augment_batch(plan, request);
    } catch (const Interrupted&) {
        throw py::error_already_set();
    }
    if (const int refused = refused_threads(); refused != 0)
        py::module_::import("batchwarp._threads")
            .attr("warn_of_the_core")(num_threads() - refused, num_threads());
}

py::array_t<double> bind_affine_matrices(const py::object& params, std::int64_t height,
                                         std::int64_t width) {
    const py::array array = as_array(params, "params");
    const py::ssize_t n = array.ndim() == 2 ? array.shape(0) : -1;
    const auto* rows =
        reinterpret_cast<const TransformParams*>(table<double>(array, n, param_columns, "params"));
    py::array_t<double> result({n, py::ssize_t{6}});
    auto* out = reinterpret_cast<Affine*>(result.mutable_data());
    for (py::ssize_t i = 0; i < n; ++i) {
        out[i] = Affine();
        affine_from_params(rows[i], height, width, out[i]);
    }
    return result;
}

}  // namespace

void register_batch(py::module_& m) {
    py::tuple columns(std::size(param_names)), modes(std::size(fill_mode_names));
    for (std::size_t i = 0; i < std::size(param_names); ++i) columns[i] = param_names[i];
    for (std::size_t i = 0; i < std::size(fill_mode_names); ++i) modes[i] = fill_mode_names[i];
    m.attr("PARAM_COLUMNS") = columns;
    m.attr("FILL_MODES") = modes;

    const auto option = [](auto member) {
        return [member](const Plan& plan) { return plan.options().*member; };
    };
    py::class_<Plan>(m, "Plan", "What stays the same over a whole flow. Immutable.")
        .def(py::init(&make_plan), py::kw_only(), py::arg("height"), py::arg("width"),
             py::arg("channels"), py::arg("data_format") = "channels_last",
             py::arg("interpolation_order") = 1, py::arg("fill_mode") = "nearest",
             py::arg("cval") = 0.0, py::arg("rescale") = 1.0, py::arg("samplewise_center") = false,
             py::arg("samplewise_std") = false, py::arg("mean") = py::none(),
             py::arg("std") = py::none())
        .def_property_readonly("height", option(&PlanOptions::height))
        .def_property_readonly("width", option(&PlanOptions::width))
        .def_property_readonly("channels", option(&PlanOptions::channels))
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
        .def_property_readonly("rescale", option(&PlanOptions::rescale))
        .def_property_readonly("samplewise_center", option(&PlanOptions::samplewise_center))
        .def_property_readonly("samplewise_std", option(&PlanOptions::samplewise_std))
        .def_property_readonly(
            "columns",
            [](const Plan&) {
                return py::module_::import("batchwarp._core").attr("PARAM_COLUMNS");
            })
        .def_property_readonly("mean",
                               [](const Plan& plan) { return per_channel(plan.options().mean); })
        .def_property_readonly("std",
                               [](const Plan& plan) { return per_channel(plan.options().std); });

    m.def("augment_batch", &bind_augment_batch, py::arg("src"), py::arg("indices"),
          py::arg("params"), py::arg("plan"), py::arg("dst"), py::kw_only(), py::arg("threads") = 0,
          "Fills `dst` with augmented and normalised images of `src`.");
    m.def("affine_matrices", &bind_affine_matrices, py::arg("params"), py::arg("height"),
          py::arg("width"),
          "The matrices (m00, m01, m10, m11, o0, o1) that rows of parameters make.");
}

}  // namespace batchwarp::bindings
