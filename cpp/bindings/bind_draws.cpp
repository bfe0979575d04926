#include <pybind11/stl.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "arguments.hpp"
#include "array.hpp"
#include "batchwarp/batch.hpp"
#include "batchwarp/draws.hpp"
#include "batchwarp/parameter_draws.hpp"
#include "buffers.hpp"
#include "gil.hpp"
#include "register.hpp"

namespace batchwarp::bindings {
namespace {

// The bits of a `RandomState`, which nobody else takes as long as this lives. NumPy's own functions
// hold the same lock, without the interpreter's.
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

using Rows = std::vector<double>;

std::size_t size_of(std::int64_t count, std::int64_t columns) {
    return static_cast<std::size_t>(count) * static_cast<std::size_t>(columns);
}

// Kind, low, span, factor, counts, count, values.
using GivenColumn =
    std::tuple<std::string, double, double, double, bool, std::uint64_t, std::vector<double>>;

ParameterDraws make_draws(const std::vector<GivenColumn>& columns) {
    std::vector<KerasDistribution> drawn;
    for (const auto& [kind, low, span, factor, counts, count, values] : columns) {
        const auto* const found = std::ranges::find(keras_distribution_names, kind);
        if (found == std::end(keras_distribution_names))
            throw py::value_error(
                "`columns` must begin with \"fixed\", \"uniform\", \"coin\" or \"choice\". "
                "Received: \"" +
                kind + '"');
        const auto number = found - std::begin(keras_distribution_names);
        drawn.push_back({static_cast<KerasDistribution::Kind>(number), low, span, factor, counts,
                         count, values});
    }
    return ParameterDraws(std::move(drawn));
}

py::object bind_from_stream(const ParameterDraws& draws, const py::object& random,
                            py::ssize_t count) {
    if (count < 0)
        throw py::value_error("`count` must be at least 0. Received: " + std::to_string(count));
    const LockedBits bits(random);
    if (draws.change_nothing()) {
        draws.from_stream(*bits, count, nullptr);
        return py::none();
    }
    py::array_t<double> rows({count, static_cast<py::ssize_t>(draws.columns())});
    draws.from_stream(*bits, count, rows.mutable_data());
    return rows;
}

py::object bind_by_key(const ParameterDraws& draws, int operation, const py::object& samples,
                       std::int64_t epoch, std::uint64_t seed) {
    const DrawKey key = key_of(seed, epoch);
    const py::array array = as_array(samples, "samples");
    const py::ssize_t n = array.ndim() == 1 ? array.shape(0) : -1;
    const auto* keys = table<std::uint64_t>(array, n, 0, "samples");
    if (draws.change_nothing()) return py::none();
    py::array_t<double> rows({n, static_cast<py::ssize_t>(draws.columns())});
    draws.by_key(operation, keys, n, key, rows.mutable_data());
    return rows;
}

// All of a batch in one call: numbers, images, memory.
class BatchMaker {
  public:
    BatchMaker(Plan plan, const py::object& draws, std::optional<std::vector<int>> own,
               int operation, std::vector<py::ssize_t> shape, py::dtype dtype)
        : plan_(std::move(plan)),
          own_(std::move(own)),
          operation_(operation),
          shape_(std::move(shape)),
          dtype_(std::move(dtype)) {
        if (!draws.is_none()) draws_.emplace(draws.cast<const ParameterDraws&>());
        const std::int64_t columns = std::ssize(plan_.columns());
        const std::int64_t drawn = draws_ ? draws_->columns() : columns;
        const auto fits = [drawn](int column) { return column >= 0 && column < drawn; };
        if (own_ ? std::ssize(*own_) > columns || !std::ranges::all_of(*own_, fits)
                 : drawn != columns)
            throw py::value_error("`own` must be columns of `draws`, no more than `plan` has");
        shape_.insert(shape_.begin(), 0);
    }

