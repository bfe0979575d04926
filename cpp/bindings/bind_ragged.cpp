#include <algorithm>
#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "array.hpp"
#include "register.hpp"

namespace batchwarp::bindings {
namespace {

// What arrays have to have in common to be put together as they are. Their rows are of so many
// numbers; of 0 they are numbers.
struct Kind {
    py::handle type;
    py::dtype dtype;
    py::ssize_t columns;

    bool is_of(const py::handle& item) const {
        if (!py::type::handle_of(item).is(type)) return false;  // subclasses may mean something
        const auto array = py::reinterpret_borrow<py::array>(item);
        if (!array.dtype().is(dtype)) return false;
        return columns == 0 ? array.ndim() == 1 : array.ndim() == 2 && array.shape(1) == columns;
    }
};

bool holds_plain_numbers(const py::dtype& dtype) {
    constexpr std::string_view kinds = "biuf";
    const char order = dtype.byteorder();
    return kinds.find(dtype.kind()) != std::string_view::npos && (order == '=' || order == '|');
}

// Copies the rows of an array to `to`, side by side; returns where they end.
std::byte* copy_rows(const py::array& from, py::ssize_t columns, std::byte* to) {
    const auto width = static_cast<std::size_t>(from.itemsize());
    const auto* row = static_cast<const std::byte*>(from.data());
    const py::ssize_t rows = from.shape(0), numbers = columns == 0 ? 1 : columns;
    const auto size = static_cast<std::size_t>(rows * numbers) * width;
    if (size == 0) return to;  // of none there may be no memory
    if ((from.flags() & py::array::c_style) != 0) {
        std::memcpy(to, row, size);
        return to + size;
    }
    const py::ssize_t step = columns == 0 ? 0 : from.strides(1);
    for (py::ssize_t i = 0; i < rows; ++i, row += from.strides(0))
        for (py::ssize_t k = 0; k < numbers; ++k, to += width)
            std::memcpy(to, row + k * step, width);
    return to;
}

// What is anything else is left to Python, which has a word for what is wrong.
py::object gather_rows(const py::object& items, py::ssize_t columns) {
    if (columns < 0)
        throw py::value_error("`columns` must be at least 0. Received: " + std::to_string(columns));
    if (!py::isinstance<py::list>(items) && !py::isinstance<py::tuple>(items)) return py::none();
    PyObject* const* const first = PySequence_Fast_ITEMS(items.ptr());
    const py::ssize_t count = PySequence_Fast_GET_SIZE(items.ptr());
    if (count == 0 || !py::isinstance<py::array>(*first)) return py::none();
    py::array_t<std::int64_t> starts(count + 1);
    const Kind kind{py::type::handle_of(starts), py::reinterpret_borrow<py::array>(*first).dtype(),
                    columns};
    if (!holds_plain_numbers(kind.dtype)) return py::none();
    // Held, since whoever makes arrays may run whatever there is to be run.
    std::vector<py::array> arrays;
    arrays.reserve(static_cast<std::size_t>(count));
    for (py::ssize_t i = 0; i < count; ++i) {
        if (!kind.is_of(first[i])) return py::none();
        arrays.push_back(py::reinterpret_borrow<py::array>(first[i]));
    }
    std::int64_t* const begin = starts.mutable_data();
    py::ssize_t all = 0, longest = 0;
    for (py::ssize_t i = 0; i < count; ++i) {
        begin[i] = all;
        const py::ssize_t rows = arrays[static_cast<std::size_t>(i)].shape(0);
        all += rows;
        longest = std::max(longest, rows);
    }
    begin[count] = all;
    std::vector<py::ssize_t> shape{all};
    if (columns != 0) shape.push_back(columns);
    py::array rows(kind.dtype, shape);
    auto* to = static_cast<std::byte*>(rows.mutable_data());
    for (const py::array& array : arrays) to = copy_rows(array, columns, to);
    return py::make_tuple(rows, starts, longest);
}

}  // namespace

void register_ragged(py::module_& m) {
    m.def("gather_rows", &gather_rows, py::arg("items"), py::arg("columns"),
          "The rows of a list of arrays, one array's after the other's, where they begin, and how "
          "many the longest has. None for what is no list of arrays that are alike.");
}

}  // namespace batchwarp::bindings
