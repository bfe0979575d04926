#include <pybind11/stl.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "arguments.hpp"
#include "array.hpp"
#include "batchwarp/batch.hpp"
#include "batchwarp/draws.hpp"
#include "batchwarp/philox.hpp"
#include "gil.hpp"
#include "register.hpp"

namespace batchwarp::bindings {
namespace {

static_assert(sizeof(Affine) == 6 * sizeof(double));  // affine_matrices returns them as rows

BatchRequest request_of(const py::object& src, const py::object& dst, const Plan& plan) {
    const bool channels_first = plan.options().channels_first;
    const py::array source = as_array(src, "src");
    py::array target = as_array(dst, "dst");
    if (!target.writeable())
        throw py::value_error("`dst` must be writable. Received: a read-only array");
    BatchRequest request;
    request.source =
        batch_view(source, static_cast<const std::byte*>(source.data()), channels_first, "src");
    request.target =
        batch_view(target, static_cast<std::byte*>(target.mutable_data()), channels_first, "dst");
    return request;
}

// What is beside images, as masks are. It moves by some of the numbers that they have.
class Beside {
  public:
    // `given`: its array, its plan, which columns of the images' numbers that has, and the array to
    // fill.
    Beside(const py::tuple& given, const Plan& plan, const BatchRequest& images) {
        if (given.size() != 4)
            throw py::value_error("`beside` must have 4 items each. Received: " +
                                  std::to_string(given.size()));
        plan_ = &given[1].cast<const Plan&>();
        request_ = request_of(given[0], given[3], *plan_);
        request_.indices = images.indices;
        if (request_.target.count != images.target.count)
            throw py::value_error("`beside` must be as many as the images, " +
                                  std::to_string(images.target.count) +
                                  ". Received: " + std::to_string(request_.target.count));
        const py::ssize_t count = std::ssize(plan_->columns());
        const auto* columns =
            table<std::int64_t>(as_array(given[2], "columns"), count, 0, "columns");
        columns_.assign(columns, columns + count);
        all_columns_ = std::ssize(plan.columns());
        for (const std::int64_t column : columns_)
            if (column < 0 || column >= all_columns_)
                throw py::index_error("`columns` must be from 0 to " +
                                      std::to_string(all_columns_ - 1) +
                                      ". Received: " + std::to_string(column));
    }

    // What is to be done, beside images that have their numbers. Needs no lock.
    BatchPart part(const BatchRequest& images) {
        const auto count = static_cast<std::size_t>(images.target.count);
        if (images.params != nullptr && !columns_.empty()) {
            rows_.reserve(count * columns_.size());
            for (std::size_t i = 0; i < count; ++i)
                for (const std::int64_t column : columns_)
                    rows_.push_back(
                        images.params[static_cast<std::int64_t>(i) * all_columns_ + column]);
            request_.params = rows_.data();
        }
        return {plan_, &request_};
    }

