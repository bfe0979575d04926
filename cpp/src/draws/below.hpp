// Integers below a bound, as NumPy's legacy functions find them.
#pragma once

#include <bit>
#include <cstdint>
#include <limits>

namespace batchwarp {

/// `RandomState.randint(0, count)`: bits beyond the largest one of `count - 1` are dropped, and
/// what is too large still is drawn anew.
/// @param take32  returns 32 random bits
/// @param take64  returns 64, and is called where 32 do not suffice
template <class Take32, class Take64>
std::uint64_t below(std::uint64_t count, Take32&& take32, Take64&& take64) {
    const std::uint64_t most = count - 1;
    if (most == 0) return 0;
    const std::uint64_t mask = ~std::uint64_t{0} >> std::countl_zero(most);
    const bool is_short = most <= std::numeric_limits<std::uint32_t>::max();
    for (;;) {
        const std::uint64_t bits = is_short ? take32() : take64();
        if ((bits & mask) <= most) return bits & mask;
    }
}

}  // namespace batchwarp
