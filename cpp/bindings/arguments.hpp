// What several functions of the module take or say.
#pragma once

#include <pybind11/pybind11.h>

#include <cstdint>
#include <string>
#include <utility>

#include "batchwarp/draws.hpp"
#include "batchwarp/parallel.hpp"

namespace batchwarp::bindings {

/// @throws ValueError for an epoch that is none
inline DrawKey key_of(std::uint64_t seed, std::int64_t epoch) {
    if (!std::in_range<std::uint32_t>(epoch))
        throw pybind11::value_error("`epoch` must be from 0 to 2^32 - 1. Received: " +
                                    std::to_string(epoch));
    return {seed, static_cast<std::uint32_t>(epoch)};
}

/// Warns if the system has started fewer threads than it was asked for, once. Needs the lock.
inline void warn_of_refused_threads() {
    if (const int refused = refused_threads(); refused != 0)
        pybind11::module_::import("batchwarp._threads")
            .attr("warn_of_the_core")(num_threads() - refused, num_threads());
}

}  // namespace batchwarp::bindings
