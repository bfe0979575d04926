// Registers; the work is in bind_*.cpp.
#include <pybind11/pybind11.h>

#include "register.hpp"

// Python without its global lock need not switch it on for this module: what the calls share is
// either never written or guarded by itself, which `.ci/check_shared_state` sees to.
PYBIND11_MODULE(_core, m, pybind11::mod_gil_not_used()) {
    m.doc() = "The compiled core of batchwarp.";
    m.attr("__version__") = BATCHWARP_VERSION;

    batchwarp::bindings::register_plan(m);
    batchwarp::bindings::register_places(m);
    batchwarp::bindings::register_batch(m);
    batchwarp::bindings::register_buffers(m);
    batchwarp::bindings::register_attributes(m);
    batchwarp::bindings::register_draws(m);
    batchwarp::bindings::register_batch_maker(m);
    batchwarp::bindings::register_files(m);
    batchwarp::bindings::register_jpeg(m);
    batchwarp::bindings::register_mixing(m);
    batchwarp::bindings::register_ragged(m);
    batchwarp::bindings::register_resize(m);
    batchwarp::bindings::register_runtime(m);
    batchwarp::bindings::register_targets(m);
}
