#include <pybind11/pybind11.h>

#include <string>

#include "register.hpp"

namespace py = pybind11;

namespace batchwarp::bindings {
namespace {

// Whether an attribute is this very object.
bool has(PyObject* of, PyObject* name, PyObject* value) {
    PyObject* const found = PyObject_GetAttr(of, name);
    if (found == nullptr) {
        if (PyErr_ExceptionMatches(PyExc_AttributeError) == 0) throw py::error_already_set();
        PyErr_Clear();
        return false;
    }
    Py_DECREF(found);  // it is compared, and not looked at
    return found == value;
}

bool has_of_its_own(const py::handle& object, const py::tuple& names) {
    if (names.empty()) return false;
    const auto own =
        py::reinterpret_steal<py::object>(PyObject_GenericGetDict(object.ptr(), nullptr));
    if (!own) throw py::error_already_set();
    for (const py::handle name : names) {
        const int found = PyDict_Contains(own.ptr(), name.ptr());
        if (found < 0) throw py::error_already_set();
        if (found != 0) return true;
    }
    return false;
}

// Asked for each batch, of some fifty attributes: a tenth of a small batch where Python does it.
bool unchanged(const py::object& first, const py::tuple& checks) {
    for (const py::handle check : checks) {
        const auto parts = py::cast<py::tuple>(check);
        if (parts.size() != 4)
            throw py::value_error("`checks` must have 4 items each. Received: " +
                                  std::to_string(parts.size()));
        const py::object object = parts[0].is_none() ? first : py::object(parts[0]);
        const py::tuple names = parts[1], values = parts[2], absent = parts[3];
        if (names.size() != values.size())
            throw py::value_error("`checks` must have as many values as names");
        const auto count = static_cast<py::ssize_t>(names.size());
        for (py::ssize_t i = 0; i < count; ++i)
            if (!has(object.ptr(), PyTuple_GET_ITEM(names.ptr(), i),
                     PyTuple_GET_ITEM(values.ptr(), i)))
                return false;
        if (has_of_its_own(object, absent)) return false;
    }
    return true;
}

}  // namespace

void register_attributes(py::module_& m) {
    m.def(
        "unchanged", &unchanged, py::arg("first"), py::arg("checks"),
        "Whether objects have the attributes that they had: tuples of an object, or None for "
        "`first`, the names, the very values, and names that it has no attributes of its own of.");
}

}  // namespace batchwarp::bindings