  private:
    const Plan* plan_;
    BatchRequest request_;
    std::vector<std::int64_t> columns_;
    std::int64_t all_columns_ = 0;  // of the images' numbers
    std::vector<double> rows_;
};

void make_all(const Plan& plan, const BatchRequest& request, std::vector<Beside>& beside) {
    if (beside.empty()) return augment_batch(plan, request);
    std::vector<BatchPart> parts{{&plan, &request}};
    for (Beside& one : beside) parts.push_back(one.part(request));
    augment_batches(parts);
}

// Calls `fill` with a request that has all but parameters, and what is beside it, without the lock.
template <class Fill>
void augment(const py::object& src, const py::object& indices, const py::object& params,
             const Plan& plan, const py::object& dst, int threads, const py::sequence& others,
             Fill&& fill) {
    if (threads < 0)
        throw py::value_error("`threads` must be at least 0. Received: " + std::to_string(threads));
    BatchRequest request = request_of(src, dst, plan);
    request.threads = threads;
    read_tables(indices, params, plan, request);
    std::vector<Beside> beside;
    for (const py::handle one : others) beside.emplace_back(one.cast<py::tuple>(), plan, request);

    without_lock(request, [&] { fill(request, beside); });
    warn_of_refused_threads();
}

void bind_augment_batch(const py::object& src, const py::object& indices, const py::object& params,
                        const Plan& plan, const py::object& dst, int threads,
                        const py::sequence& beside) {
    augment(src, indices, params, plan, dst, threads, beside,
            [&](const BatchRequest& request, std::vector<Beside>& others) {
                make_all(plan, request, others);
            });
}

void bind_augment_keyed(const py::object& src, const py::object& indices, const py::object& samples,
                        std::int64_t epoch, std::uint64_t seed, const Plan& plan,
                        const py::object& dst, int threads, const py::sequence& beside) {
    const DrawKey key = key_of(seed, epoch);
    const py::array target = as_array(dst, "dst");
    const py::ssize_t n = target.ndim() > 0 ? target.shape(0) : 0;
    const auto* keys = table<std::uint64_t>(as_array(samples, "samples"), n, 0, "samples");
    augment(src, indices, py::none(), plan, dst, threads, beside,
            [&](BatchRequest& request, std::vector<Beside>& others) {
                std::vector<double> rows(static_cast<std::size_t>(n) * plan.columns().size());
                draw_rows(plan, keys, n, key, rows.data());
                request.params = rows.data();
                make_all(plan, request, others);
            });
}

py::array_t<double> bind_draw(const Plan& plan, const py::object& samples, std::int64_t epoch,
                              std::uint64_t seed) {
    const DrawKey key = key_of(seed, epoch);
    const py::array array = as_array(samples, "samples");
    const py::ssize_t n = array.ndim() == 1 ? array.shape(0) : -1;
    const auto* keys = table<std::uint64_t>(array, n, 0, "samples");
    py::array_t<double> rows({n, std::ssize(plan.columns())});
    draw_rows(plan, keys, n, key, rows.mutable_data());
    return rows;
}

py::array_t<double> bind_uniform(const py::object& samples, std::int64_t epoch, std::uint64_t seed,
                                 int operation, const std::vector<int>& numbers) {
    const DrawKey key = key_of(seed, epoch);
    const auto is_outside = [](int number) { return number < 0 || number > number_of_p; };
    if (operation < 0 || operation > 0xffff || std::ranges::any_of(numbers, is_outside))
        throw py::value_error(
            "`operation` must be from 0 to 65535, and `numbers` from 0 to 255. Received: " +
            std::to_string(operation) + ", " + py::repr(py::cast(numbers)).cast<std::string>());
    const py::array array = as_array(samples, "samples");
    const py::ssize_t n = array.ndim() == 1 ? array.shape(0) : -1;
    const auto* keys = table<std::uint64_t>(array, n, 0, "samples");
    py::array_t<double> rows({n, std::ssize(numbers)});
    draw_uniform(operation, numbers, keys, n, key, rows.mutable_data());
    return rows;
}

std::array<std::uint32_t, 4> bind_philox(const std::array<std::uint32_t, 4>& counter,
                                         const std::array<std::uint32_t, 2>& key) {
    const PhiloxCounter x =
        philox({{counter[0], counter[1], counter[2], counter[3]}}, {{key[0], key[1]}});
    return {x.words[0], x.words[1], x.words[2], x.words[3]};
}

py::array_t<double> bind_affine_matrices(const py::object& params, std::int64_t height,
                                         std::int64_t width) {
    const py::array array = as_array(params, "params");
    const py::ssize_t n = array.ndim() == 2 ? array.shape(0) : -1;
    const Plan plan({.height = height, .width = width, .channels = 1});  // with Keras' steps
    const py::ssize_t columns = std::ssize(plan.columns());
    const double* rows = table<double>(array, n, columns, "params");
    py::array_t<double> result({n, py::ssize_t{6}});
    auto* out = reinterpret_cast<Affine*>(result.mutable_data());
    for (py::ssize_t i = 0; i < n; ++i) out[i] = plan.coordinates(rows + i * columns).affine;
    return result;
}

}  // namespace

void register_batch(py::module_& m) {
    m.def("augment_batch", &bind_augment_batch, py::arg("src"), py::arg("indices"),
          py::arg("params"), py::arg("plan"), py::arg("dst"), py::kw_only(), py::arg("threads") = 0,
          py::arg("beside") = py::tuple(),
          "Fills `dst` with augmented and normalised images of `src`, and so it does with what is "
          "beside them: tuples of an array, its plan, which columns of `params` that has, and an "
          "array to fill.");
    m.def("augment_keyed", &bind_augment_keyed, py::arg("src"), py::arg("indices"),
          py::arg("samples"), py::arg("epoch"), py::arg("seed"), py::arg("plan"), py::arg("dst"),
          py::kw_only(), py::arg("threads") = 0, py::arg("beside") = py::tuple(),
          "Fills `dst` like `augment_batch`, with parameters that are drawn for each sample.");
    m.def("draw", &bind_draw, py::arg("plan"), py::arg("samples"), py::arg("epoch"),
          py::arg("seed"), "The parameters that are drawn for each sample.");
    m.def("uniform", &bind_uniform, py::arg("samples"), py::arg("epoch"), py::arg("seed"),
          py::arg("operation"), py::arg("numbers"),
          "Numbers from 0 to below 1 of one operation, a row for each sample.");
    m.def("philox", &bind_philox, py::arg("counter"), py::arg("key"),
          "Philox4x32-10: what a counter of four words is under a key of two.");
    m.def("affine_matrices", &bind_affine_matrices, py::arg("params"), py::arg("height"),
          py::arg("width"),
          "The matrices (m00, m01, m10, m11, o0, o1) that rows of parameters make.");
}

}  // namespace batchwarp::bindings
