#include <pybind11/pybind11.h>

#include <string_view>

#include "batchwarp/jpeg.hpp"
#include "register.hpp"

namespace batchwarp::bindings {
namespace {

namespace py = pybind11;

// Keeps the interpreter's lock: it takes a few microseconds.
py::object bind_ordinary_jpeg(const py::bytes& data) {
    const std::string_view file = data;
    const std::optional<JpegHeader> header =
        ordinary_jpeg({reinterpret_cast<const std::byte*>(file.data()), file.size()});
    if (!header) return py::none();
    return py::make_tuple(header->height, header->width, header->components, header->has_exif);
}

}  // namespace

void register_jpeg(py::module_& m) {
    m.def("ordinary_jpeg", &bind_ordinary_jpeg, py::arg("data"),
          "Height, width, components and whether there is EXIF, of a file that every decoder built "
          "on libjpeg decodes alike; None for others.");
}

}  // namespace batchwarp::bindings
