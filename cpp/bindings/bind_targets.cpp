#include <algorithm>
#include <cmath>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

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

// The same, for results that have room for so many targets of an image.
TargetImages images_with_room(const Plan& plan, const py::object& params, const py::object& starts,
                              py::ssize_t most, py::ssize_t room, bool may_be_more) {
    const TargetImages images = images_of(plan, params, starts, most);
    if (room < 0)
        throw py::value_error("`room` must be at least 0. Received: " + std::to_string(room));
    for (std::int64_t i = 0; i < images.count && !may_be_more; ++i) {
        const std::int64_t held = images.starts[i + 1] - images.starts[i];
        if (held > room)
            throw py::value_error("`room` must be at least " + std::to_string(held) +
                                  ", since so many belong to image " + std::to_string(i) +
                                  ". Received: " + std::to_string(room));
    }
    return images;
}

BoxFormat format_of(std::string_view name) {
    constexpr std::string_view relative = "rel_";
    BoxFormat format;
    format.relative = name.starts_with(relative);
    if (format.relative) name.remove_prefix(relative.size());
    using Last = BoxFormat::Last;
    if (name == "xyxy" || name == "yxyx") {
        format.last = Last::edges;
    } else if (name == "xywh") {
        format.last = Last::extents;
    } else if (name == "center_xywh" || name == "center_yxhw") {
        format.last = Last::extents_of_centre;
    } else {
        throw py::value_error("`bounding_box_format` is unknown. Received: \"" + std::string(name) +
                              '"');
    }
    format.y_first = name == "yxyx" || name == "center_yxhw";
    return format;
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

bool is_single(const py::array& array) { return py::isinstance<py::array_t<float>>(array); }

// Calls `work(rows, count)` with rows of so many numbers, in single or double precision.
template <class Work>
auto on_rows(const py::object& rows, py::ssize_t columns, const char* name, Work&& work) {
    const py::array from = as_array(rows, name);
    const py::ssize_t n = from.ndim() > 0 ? from.shape(0) : 0;
    if (is_single(from)) return work(table<float>(from, n, columns, name), n);
    return work(table<double>(from, n, columns, name), n);
}

// Where the rows of each image begin, one image's after the other's.
template <class T>
std::vector<const T*> rows_of_images(const TargetImages& images, const T* rows,
                                     py::ssize_t columns) {
    std::vector<const T*> first;
    first.reserve(static_cast<std::size_t>(images.count));
    for (std::int64_t i = 0; i < images.count; ++i)
        first.push_back(rows + columns * images.starts[i]);
    return first;
}

py::array_t<float> bind_see_points(const Plan& plan, const py::object& params,
                                   const py::object& starts, const py::object& points,
                                   py::ssize_t room, bool only_inside) {
    return on_rows(points, 2, "points", [&](const auto* from, py::ssize_t n) {
        TargetImages images = images_with_room(plan, params, starts, n, room, false);
        py::array_t<float> result({static_cast<py::ssize_t>(images.count), room, py::ssize_t{2}});
        float* const to = result.mutable_data();
        const auto rows = rows_of_images(images, from, 2);
        without_lock(images, [&] { see_points(plan, images, rows.data(), only_inside, room, to); });
        return result;
    });
}

py::tuple bind_see_boxes(const Plan& plan, const py::object& params, const py::object& starts,
                         const py::object& boxes, const py::object& before, double least_area,
                         double least_part, py::ssize_t room, bool moves_up,
                         const std::string& format) {
    SeenBoxes seen{.least_area = least_area,
                   .least_part = least_part,
                   .room = room,
                   .moves_up = moves_up,
                   .format = format_of(format)};
    return on_rows(boxes, 4, "boxes", [&](const auto* from, py::ssize_t n) {
        TargetImages images = images_with_room(plan, params, starts, n, room, moves_up);
        if (!before.is_none())
            seen.before = table<double>(as_array(before, "before"), n, 0, "before");
        py::array_t<float> result({static_cast<py::ssize_t>(images.count), room, py::ssize_t{4}});
        py::array_t<bool> kept(n);
        float* const to = result.mutable_data();
        bool* const keeps = kept.mutable_data();
        const auto rows = rows_of_images(images, from, 4);
        without_lock(images, [&] { see_boxes(plan, images, rows.data(), seen, to, keeps); });
        return py::make_tuple(result, kept);
    });
}

// The boxes with NaN for those that are four times -1: the very array, if there are none.
template <class T>
py::object without_absent(const py::object& boxes, const T* from, py::ssize_t n) {
    const std::int64_t first = first_absent_box(from, n);
    if (first < 0) return boxes;
    py::array_t<T> result({n, py::ssize_t{4}});
    T* const to = result.mutable_data();
    std::copy(from, from + 4 * n, to);
    for (std::int64_t i = first; i < n; ++i)
        if (first_absent_box(from + 4 * i, 1) == 0) std::fill_n(to + 4 * i, 4, static_cast<T>(NAN));
    return result;
}

py::tuple bind_take_boxes(const py::object& boxes) {
    return on_rows(boxes, 4, "boxes", [&](const auto* from, py::ssize_t n) {
        const std::int64_t wrong = first_infinite_box(from, n);
        return py::make_tuple(wrong < 0 ? without_absent(boxes, from, n) : boxes, wrong);
    });
}

std::int64_t bind_first_reversed(const py::object& boxes) {
    return on_rows(boxes, 4, "boxes",
                   [](const auto* from, py::ssize_t n) { return first_reversed_box(from, n); });
}

std::int64_t bind_first_infinite(const py::object& points) {
    return on_rows(points, 2, "points",
                   [](const auto* from, py::ssize_t n) { return first_infinite(from, n); });
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
    m.def("take_boxes", &bind_take_boxes, py::arg("boxes"),
          "Boxes, NaN for those that are four times -1; and the first that is not finite, or -1.");
    m.def("first_reversed", &bind_first_reversed, py::arg("boxes"),
          "The first box that ends before it begins, or -1.");
    m.def("first_infinite", &bind_first_infinite, py::arg("points"),
          "The first point that is infinite, or -1.");
    m.def("see_points", &bind_see_points, py::arg("plan"), py::arg("params"), py::arg("starts"),
          py::arg("points"), py::arg("room"), py::arg("only_inside"),
          "Where the plan moves points, in rows of `room` for each image, NaN for none.");
    m.def("see_boxes", &bind_see_boxes, py::arg("plan"), py::arg("params"), py::arg("starts"),
          py::arg("boxes"), py::arg("before"), py::arg("least_area"), py::arg("least_part"),
          py::arg("room"), py::arg("moves_up"), py::arg("bounding_box_format"),
          "What the plan makes of boxes, in a format and in rows of `room` for each image, -1 for "
          "none; and which are kept, since enough of them is left.");
    m.def("mirrored", &bind_mirrored, py::arg("plan"), py::arg("params"), py::arg("count"),
          "Whether images are seen as in a mirror.");
}

}  // namespace batchwarp::bindings
