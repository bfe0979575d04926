// Registers; the work is in bind_*.cpp.
#include <pybind11/pybind11.h>

#include "register.hpp"

PYBIND11_MODULE(_core, m) {
    m.doc() = "The compiled core of batchwarp.";
    m.attr("__version__") = BATCHWARP_VERSION;

    batchwarp::bindings::register_plan(m);
    batchwarp::bindings::register_batch(m);
    batchwarp::bindings::register_buffers(m);
    batchwarp::bindings::register_draws(m);
    batchwarp::bindings::register_files(m);
    batchwarp::bindings::register_jpeg(m);
    batchwarp::bindings::register_mixing(m);
    batchwarp::bindings::register_ragged(m);
    batchwarp::bindings::register_resize(m);
    batchwarp::bindings::register_runtime(m);
    batchwarp::bindings::register_targets(m);
}
