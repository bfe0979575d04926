// IEEE 754 binary16, converted in plain integer arithmetic: no compiler extension is needed.
#pragma once

#include <cstdint>

#include "batchwarp/host_device.hpp"

namespace batchwarp {

struct Half {
    std::uint16_t bits;
};

BATCHWARP_HD_INLINE float to_float(Half half) noexcept {
    const std::uint32_t sign = static_cast<std::uint32_t>(half.bits & 0x8000u) << 16;
    const std::uint32_t rest = half.bits & 0x7fffu;
    if (rest >= 0x7c00u)  // infinity, NaN
        return __builtin_bit_cast(float, sign | 0x7f800000u | (rest << 13));
    // The exponent moves from bias 15 to bias 127 by one multiplication; subnormals come out right.
    const float magnitude = __builtin_bit_cast(float, rest << 13) * 0x1p112f;
    return __builtin_bit_cast(float, sign | __builtin_bit_cast(std::uint32_t, magnitude));
}

/// Rounds to nearest, ties to even; too large becomes infinity. Without branches, so that a loop
/// over it becomes vectors.
BATCHWARP_HD_INLINE Half to_half(float value) noexcept {
    const std::uint32_t bits = __builtin_bit_cast(std::uint32_t, value);
    const std::int32_t sign = static_cast<std::int32_t>((bits >> 16) & 0x8000u);
    const auto magnitude = static_cast<std::int32_t>(bits & 0x7fffffffu);
    // Subnormal: adding 0.5 leaves the value, counted in units of 2^-24, in the low bits.
    const float shifted = __builtin_bit_cast(float, magnitude) + 0.5f;
    const std::int32_t subnormal = __builtin_bit_cast(std::int32_t, shifted) - 0x3f000000;
    const std::int32_t odd = (magnitude >> 13) & 1;
    const std::int32_t normal = (magnitude - 0x38000000 + 0xfff + odd) >> 13;
    const std::int32_t infinite = magnitude > 0x7f800000 ? 0x7e00 : 0x7c00;  // or NaN
    std::int32_t half = magnitude < 0x38800000 ? subnormal : normal;
    half = magnitude >= 0x477ff000 ? infinite : half;  // 65520 and above
    return Half{static_cast<std::uint16_t>(sign | half)};
}

}  // namespace batchwarp
