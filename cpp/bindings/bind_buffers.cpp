#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <limits>
#include <memory>
#include <new>
#include <string>
#include <vector>

#include "batchwarp/buffer_pool.hpp"
#include "buffers.hpp"
#include "register.hpp"

namespace py = pybind11;

namespace batchwarp::bindings {
namespace {

using Shape = std::vector<py::ssize_t>;

std::string describe(const Shape& shape, const py::dtype& dtype) {
    return "shape " + py::repr(py::tuple(py::cast(shape))).cast<std::string>() + " and dtype " +
           py::str(dtype).cast<std::string>();
}

std::size_t bytes(const Shape& shape, const py::dtype& dtype) {
    // Memory is handed out as it is: no pointers may be in it.
    if (std::string("biufc").find(dtype.kind()) == std::string::npos)
        throw py::type_error("`dtype` must be boolean or numeric. Received: " +
                             py::str(dtype).cast<std::string>());
    auto result = static_cast<std::size_t>(dtype.itemsize());
    for (const py::ssize_t extent : shape) {
        if (extent < 0)
            throw py::value_error("`shape` must not have negative extents. Received: " +
                                  describe(shape, dtype));
        const auto times = static_cast<std::size_t>(extent);
        if (times != 0 && result > std::numeric_limits<std::size_t>::max() / times)
            throw std::bad_alloc();
        result *= times;
    }
    return result;
}

}  // namespace

// The capsule is the array's base: whatever shows the array's memory keeps the array, the array
// keeps the capsule, and the capsule's end brings the block back.
py::array empty_array(const BufferPool& pool, const Shape& shape, const py::dtype& dtype) {
    try {
        auto block = std::make_unique<BufferPool::Block>(pool.take(bytes(shape, dtype)));
        std::byte* const data = block->data();
        const py::capsule owner(block.get(),
                                [](void* held) { delete static_cast<BufferPool::Block*>(held); });
        [[maybe_unused]] const auto* const held = block.release();  // by the capsule
        return {dtype, shape, data, owner};
    } catch (const std::bad_alloc&) {
        py::set_error(PyExc_MemoryError,
                      ("Unable to allocate an array of " + describe(shape, dtype)).c_str());
        throw py::error_already_set();
    }
}

void register_buffers(py::module_& m) {
    py::class_<BufferPool>(m, "BufferPool",
                           "Gives the memory of arrays that nobody holds to new ones.")
        .def(py::init<>())
        .def("empty", &empty_array, py::arg("shape"), py::arg("dtype"),
             "An array of arbitrary content, C-contiguous and aligned to 64 bytes.")
        .def_property_readonly("idle_bytes", &BufferPool::idle_bytes,
                               "Memory that is kept for arrays to come.");
}

}  // namespace batchwarp::bindings
