#include <pybind11/stl.h>

#include <array>
#include <string>
#include <utility>

#include "array.hpp"
#include "batchwarp/resize.hpp"
#include "gil.hpp"
#include "register.hpp"

namespace batchwarp::bindings {
namespace {

Box box_of(const py::object& object, const ImageView& source) {
    if (object.is_none()) return whole(source);
    try {
        const auto [left, top, right, bottom] = object.cast<std::array<std::int64_t, 4>>();
        return {left, top, right, bottom};
    } catch (const py::cast_error&) {
        throw py::value_error(
            "`box` must be four integers, (left, top, right, bottom), or None. Received: " +
            py::repr(object).cast<std::string>());
    }
}

void bind_resize(const py::object& src, const py::object& dst, const std::string& interpolation,
                 const py::object& box, std::pair<int, int> pillow) {
    const ImageView source = source_view(src, "src");
    const MutableImageView target = target_view(dst, "dst");
    const Interpolation method = interpolation_from_name(interpolation);
    const Box part = box_of(box, source);
    const GilReleased released;
    resize(source, target, method, part, {pillow.first, pillow.second});
}

void bind_luma(const py::object& src, const py::object& dst) {
    const ImageView source = source_view(src, "src");
    const MutableImageView target = target_view(dst, "dst");
    const GilReleased released;
    luma(source, target);
}

}  // namespace

void register_resize(py::module_& m) {
    py::tuple names(std::size(interpolation_names));
    for (std::size_t i = 0; i < std::size(interpolation_names); ++i)
        names[i] = interpolation_names[i];
    m.attr("INTERPOLATIONS") = names;

    m.def("resize", &bind_resize, py::arg("src"), py::arg("dst"), py::arg("interpolation"),
          py::arg("box") = py::none(), py::kw_only(),
          py::arg("pillow") = std::pair(PillowVersion().major, PillowVersion().minor),
          "Scales the pixels of `box` of a uint8 image to the size of `dst`, as that Pillow does.");
    m.def("luma", &bind_luma, py::arg("src"), py::arg("dst"),
          "Fills `dst` with the grey levels of an RGB image, as Pillow's convert(\"L\") does.");
}

}  // namespace batchwarp::bindings
