// Arrays whose memory is a pool's.
#pragma once

#include <pybind11/numpy.h>

#include <vector>

#include "batchwarp/buffer_pool.hpp"

namespace batchwarp::bindings {

/// An array of arbitrary content, C-contiguous. Its memory goes back to the pool with the last view
/// of it.
pybind11::array empty_array(const BufferPool& pool, const std::vector<pybind11::ssize_t>& shape,
                            const pybind11::dtype& dtype);

}  // namespace batchwarp::bindings
