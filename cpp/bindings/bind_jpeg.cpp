#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <array>
#include <span>
#include <string_view>
#include <utility>

#include "array.hpp"
#include "batchwarp/files.hpp"
#include "batchwarp/jpeg.hpp"
#include "batchwarp/jpeg_decoder.hpp"
#include "gil.hpp"
#include "register.hpp"

namespace batchwarp::bindings {
namespace {

std::span<const std::byte> bytes_of(const py::bytes& data) {
    const std::string_view file = data;
    return {reinterpret_cast<const std::byte*>(file.data()), file.size()};
}

// Keeps the interpreter's lock: it takes a few microseconds.
py::object bind_ordinary_jpeg(const py::bytes& data) {
    const std::optional<JpegHeader> header = ordinary_jpeg(bytes_of(data));
    if (!header) return py::none();
    return py::make_tuple(header->height, header->width, header->components);
}

// Likewise.
py::object bind_jpeg_orientation(const py::bytes& data) {
    const std::optional<int> orientation = jpeg_orientation(bytes_of(data));
    return orientation ? py::object(py::int_(*orientation)) : py::none();
}

std::string bind_use_libjpeg(const std::string& path) {
    const GilReleased released;
    return use_libjpeg(path);
}

int bind_covering_scale(std::pair<std::int64_t, std::int64_t> part,
                        std::pair<std::int64_t, std::int64_t> target) {
    return covering_scale({part.first, part.second}, {target.first, target.second});
}

std::span<const std::int64_t> numbers(const py::object& object, const char* name) {
    if (object.is_none()) return {};
    const py::array array = as_array(object, name);
    const py::ssize_t count = array.ndim() == 1 ? array.shape(0) : -1;
    return {table<std::int64_t>(array, count, 0, name), static_cast<std::size_t>(count)};
}

bool bind_decode_jpeg(const py::bytes& data, const py::object& dst, bool grey, int scale,
                      const std::array<std::int64_t, 4>& window, const py::object& rows,
                      const py::object& columns) {
    const std::span<const std::byte> file = bytes_of(data);
    const MutableImageView target = target_view(dst, "dst");
    const auto [left, top, right, bottom] = window;
    const JpegPixels wanted{grey,
                            scale,
                            {left, top, right, bottom},
                            numbers(rows, "rows"),
                            numbers(columns, "columns")};
    const GilReleased released;
    const std::optional<JpegHeader> header = ordinary_jpeg(file);
    return header && decode_jpeg(file, *header, wanted, target) == Decoded::done;
}

}  // namespace

void register_jpeg(py::module_& m) {
    m.def("ordinary_jpeg", &bind_ordinary_jpeg, py::arg("data"),
          "Height, width and components of a file that every decoder built on libjpeg decodes "
          "alike; None for others.");
    m.def("jpeg_orientation", &bind_jpeg_orientation, py::arg("data"),
          "EXIF's orientation, from 1 to 8; None for files in which readers may find another.");
    m.def("use_libjpeg", &bind_use_libjpeg, py::arg("path"),
          "Has JPEG files decoded by the libjpeg-turbo at a path, or one that the library there "
          "depends on; empty: by none. Returns why it is not used, or an empty string.");
    m.def("libjpeg_version", &libjpeg_version,
          "What the libjpeg-turbo in use says of itself; empty if there is none.");
    m.def("covering_scale", &bind_covering_scale, py::arg("part"), py::arg("target"),
          "The fastest scale, in eighths, at which a part (height, width) of an image is no "
          "smaller than a target; 8 if there is none.");
    m.def("decode_jpeg", &bind_decode_jpeg, py::arg("data"), py::arg("dst"), py::kw_only(),
          py::arg("grey") = false, py::arg("scale") = 8,
          py::arg("window") = std::array<std::int64_t, 4>{}, py::arg("rows") = py::none(),
          py::arg("columns") = py::none(),
          "Decodes a JPEG file, or a part of it: a window (left, top, right, bottom) of the scaled "
          "image, or the pixels where rows and columns meet. False: Pillow shall look at it.");
}

}  // namespace batchwarp::bindings
