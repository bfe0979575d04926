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
    read_tables(indices, params, plan, request);

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
    const Plan plan({.height = height, .width = width, .channels = 1});  // with Keras' steps
    const py::ssize_t columns = std::ssize(plan.columns());
    const double* rows = table<double>(array, n, columns, "params");
    py::array_t<double> result({n, py::ssize_t{6}});
    auto* out = reinterpret_cast<Affine*>(result.mutable_data());
    for (py::ssize_t i = 0; i < n; ++i) out[i] = plan.coordinates(rows + i * columns).affine;
    return result;
}

}  // namespace

void register_batch(py::module_& m) {
    m.def("augment_batch", &bind_augment_batch, py::arg("src"), py::arg("indices"),
          py::arg("params"), py::arg("plan"), py::arg("dst"), py::kw_only(), py::arg("threads") = 0,
          "Fills `dst` with augmented and normalised images of `src`.");
    m.def("affine_matrices", &bind_affine_matrices, py::arg("params"), py::arg("height"),
          py::arg("width"),
          "The matrices (m00, m01, m10, m11, o0, o1) that rows of parameters make.");
}

}  // namespace batchwarp::bindings
