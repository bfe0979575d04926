// Random bits of NumPy's, for as long as nobody else takes any.
#pragma once

#include <pybind11/pybind11.h>

#include "batchwarp/bit_generator.hpp"

namespace batchwarp::bindings {

namespace py = pybind11;

/// The bits of a `RandomState`, which nobody else takes as long as this lives. NumPy's own
/// functions hold the same lock, without the interpreter's.
class LockedBits {
  public:
    explicit LockedBits(const py::object& random)
        : generator_(attribute(random, names().bit_generator)),
          lock_(attribute(generator_, names().lock)) {
        const py::object capsule = attribute(generator_, names().capsule);
        bits_ =
            static_cast<const BitGenerator*>(PyCapsule_GetPointer(capsule.ptr(), "BitGenerator"));
        if (bits_ == nullptr) throw py::error_already_set();
        call(names().acquire);  // Ctrl-C ends the wait for it
    }
    LockedBits(const LockedBits&) = delete;
    LockedBits& operator=(const LockedBits&) = delete;
    ~LockedBits() {
        PyObject* const done = PyObject_CallMethodNoArgs(lock_.ptr(), names().release);
        if (done == nullptr) PyErr_WriteUnraisable(lock_.ptr());
        Py_XDECREF(done);
    }

    const BitGenerator& operator*() const noexcept { return *bits_; }

  private:
    // Names that are looked up for each batch, made once and never dropped.
    struct Names {
        PyObject* bit_generator = PyUnicode_InternFromString("_bit_generator");
        PyObject* capsule = PyUnicode_InternFromString("capsule");
        PyObject* lock = PyUnicode_InternFromString("lock");
        PyObject* acquire = PyUnicode_InternFromString("acquire");
        PyObject* release = PyUnicode_InternFromString("release");
    };

    static const Names& names() {
        static const Names* const all = new Names();
        return *all;
    }

    static py::object attribute(const py::object& of, PyObject* name) {
        PyObject* const found = PyObject_GetAttr(of.ptr(), name);
        if (found == nullptr) throw py::error_already_set();
        return py::reinterpret_steal<py::object>(found);
    }

    void call(PyObject* name) const {
        PyObject* const done = PyObject_CallMethodNoArgs(lock_.ptr(), name);
        if (done == nullptr) throw py::error_already_set();
        Py_DECREF(done);
    }

    py::object generator_, lock_;
    const BitGenerator* bits_;
};

}  // namespace batchwarp::bindings
