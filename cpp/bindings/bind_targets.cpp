#include <iterator>
#include <string>

#include "array.hpp"
#include "batchwarp/targets.hpp"
#include "gil.hpp"
#include "register.hpp"

namespace batchwarp::bindings {
namespace {

static_assert(sizeof(Point) == 2 * sizeof(double) && sizeof(BoundingBox) == 4 * sizeof(double));

const double* rows_of(const py::object& params, py::ssize_t count, const Plan& plan) {
    if (params.is_none()) return nullptr;
    return table<double>(as_array(params, "params"), count, std::ssize(plan.columns()), "params");
}

// Checks where the targets of images begin, of which there are `most` in all.
TargetImages images_of(const Plan& plan, const py::object& params, const py::object& starts,
                       py::ssize_t most) {
    const py::array array = as_array(starts, "starts");
    TargetImages images;
    images.count = array.ndim() == 1 ? array.shape(0) - 1 : -1;
    images.starts = table<std::int64_t>(array, images.count + 1, 0, "starts");
    if (images.count < 0) throw py::value_error("`starts` must not be empty");
    images.params = rows_of(params, images.count, plan);
    std::int64_t before = 0;
    for (std::int64_t i = 0; i <= images.count; ++i) {
        const std::int64_t start = images.starts[i];
        if (start < before || start > most || (i == 0 && start != 0) ||
            (i == images.count && start != most))
            throw py::value_error("`starts` must rise from 0 to " + std::to_string(most) +
                                  ". Received: " + std::to_string(start) + " at position " +
                                  std::to_string(i));
        before = start;
    }
    return images;
}

py::array_t<double> bind_map_points(const Plan& plan, const py::object& params,
                                    const py::object& starts, const py::object& points) {
    const py::array from = as_array(points, "points");
    const py::ssize_t n = from.ndim() > 0 ? from.shape(0) : 0;
    const auto* given = reinterpret_cast<const Point*>(table<double>(from, n, 2, "points"));
    TargetImages images = images_of(plan, params, starts, n);
    py::array_t<double> result({n, py::ssize_t{2}});
    auto* to = reinterpret_cast<Point*>(result.mutable_data());
    without_lock(images, [&] { map_points(plan, images, given, to); });
    return result;
}

py::tuple bind_map_boxes(const Plan& plan, const py::object& params, const py::object& starts,
                         const py::object& boxes) {
    const py::array from = as_array(boxes, "boxes");
    const py::ssize_t n = from.ndim() > 0 ? from.shape(0) : 0;
    const auto* given = reinterpret_cast<const BoundingBox*>(table<double>(from, n, 4, "boxes"));
    TargetImages images = images_of(plan, params, starts, n);
    py::array_t<double> result({n, py::ssize_t{4}}), visible(n);
    auto* to = reinterpret_cast<BoundingBox*>(result.mutable_data());
    double* shares = visible.mutable_data();
    without_lock(images, [&] { map_boxes(plan, images, given, to, shares); });
    return py::make_tuple(result, visible);
}

template <class T>
py::tuple taken_boxes(const T* from, py::ssize_t n) {
    py::array_t<double> result({n, py::ssize_t{4}});
    const std::int64_t wrong = take_boxes(from, n, result.mutable_data());
    return py::make_tuple(result, wrong);
}

bool is_single(const py::array& array) { return py::isinstance<py::array_t<float>>(array); }

py::tuple bind_take_boxes(const py::object& boxes) {
    const py::array from = as_array(boxes, "boxes");
    const py::ssize_t n = from.ndim() > 0 ? from.shape(0) : 0;
    if (is_single(from)) return taken_boxes(table<float>(from, n, 4, "boxes"), n);
    return taken_boxes(table<double>(from, n, 4, "boxes"), n);
}

std::int64_t bind_first_reversed(const py::object& boxes) {
    const py::array from = as_array(boxes, "boxes");
    const py::ssize_t n = from.ndim() > 0 ? from.shape(0) : 0;
    return first_reversed(reinterpret_cast<const BoundingBox*>(table<double>(from, n, 4, "boxes")),
                          n);
}

std::int64_t bind_first_infinite(const py::object& points) {
    const py::array from = as_array(points, "points");
    const py::ssize_t n = from.ndim() > 0 ? from.shape(0) : 0;
    if (is_single(from)) return first_infinite(table<float>(from, n, 2, "points"), n);
    return first_infinite(table<double>(from, n, 2, "points"), n);
}

py::tuple bind_keep_boxes(const py::object& boxes, const py::object& visible, double least_area,
                          double least_part) {
    const py::array from = as_array(boxes, "boxes");
    const py::ssize_t n = from.ndim() > 0 ? from.shape(0) : 0;
    const auto* given = reinterpret_cast<const BoundingBox*>(table<double>(from, n, 4, "boxes"));
    const double* parts = table<double>(as_array(visible, "visible"), n, 0, "visible");
    py::array_t<float> result({n, py::ssize_t{4}});
    py::array_t<bool> kept(n);
    keep_boxes(given, parts, n, least_area, least_part, result.mutable_data(), kept.mutable_data());
    return py::make_tuple(result, kept);
}

py::array_t<bool> bind_mirrored(const Plan& plan, const py::object& params, py::ssize_t count) {
    if (count < 0)
        throw py::value_error("`count` must be at least 0. Received: " + std::to_string(count));
    const double* rows = rows_of(params, count, plan);
    py::array_t<bool> result(count);
    find_mirrored(plan, rows, count, result.mutable_data());
    return result;
}

}  // namespace

void register_targets(py::module_& m) {
    m.def("map_points", &bind_map_points, py::arg("plan"), py::arg("params"), py::arg("starts"),
          py::arg("points"), "Where the plan moves points, (x, y) of centres of pixels.");
    m.def(
        "map_boxes", &bind_map_boxes, py::arg("plan"), py::arg("params"), py::arg("starts"),
        py::arg("boxes"),
        "What the plan makes of boxes, (left, top, right, bottom), and how much of each is left.");
    m.def(
        "take_boxes", &bind_take_boxes, py::arg("boxes"),
        "Boxes in double, NaN for those that are four times -1; and the first that is not finite, "
        "or -1.");
    m.def("first_reversed", &bind_first_reversed, py::arg("boxes"),
          "The first box that ends before it begins, or -1.");
    m.def("first_infinite", &bind_first_infinite, py::arg("points"),
          "The first point that is infinite, or -1.");
    m.def(
        "keep_boxes", &bind_keep_boxes, py::arg("boxes"), py::arg("visible"), py::arg("least_area"),
        py::arg("least_part"),
        "Boxes in single precision, -1 for those of which too little is left; and which are kept.");
    m.def("mirrored", &bind_mirrored, py::arg("plan"), py::arg("params"), py::arg("count"),
          "Whether images are seen as in a mirror.");
}

}  // namespace batchwarp::bindings
