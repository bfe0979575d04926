#include <pybind11/pybind11.h>

#include <string>

#include "batchwarp/cpu.hpp"
#include "batchwarp/descriptor.hpp"
#include "batchwarp/parallel.hpp"
#include "register.hpp"

namespace py = pybind11;

namespace batchwarp::bindings {
namespace {

py::tuple tiers() {
    const auto names = available_tiers();
    py::tuple result(names.size());
    for (std::size_t i = 0; i < names.size(); ++i) result[i] = names[i];
    return result;
}

// Python turns every exception of a module's initialisation into ImportError; called by the package
// instead, this raises the ValueError that a wrong variable deserves.
void read_environment() {
    select_tier_from_environment();
    read_thread_environment();
}

py::dict build_config() {
    py::dict config;
    config["version"] = BATCHWARP_VERSION;
    config["compiler"] = BATCHWARP_COMPILER;
    config["cxx_standard"] = std::to_string(__cplusplus);
    config["build_type"] = BATCHWARP_BUILD_TYPE;
    config["processor"] = BATCHWARP_PROCESSOR;
    config["sanitizers"] = BATCHWARP_SANITIZERS;
    config["pybind11"] =
        PYBIND11_TOSTRING(PYBIND11_VERSION_MAJOR) "." PYBIND11_TOSTRING(PYBIND11_VERSION_MINOR);
    std::string names;
    for (const std::string& name : available_tiers()) names += (names.empty() ? "" : " ") + name;
    config["simd_tiers"] = names;
    config["simd_tier"] = current_tier();
    return config;
}

}  // namespace

void register_runtime(py::module_& m) {
    m.def("get_num_threads", &num_threads,
          "Threads that a batch may use, the calling one included.");
    m.def("usable_processors", &usable_processors,
          "Processors that affinity and a container leave to this process.");
    m.def("set_num_threads", &set_num_threads, py::arg("n"), "0 restores the default.");
    m.def("read_environment", &read_environment,
          "Applies BATCHWARP_SIMD and BATCHWARP_NUM_THREADS; called once, at import.");
    m.def("simd_tier", &current_tier, "The instruction set in use.");
    m.def("simd_tiers", &tiers, "The instruction sets that this machine can run, best last.");
    py::class_<Descriptor>(m, "Descriptor", "An open file, closed with the last reference.")
        .def(py::init<int>(), py::arg("number"), "Takes over an open file descriptor.")
        .def_property_readonly("number", &Descriptor::number, "-1 once it has been closed.")
        .def("close", &Descriptor::close, "Gives up a lock on the file, and closes it.")
        .def("close_copy", &Descriptor::close_copy,
             "Closes the copy of a forked child, which leaves the parent its lock.");
    m.def("build_config", &build_config, "How this module was built, and what it runs on.");
}

}  // namespace batchwarp::bindings
