// Random bits from NumPy, taken as the legacy functions of `numpy.random` take them.
#pragma once

#include <cstdint>

namespace batchwarp {

/// What NumPy's bit generators show to C: `bitgen_t` of numpy/random/bitgen.h, member for member.
/// Numbers are taken from the generator's own state, which so is always where NumPy expects it.
struct BitGenerator {
    void* state;
    std::uint64_t (*next_uint64)(void* state);
    std::uint32_t (*next_uint32)(void* state);
    double (*next_double)(void* state);
    std::uint64_t (*next_raw)(void* state);

    /// `RandomState.random_sample()`.
    double uniform() const { return next_double(state); }

    /// `RandomState.randint(0, count)`, with which `choice` finds its item.
    /// @param count  at least 1; nothing is taken for 1
    std::uint64_t below(std::uint64_t count) const;
};

}  // namespace batchwarp
