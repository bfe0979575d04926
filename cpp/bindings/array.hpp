// NumPy arrays to the core's views: rank, dtype and layout are checked here and nowhere else.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <iterator>
#include <optional>
#include <string>

#include "batchwarp/batch.hpp"
#include "batchwarp/errors.hpp"
#include "batchwarp/image.hpp"

namespace batchwarp::bindings {

namespace py = pybind11;

inline std::string describe(const py::array& array) {
    return "an array of shape " + py::str(array.attr("shape")).cast<std::string>() + " and dtype " +
           py::str(array.dtype()).cast<std::string>();
}

/// The array behind a Python object; nothing is converted or copied.
inline py::array as_array(const py::object& object, const char* name) {
    if (!py::isinstance<py::array>(object))
        throw py::type_error("`" + std::string(name) + "` must be a NumPy array. Received: " +
                             py::str(py::type::of(object)).cast<std::string>());
    return py::reinterpret_borrow<py::array>(object);
}

/// Nothing for one that the core does not read.
inline std::optional<DType> known_dtype(const py::dtype& dtype) {
    const char order = dtype.byteorder();
    const bool native = order == '=' || order == '|';
    if (native && dtype.kind() == 'u' && dtype.itemsize() == 1) return DType::u8;
    if (native && dtype.kind() == 'u' && dtype.itemsize() == 2) return DType::u16;
    if (native && dtype.kind() == 'f' && dtype.itemsize() == 2) return DType::f16;
    if (native && dtype.kind() == 'f' && dtype.itemsize() == 4) return DType::f32;
    if (native && dtype.kind() == 'f' && dtype.itemsize() == 8) return DType::f64;
    return {};
}

inline DType dtype_of(const py::array& array, const char* name) {
    if (const std::optional<DType> dtype = known_dtype(array.dtype())) return *dtype;
    throw py::type_error(
        "`" + std::string(name) +
        "` must be uint8, uint16, float16, float32 or float64 in native byte order. "
        "Received: " +
        describe(array));
}

/// @param data  the array's buffer, const or not
template <class Byte>
BasicBatchView<Byte> batch_view(const py::array& array, Byte* data, bool channels_first,
                                const char* name) {
    if (array.ndim() != 4)
        throw py::value_error("`" + std::string(name) +
                              "` must have rank 4. Received: " + describe(array));
    const int channel = channels_first ? 1 : 3, row = channels_first ? 2 : 1, col = row + 1;
    BasicBatchView<Byte> view;
    view.first.data = data;
    view.first.dtype = dtype_of(array, name);
    view.first.height = array.shape(row);
    view.first.width = array.shape(col);
    view.first.channels = array.shape(channel);
    view.first.row_stride = array.strides(row);
    view.first.pixel_stride = array.strides(col);
    view.first.channel_stride = array.strides(channel);
    view.count = array.shape(0);
    view.image_stride = array.strides(0);
    return view;
}

/// One uint8 image (height, width, channels).
/// @param data  the array's buffer, const or not
template <class Byte>
BasicImageView<Byte> image_view(const py::array& array, Byte* data, const char* name) {
    const py::dtype dtype = array.dtype();
    if (array.ndim() != 3 || dtype.kind() != 'u' || dtype.itemsize() != 1)
        throw py::value_error(
            "`" + std::string(name) +
            "` must be uint8 of shape (height, width, channels). Received: " + describe(array));
    return {data,           DType::u8,        array.shape(0),   array.shape(1),
            array.shape(2), array.strides(0), array.strides(1), array.strides(2)};
}

inline ImageView source_view(const py::object& object, const char* name) {
    const py::array array = as_array(object, name);
    return image_view(array, static_cast<const std::byte*>(array.data()), name);
}

inline MutableImageView target_view(const py::object& object, const char* name) {
    py::array array = as_array(object, name);
    if (!array.writeable())
        throw py::value_error("`" + std::string(name) +
                              "` must be writable. Received: a read-only array");
    return image_view(array, static_cast<std::byte*>(array.mutable_data()), name);
}

/// A C-contiguous (rows, columns) array of T, or a (rows,) one if columns is 0. Converts nothing:
/// what arrives here was made by our own Python code, and a copy would hide a mistake.
template <class T>
const T* table(const py::array& array, py::ssize_t rows, py::ssize_t columns, const char* name) {
    const bool shape_fits =
        columns == 0 ? array.ndim() == 1 && array.shape(0) == rows
                     : array.ndim() == 2 && array.shape(0) == rows && array.shape(1) == columns;
    if (!py::isinstance<py::array_t<T, py::array::c_style>>(array) || !shape_fits) {
        const std::string shape =
            columns == 0 ? "(" + std::to_string(rows) + ",)"
                         : "(" + std::to_string(rows) + ", " + std::to_string(columns) + ")";
        throw py::value_error("`" + std::string(name) + "` must be a C-contiguous " +
                              py::str(py::dtype::of<T>()).template cast<std::string>() +
                              " array of shape " + shape + ". Received: " + describe(array));
    }
    return static_cast<const T*>(array.data());
}

/// What a plan does to which images, for a request that has its target; None leaves either out.
inline void read_tables(const py::object& indices, const py::object& params, const Plan& plan,
                        BatchRequest& request) {
    const auto n = static_cast<py::ssize_t>(request.target.count);
    if (!indices.is_none())
        request.indices = table<std::int64_t>(as_array(indices, "indices"), n, 0, "indices");
    if (!params.is_none())
        request.params =
            table<double>(as_array(params, "params"), n, std::ssize(plan.columns()), "params");
}

}  // namespace batchwarp::bindings
