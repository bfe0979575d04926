#include <pybind11/stl.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "array.hpp"
#include "batchwarp/targets.hpp"
#include "gil.hpp"
#include "register.hpp"

namespace batchwarp::bindings {
namespace {

// Whether an object is an array, of no subclass, of T in C's order and of these extents; -1: any.
template <class T>
bool is_table(const py::handle& object, const py::handle& type, py::ssize_t rank,
              py::ssize_t images, py::ssize_t columns) {
    if (!py::type::handle_of(object).is(type)) return false;  // subclasses may mean something
    const auto array = py::reinterpret_borrow<py::array>(object);
    return array.ndim() == rank && array.shape(static_cast<int>(rank) - 1) == columns &&
           (images < 0 || array.shape(0) == images) && array.dtype().is(py::dtype::of<T>()) &&
           (array.flags() & py::array::c_style) != 0;
}

// The boxes or points of all images, where the user has them.
template <class T>
class Rows {
  public:
    // None if they are not as nearly always: a list of arrays, or one array of them.
    static std::optional<Rows> of(const py::object& given, py::ssize_t images,
                                  py::ssize_t columns) {
        const py::handle type = py::type::handle_of(py::array_t<T>(0));
        Rows rows(images);
        if (is_table<T>(given, type, 3, images, columns)) {
            const auto array = py::reinterpret_borrow<py::array>(given);
            rows.held_.push_back(array);
            const auto* const first = static_cast<const T*>(array.data());
            const py::ssize_t count = array.shape(1);
            for (py::ssize_t i = 0; i < images; ++i) rows.add(first + i * count * columns, count);
            return rows;
        }
        if (!py::isinstance<py::list>(given) && !py::isinstance<py::tuple>(given)) return {};
        if (PySequence_Fast_GET_SIZE(given.ptr()) != images) return {};
        PyObject* const* const items = PySequence_Fast_ITEMS(given.ptr());
        for (py::ssize_t i = 0; i < images; ++i) {
            if (!is_table<T>(items[i], type, 2, -1, columns)) return {};
            rows.held_.push_back(py::reinterpret_borrow<py::array>(items[i]));
            const py::array& array = rows.held_.back();
            rows.add(static_cast<const T*>(array.data()), array.shape(0));
        }
        return rows;
    }

    const T* const* first() const noexcept { return first_.data(); }
    const std::int64_t* starts() const noexcept { return starts_.data(); }
    py::ssize_t longest() const noexcept { return longest_; }

    // Calls `look(rows, count)` for each image; its rows become what that returns, unless that is
    // null, which ends it.
    template <class Look>
    bool look(Look&& look) {
        for (std::size_t i = 0; i < first_.size(); ++i) {
            if (starts_[i] == starts_[i + 1]) continue;
            first_[i] = look(first_[i], starts_[i + 1] - starts_[i]);
            if (first_[i] == nullptr) return false;
        }
        return true;
    }

    // Keeps an array for as long as this lives.
    void hold(py::array array) { held_.push_back(std::move(array)); }

  private:
    explicit Rows(py::ssize_t images) {
        first_.reserve(static_cast<std::size_t>(images));
        starts_.reserve(static_cast<std::size_t>(images) + 1);
        starts_.push_back(0);
    }

    void add(const T* rows, py::ssize_t count) {
        first_.push_back(rows);
        starts_.push_back(starts_.back() + count);
        longest_ = std::max(longest_, count);
    }