    py::array make(const BufferPool& pool, const py::object& src, const py::object& indices,
                   const py::object& random, std::uint64_t first, std::int64_t epoch,
                   std::uint64_t seed) const {
        const py::array source = as_array(src, "src");
        const py::array chosen = as_array(indices, "indices");
        const py::ssize_t n = chosen.ndim() == 1 ? chosen.shape(0) : -1;
        BatchRequest request;
        request.indices = table<std::int64_t>(chosen, n, 0, "indices");
        request.source = batch_view(source, static_cast<const std::byte*>(source.data()),
                                    plan_.options().channels_first, "src");
        const DrawKey key = key_of(seed, epoch);

        const bool acts = draws_ && !draws_->change_nothing();
        const bool by_key = random.is_none();
        const std::int64_t columns = draws_ ? draws_->columns() : 0;
        Rows keras;
        if (acts) keras.resize(size_of(n, columns));
        if (draws_ && !by_key) {
            const LockedBits bits(random);
            draws_->from_stream(*bits, n, acts ? keras.data() : nullptr);
        }
        std::vector<py::ssize_t> shape = shape_;
        shape[0] = n;
        py::array result = empty_array(pool, shape, dtype_);
        request.target = batch_view(result, static_cast<std::byte*>(result.mutable_data()),
                                    plan_.options().channels_first, "dst");
        without_lock(request, [&] {
            std::vector<std::uint64_t> samples;
            if (own_ || (acts && by_key)) samples = samples_of(request.indices, n, first);
            if (acts && by_key) draws_->by_key(operation_, samples.data(), n, key, keras.data());
            Rows rows;
            if (own_) {
                rows = completed(*own_, samples, key, keras, columns);
            } else {
                rows.swap(keras);
            }
            request.params = rows.empty() ? nullptr : rows.data();
            augment_batch(plan_, request);
        });
        warn_of_refused_threads();
        return result;
    }

  private:
    static std::vector<std::uint64_t> samples_of(const std::int64_t* indices, py::ssize_t n,
                                                 std::uint64_t first) {
        std::vector<std::uint64_t> samples(static_cast<std::size_t>(n));
        std::ranges::transform(indices, indices + n, samples.begin(), [first](std::int64_t index) {
            return static_cast<std::uint64_t>(index) + first;
        });
        return samples;
    }

    // Rows of the plan, drawn by key, which begin with Keras' parameters of the columns `own`.
    // @param keras  rows of `columns` numbers; empty if these do not act
    Rows completed(const std::vector<int>& own, const std::vector<std::uint64_t>& samples,
                   const DrawKey& key, const Rows& keras, std::int64_t columns) const {
        const auto n = std::ssize(samples);
        Rows rows(size_of(n, std::ssize(plan_.columns())));
        draw_rows(plan_, samples.data(), n, key, rows.data());
        if (keras.empty()) return rows;
        double* row = rows.data();
        const double* drawn = keras.data();
        for (std::ptrdiff_t i = 0; i < n; ++i) {
            std::ranges::transform(own, row, [drawn](int column) { return drawn[column]; });
            row += std::ssize(plan_.columns());
            drawn += columns;
        }
        return rows;
    }

    Plan plan_;
    std::optional<ParameterDraws> draws_;
    std::optional<std::vector<int>> own_;
    int operation_;
    std::vector<py::ssize_t> shape_;  // of a batch, but for its size
    py::dtype dtype_;
};

}  // namespace

void register_draws(py::module_& m) {
    py::class_<ParameterDraws>(m, "ParameterDraws", "The draws of Keras' parameters. Immutable.")
        .def(py::init(&make_draws), py::arg("columns"))
        .def("from_stream", &bind_from_stream, py::arg("random"), py::arg("count"),
             "Rows of parameters from a `RandomState`; None if they change nothing.")
        .def("by_key", &bind_by_key, py::arg("operation"), py::arg("samples"), py::arg("epoch"),
             py::arg("seed"), "Rows of parameters by key; None if they change nothing.");
    py::class_<BatchMaker>(m, "BatchMaker", "All that makes a batch of an array's images.")
        .def(py::init<Plan, const py::object&, std::optional<std::vector<int>>, int,
                      std::vector<py::ssize_t>, py::dtype>(),
             py::arg("plan"), py::arg("draws"), py::arg("own"), py::arg("operation"),
             py::arg("shape"), py::arg("dtype"))
        .def("make", &BatchMaker::make, py::arg("pool"), py::arg("src"), py::arg("indices"),
             py::arg("random"), py::arg("first"), py::arg("epoch"), py::arg("seed"),
             "A batch of images, with parameters from a `RandomState` or, for None, by key.");
}

}  // namespace batchwarp::bindings
