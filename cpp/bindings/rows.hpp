// Rows of arrays of any dtype, as bytes: what goes along with the images of a batch.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "array.hpp"

namespace batchwarp::bindings {

/// Some rows of an array, in an array of their own.
class GatheredRows {
  public:
    /// Makes the array, for rows that are none that Python objects are in.
    /// @param values   C-contiguous
    /// @param indices  `count` numbers of rows
    /// @throws IndexError for an index beyond the rows
    GatheredRows(const py::object& values, const std::int64_t* indices, py::ssize_t count)
        : values_(as_array(values, "others")) {
        // NPY_ITEM_REFCOUNT and NPY_ITEM_IS_POINTER, which pybind11 does not name.
        constexpr std::uint64_t has_objects = 0x01 | 0x04;
        if (values_.ndim() < 1 || (values_.flags() & py::array::c_style) == 0 ||
            (values_.dtype().flags() & has_objects) != 0)
            throw py::value_error(
                "`others` must be C-contiguous arrays of rows without objects. Received: " +
                describe(values_));
        const std::int64_t rows = values_.shape(0);
        for (py::ssize_t i = 0; i < count; ++i)
            if (indices[i] < 0 || indices[i] >= rows)
                throw py::index_error("`order` must be from 0 to " + std::to_string(rows - 1) +
                                      " for " + describe(values_) +
                                      ". Received: " + std::to_string(indices[i]));
        py::array::ShapeContainer shape(
            std::vector<py::ssize_t>(values_.shape(), values_.shape() + values_.ndim()));
        shape->front() = count;
        made_ = py::array(values_.dtype(), std::move(shape));
        bytes_ = values_.itemsize();
        for (py::ssize_t axis = 1; axis < values_.ndim(); ++axis) bytes_ *= values_.shape(axis);
        from_ = static_cast<const std::byte*>(values_.data());
        to_ = static_cast<std::byte*>(made_.mutable_data());
    }

    /// Fills the array. Needs no lock.
    void fill(const std::int64_t* indices, py::ssize_t count) const noexcept {
        switch (bytes_) {  // one load and one store each, for labels that are numbers
            case 1:
                return copy<1>(indices, count);
            case 2:
                return copy<2>(indices, count);
            case 4:
                return copy<4>(indices, count);
            case 8:
                return copy<8>(indices, count);
            default:
                break;
        }
        const auto bytes = static_cast<std::size_t>(bytes_);
        for (py::ssize_t i = 0; i < count; ++i)
            std::memcpy(to_ + i * bytes_, from_ + indices[i] * bytes_, bytes);
    }

    const py::array& made() const noexcept { return made_; }

  private:
    template <int bytes>
    void copy(const std::int64_t* indices, py::ssize_t count) const noexcept {
        for (py::ssize_t i = 0; i < count; ++i)
            std::memcpy(to_ + i * bytes, from_ + indices[i] * bytes, bytes);
    }

    py::array values_, made_;
    py::ssize_t bytes_ = 0;  // of a row
    const std::byte* from_ = nullptr;
    std::byte* to_ = nullptr;
};

}  // namespace batchwarp::bindings
