#include <pybind11/pybind11.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

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

py::object dict_of(const py::handle& object) {
    auto own = py::reinterpret_steal<py::object>(PyObject_GenericGetDict(object.ptr(), nullptr));
    if (!own) throw py::error_already_set();
    return own;
}

bool is_in(const py::handle& name, const py::handle& container) {
    const int found = PySequence_Contains(container.ptr(), name.ptr());
    if (found < 0) throw py::error_already_set();
    return found != 0;
}

bool has_any(const py::object& dict, const py::handle& names) {
    for (const py::handle name : py::reinterpret_borrow<py::tuple>(names))
        if (is_in(name, dict)) return true;
    return false;
}

// What a type counts up when anything about it or its bases changes; 0 says nothing.
unsigned version_of(PyTypeObject* type) noexcept {
#if defined(Py_GIL_DISABLED)
    (void)type;  // other threads write it, and dictionaries that are walked through
    return 0;
#else
    // Up to 3.12 a flag says whether the number holds.
    if (PY_VERSION_HEX < 0x030D0000 && PyType_HasFeature(type, Py_TPFLAGS_VALID_VERSION_TAG) == 0)
        return 0;
    return type->tp_version_tag;
#endif
}

// What a class has by a name, as it stands there; nothing if it has none.
py::object in_class(PyTypeObject* type, const py::handle& name) {
    for (const py::handle base : py::reinterpret_borrow<py::tuple>(type->tp_mro)) {
        const py::object own = base.attr("__dict__");
        if (is_in(name, own)) return own[name];
    }
    return {};
}

// An object, as far as its attributes are seen in its own dictionary. All of it is compared, in
// its order: that is a few nanoseconds for each, of which a look for a name takes ten times as
// many. For all that stands in the class, its version answers.
class Seen {
  public:
    // For an object whose attributes have these values; nothing if one cannot go by that.
    static std::optional<Seen> of(const py::handle& object, const py::handle& names,
                                  const py::handle& values) {
        PyTypeObject* const type = Py_TYPE(object.ptr());
        Seen seen(type);
        if (PyType_Check(object.ptr())) {
            auto* const own = reinterpret_cast<PyTypeObject*>(object.ptr());
            seen.version_ = version_of(own);
            return seen.version_ == 0 ? std::nullopt : std::optional(std::move(seen));
        }
        if (seen.version_ == 0 || type->tp_getattro != PyObject_GenericGetAttr) return {};
        const py::object dict = dict_of(object);
        std::vector<PyObject*> expected;
        for (const auto& [key, value] : py::reinterpret_borrow<py::dict>(dict)) {
            seen.keys_.append(key);
            seen.entries_.emplace_back(key.ptr(), nullptr);
        }
        for (py::ssize_t i = 0; i < PyTuple_GET_SIZE(names.ptr()); ++i) {
            PyObject* const name = PyTuple_GET_ITEM(names.ptr(), i);
            const py::object standing = in_class(type, name);
            PyTypeObject* const kind = standing ? Py_TYPE(standing.ptr()) : nullptr;
            const bool is_computed =
                kind != nullptr && (kind->tp_descr_get != nullptr || kind->tp_descr_set != nullptr);
            bool is_found = false;
            for (auto& [key, value] : seen.entries_)
                if (!is_computed && PyObject_RichCompareBool(key, name, Py_EQ) == 1) {
                    value = PyTuple_GET_ITEM(values.ptr(), i);
                    is_found = true;
                }
            if (is_computed || (!is_found && kind == nullptr)) seen.asked_.push_back(i);
        }
        return seen;
    }

    // Whether nothing can have changed; if not, it may have.
    bool again(const py::handle& object, const py::handle& names, const py::handle& values) const {
        if (Py_TYPE(object.ptr()) != type_) return false;
        if (PyType_Check(object.ptr()))
            return version_of(reinterpret_cast<PyTypeObject*>(object.ptr())) == version_;
        if (version_of(Py_TYPE(object.ptr())) != version_) return false;
        const py::object dict = dict_of(object);
        if (PyDict_GET_SIZE(dict.ptr()) != static_cast<py::ssize_t>(entries_.size())) return false;
        PyObject *key = nullptr, *value = nullptr;
        py::ssize_t at = 0;
        for (const auto& [own_key, own_value] : entries_)
            if (PyDict_Next(dict.ptr(), &at, &key, &value) == 0 || key != own_key ||
                (own_value != nullptr && value != own_value))
                return false;
        for (const py::ssize_t i : asked_)
            if (!has(object.ptr(), PyTuple_GET_ITEM(names.ptr(), i),
                     PyTuple_GET_ITEM(values.ptr(), i)))
                return false;
        return true;
    }

