#include <pybind11/stl.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "arguments.hpp"
#include "array.hpp"
#include "batchwarp/batch.hpp"
#include "batchwarp/draws.hpp"
#include "batchwarp/mersenne_twister.hpp"
#include "batchwarp/parameter_draws.hpp"
#include "buffers.hpp"
#include "gil.hpp"
#include "locked_bits.hpp"
#include "register.hpp"
#include "rows.hpp"

namespace batchwarp::bindings {
namespace {

using Rows = std::vector<double>;
using Indices = std::vector<std::int64_t>;

// What is checked must not change before it is used: others may write into an order meanwhile.
Indices copied(const std::int64_t* indices, py::ssize_t count) {
    return {indices, indices + count};
}

std::size_t size_of(std::int64_t count, std::int64_t columns) {
    return static_cast<std::size_t>(count) * static_cast<std::size_t>(columns);
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
        const DrawKey key = key_of(seed, epoch);
        const py::array chosen = as_array(indices, "indices");
        const py::ssize_t n = chosen.ndim() == 1 ? chosen.shape(0) : -1;
        const Indices rows = copied(table<std::int64_t>(chosen, n, 0, "indices"), n);
        return images(pool, src, rows, random, [&](const BatchRequest& request, Rows& keras) {
            return parameters(request.indices, n, first, key, random.is_none(), keras);
        });
    }

    // @param random  an integer is the seed of a state that is needed for this batch alone
    py::tuple make_part(const BufferPool& pool, const py::object& src, const py::object& order,
                        py::ssize_t begin, py::ssize_t count, const py::object& random,
                        const py::tuple& others, std::uint64_t first, std::int64_t epoch,
                        std::uint64_t seed) const {
        const DrawKey key = key_of(seed, epoch);
        const py::array all = as_array(order, "order");
        const py::ssize_t size = all.ndim() == 1 ? all.shape(0) : -1;
        const auto* ordered = table<std::int64_t>(all, size, 0, "order");
        if (begin < 0 || count < 0 || count > size - begin)
            throw py::value_error("`begin` and `count` must be a part of the order, which has " +
                                  std::to_string(size) + ". Received: " + std::to_string(begin) +
                                  ", " + std::to_string(count));
        const Indices indices = copied(ordered + begin, count);
        std::vector<GatheredRows> rows;
        rows.reserve(others.size());
        for (const py::handle one : others)
            rows.emplace_back(py::reinterpret_borrow<py::object>(one), indices.data(), count);

        const bool is_seed = py::isinstance<py::int_>(random), by_key = random.is_none();
        const std::uint32_t own_seed = is_seed ? random.cast<std::uint32_t>() : 0;
        const py::object state = is_seed ? py::object(py::none()) : random;
        py::tuple made(1 + rows.size());
        made[0] = images(pool, src, indices, state, [&](const BatchRequest&, Rows& keras) {
            for (const GatheredRows& one : rows) one.fill(indices.data(), count);
            if (is_seed && draws_) {
                MersenneTwister twister = twisters_.of(own_seed);
                draws_->from_stream(twister, count, keras.empty() ? nullptr : keras.data());
            }
            return parameters(indices.data(), count, first, key, by_key, keras);
        });
        for (std::size_t i = 0; i < rows.size(); ++i) made[1 + i] = rows[i].made();
        return made;
    }

  private:
    // Makes images, with numbers from a `RandomState` unless it is None.
    // @param rows_of  returns the plan's rows of a request that has its images, of Keras' numbers
    //                 or a place for these; it is called without the lock
    template <class RowsOf>
    py::array images(const BufferPool& pool, const py::object& src, const Indices& indices,
                     const py::object& random, RowsOf&& rows_of) const {
        const std::int64_t n = std::ssize(indices);
        const py::array source = as_array(src, "src");
        BatchRequest request;
        request.indices = indices.data();
        request.source = batch_view(source, static_cast<const std::byte*>(source.data()),
                                    plan_.options().channels_first, "src");
        Rows keras;
        if (draws_ && !draws_->change_nothing()) keras.resize(size_of(n, draws_->columns()));
        if (draws_ && !random.is_none()) {
            const LockedBits bits(random);
            draws_->from_stream(*bits, n, keras.empty() ? nullptr : keras.data());
        }
        std::vector<py::ssize_t> shape = shape_;
        shape[0] = n;
        py::array result = empty_array(pool, shape, dtype_);
        request.target = batch_view(result, static_cast<std::byte*>(result.mutable_data()),
                                    plan_.options().channels_first, "dst");
        without_lock(request, [&] {
            const Rows rows = rows_of(request, keras);
            request.params = rows.empty() ? nullptr : rows.data();
            augment_batch(plan_, request);
        });
        warn_of_refused_threads();
        return result;
    }

    // The plan's rows of samples, whose Keras' numbers are here, or are drawn by key, too.
    Rows parameters(const std::int64_t* indices, py::ssize_t n, std::uint64_t first,
                    const DrawKey& key, bool by_key, Rows& keras) const {
        const bool keyed = by_key && draws_ && !draws_->change_nothing();
        std::vector<std::uint64_t> samples;
        if (own_ || keyed) samples = samples_of(indices, n, first);
        if (keyed && draws_) draws_->by_key(operation_, samples.data(), n, key, keras.data());
        if (!own_) return std::move(keras);
        return completed(*own_, samples, key, keras, draws_ ? draws_->columns() : 0);
    }

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
    mutable SeededTwisters twisters_;  // of whatever batches there are
    std::vector<py::ssize_t> shape_;   // of a batch, but for its size
    py::dtype dtype_;
};

}  // namespace

void register_batch_maker(py::module_& m) {
    py::class_<BatchMaker>(m, "BatchMaker", "All that makes a batch of an array's images.")
        .def(py::init<Plan, const py::object&, std::optional<std::vector<int>>, int,
                      std::vector<py::ssize_t>, py::dtype>(),
             py::arg("plan"), py::arg("draws"), py::arg("own"), py::arg("operation"),
             py::arg("shape"), py::arg("dtype"))
        .def("make", &BatchMaker::make, py::arg("pool"), py::arg("src"), py::arg("indices"),
             py::arg("random"), py::arg("first"), py::arg("epoch"), py::arg("seed"),
             "A batch of images, with parameters from a `RandomState` or, for None, by key.")
        .def("make_part", &BatchMaker::make_part, py::arg("pool"), py::arg("src"), py::arg("order"),
             py::arg("begin"), py::arg("count"), py::arg("random"), py::arg("others"),
             py::arg("first"), py::arg("epoch"), py::arg("seed"),
             "A batch of `count` of an order, from `begin` on, and the rows of other arrays at the "
             "same indices. Parameters are from a `RandomState`, or from one that is seeded with "
             "an integer, or for None by key.");
}

}  // namespace batchwarp::bindings