    std::vector<py::array> held_;
    std::vector<const T*> first_;
    std::vector<std::int64_t> starts_;
    py::ssize_t longest_ = 0;
};

using AnyRows = std::variant<std::monostate, Rows<float>, Rows<double>>;

// False: they are something else.
bool take_rows(const py::object& given, py::ssize_t images, py::ssize_t columns, AnyRows& rows) {
    if (given.is_none()) return true;
    if (auto single = Rows<float>::of(given, images, columns))
        rows = *std::move(single);
    else if (auto twice = Rows<double>::of(given, images, columns))
        rows = *std::move(twice);
    return !std::holds_alternative<std::monostate>(rows);
}

// Boxes in single or double precision, NaN for those that are four times -1. False: one is none.
template <class T>
bool take_boxes(Rows<T>& rows) {
    return rows.look([&rows](const T* boxes, std::int64_t count) -> const T* {
        if (are_plain_boxes(boxes, count)) return boxes;
        if (first_infinite_box(boxes, count) >= 0 || first_reversed_box(boxes, count) >= 0)
            return nullptr;
        const std::int64_t first = first_absent_box(boxes, count);
        if (first < 0) return boxes;
        py::array_t<T> copy({static_cast<py::ssize_t>(count), py::ssize_t{4}});
        T* const to = copy.mutable_data();
        std::copy(boxes, boxes + 4 * count, to);
        for (std::int64_t i = first; i < count; ++i)
            if (first_absent_box(boxes + 4 * i, 1) == 0)
                std::fill_n(to + 4 * i, 4, static_cast<T>(NAN));
        rows.hold(std::move(copy));
        return to;
    });
}

template <class T>
bool take_points(Rows<T>& rows) {
    return rows.look([](const T* points, std::int64_t count) {
        return first_infinite(points, count) < 0 ? points : nullptr;
    });
}

bool take_boxes(std::monostate) { return true; }
bool take_points(std::monostate) { return true; }

// The boxes and points of a batch that are moved once, from where the user has them.
class Places {
  public:
    // None if there is anything to be said about them, which is left to Python; it has a word for
    // what is wrong.
    static py::object take(const py::object& boxes, const py::object& points, py::ssize_t images) {
        Places places(images);
        if (!take_rows(boxes, images, 4, places.boxes_) ||
            !take_rows(points, images, 2, places.points_))
            return py::none();
        if (!std::visit([](auto& rows) { return take_boxes(rows); }, places.boxes_) ||
            !std::visit([](auto& rows) { return take_points(rows); }, places.points_))
            return py::none();
        return py::cast(std::move(places));
    }

    // What is seen of them, None of what there is none of.
    py::tuple see(const Plan& plan, const py::object& params, double least_area, double least_part,
                  std::optional<py::ssize_t> max_boxes, bool only_inside) const {
        TargetImages images;
        images.count = images_;
        if (!params.is_none())
            images.params = table<double>(as_array(params, "params"), images_,
                                          std::ssize(plan.columns()), "params");
        if (max_boxes && *max_boxes < 0)
            throw py::value_error("`max_boxes` must be at least 0. Received: " +
                                  std::to_string(*max_boxes));
        const SeenBoxes seen{.least_area = least_area,
                             .least_part = least_part,
                             .room = max_boxes.value_or(longest(boxes_)),
                             .moves_up = max_boxes.has_value()};
        py::object boxes = room_for(boxes_, seen.room, 4),
                   points = room_for(points_, longest(points_), 2);
        without_lock(images, [&, to_boxes = data_of(boxes), to_points = data_of(points)] {
            std::visit(
                [&](const auto& rows) {
                    if constexpr (!is_absent<decltype(rows)>) {
                        images.starts = rows.starts();
                        see_boxes(plan, images, rows.first(), seen, to_boxes, nullptr);
                    }
                },
                boxes_);
            std::visit(
                [&](const auto& rows) {
                    if constexpr (!is_absent<decltype(rows)>) {
                        images.starts = rows.starts();
                        see_points(plan, images, rows.first(), only_inside, rows.longest(),
                                   to_points);
                    }
                },
                points_);
        });
        return py::make_tuple(std::move(boxes), std::move(points));
    }

  private:
    template <class T>
    static constexpr bool is_absent = std::is_same_v<std::remove_cvref_t<T>, std::monostate>;

    explicit Places(py::ssize_t images) : images_(images) {}

    static py::ssize_t longest(const AnyRows& any) {
        return std::visit(
            [](const auto& rows) -> py::ssize_t {
                if constexpr (is_absent<decltype(rows)>)
                    return 0;
                else
                    return rows.longest();
            },
            any);
    }

    py::object room_for(const AnyRows& rows, py::ssize_t room, py::ssize_t columns) const {
        if (std::holds_alternative<std::monostate>(rows)) return py::none();
        return py::array_t<float>({images_, room, columns});
    }

    static float* data_of(const py::object& array) {
        if (array.is_none()) return nullptr;
        return py::reinterpret_borrow<py::array_t<float>>(array).mutable_data();
    }

    py::ssize_t images_;
    AnyRows boxes_, points_;
};

}  // namespace

void register_places(py::module_& m) {
    py::class_<Places>(m, "Places", "The boxes and keypoints of a batch that are moved once.")
        .def("see", &Places::see, py::arg("plan"), py::arg("params"), py::arg("least_area"),
             py::arg("least_part"), py::arg("max_boxes"), py::arg("only_inside"),
             "What the plan makes of them: arrays with rows for each image, as `see_boxes` and "
             "`see_points`, or None.");
    m.def("take_places", &Places::take, py::arg("boxes"), py::arg("keypoints"), py::arg("images"),
          "Boxes by their edges and keypoints, checked. None for what is not, as nearly always, in "
          "single or double precision, and for what is wrong.");
}

}  // namespace batchwarp::bindings