  private:
    explicit Seen(PyTypeObject* type) : type_(type), version_(version_of(type)) {}

    PyTypeObject* type_;  // not kept: no other one has its version
    unsigned version_;
    py::list keys_;  // so that none of these is another one later
    std::vector<std::pair<PyObject*, PyObject*>> entries_;  // a value that may change is null
    std::vector<py::ssize_t> asked_;                        // names that are computed
};

// Some attributes of an object, as they were.
class Check {
  public:
    // @param parts  is kept by the caller
    explicit Check(const py::tuple& parts) {
        if (parts.size() != 4)
            throw py::value_error("`checks` must have 4 items each. Received: " +
                                  std::to_string(parts.size()));
        const py::tuple names = parts[1], values = parts[2], absent = parts[3];
        if (names.size() != values.size())
            throw py::value_error("`checks` must have as many values as names");
        object_ = py::object(parts[0]);
        names_ = names;
        values_ = values;
        absent_ = absent;
    }

    bool holds(const py::handle& first) {
        const py::handle object = object_.is_none() ? first : object_;
        if (seen_ && seen_->again(object, names_, values_)) return true;
        const py::ssize_t count = PyTuple_GET_SIZE(names_.ptr());
        for (py::ssize_t i = 0; i < count; ++i)
            if (!has(object.ptr(), PyTuple_GET_ITEM(names_.ptr(), i),
                     PyTuple_GET_ITEM(values_.ptr(), i)))
                return false;
        if (PyTuple_GET_SIZE(absent_.ptr()) != 0 && has_any(dict_of(object), absent_)) return false;
#if !defined(Py_GIL_DISABLED)
        if (looks_ > 0) {
            --looks_;
            seen_ = Seen::of(object, names_, values_);
        }
#endif
        return true;
    }

  private:
    py::handle object_, names_, values_, absent_;
    std::optional<Seen> seen_;
    int looks_ = 16;  // of some that change all the time, to see them costs more than it saves
};

// Asked for each batch, of some fifty attributes: a tenth of a small batch where Python does it.
class Attributes {
  public:
    explicit Attributes(py::tuple checks) : kept_(std::move(checks)) {
        for (const py::handle check : kept_) checks_.emplace_back(py::cast<py::tuple>(check));
    }

    bool are_unchanged(const py::object& first) {
        for (Check& check : checks_)
            if (!check.holds(first)) return false;
        return true;
    }

    // What is kept may lead back here, for Python's garbage collector.
    static void collect(PyHeapTypeObject* made) {
        PyTypeObject& type = made->ht_type;
        type.tp_flags |= Py_TPFLAGS_HAVE_GC;
        type.tp_traverse = [](PyObject* self, visitproc visit, void* arg) {
            Py_VISIT(Py_TYPE(self));
            if (py::detail::is_holder_constructed(self))
                Py_VISIT(py::cast<Attributes&>(py::handle(self)).kept_.ptr());
            return 0;
        };
        type.tp_clear = [](PyObject* self) {
            if (!py::detail::is_holder_constructed(self)) return 0;
            auto& own = py::cast<Attributes&>(py::handle(self));
            own.checks_.clear();
            own.kept_ = py::tuple();
            return 0;
        };
    }

  private:
    py::tuple kept_;
    std::vector<Check> checks_;
};

}  // namespace

void register_attributes(py::module_& m) {
    py::class_<Attributes>(m, "Attributes",
                           "Attributes of objects, as they were: tuples of an object, or None for "
                           "`first`, the names, the very values, and names that it has no "
                           "attributes of its own of.",
                           py::custom_type_setup(&Attributes::collect))
        .def(py::init<py::tuple>(), py::arg("checks"))
        .def("are_unchanged", &Attributes::are_unchanged, py::arg("first"),
             "Whether all of them are still the same objects.");
}

}  // namespace batchwarp::bindings
