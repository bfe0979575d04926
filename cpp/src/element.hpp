// One value between the user's element types and the type that the core computes in.
#pragma once

#include <cmath>
#include <cstdint>
#include <type_traits>

#include "batchwarp/host_device.hpp"
#include "half.hpp"

namespace batchwarp {

template <class T, class S>
BATCHWARP_HD T widen(S value) noexcept {
    if constexpr (std::is_same_v<S, Half>)
        return static_cast<T>(to_float(value));
    else
        return static_cast<T>(value);
}

/// Truncates towards zero and saturates for integer types; NaN becomes 0 there.
template <class S, class T>
BATCHWARP_HD S narrow(T value) noexcept {
    if constexpr (std::is_same_v<S, Half>)
        return to_half(static_cast<float>(value));
    else if constexpr (std::is_same_v<S, std::uint8_t> || std::is_same_v<S, std::uint16_t>) {
        constexpr T most = std::is_same_v<S, std::uint8_t> ? 255 : 65535;
        return value > 0 ? static_cast<S>(value < most ? value : most) : S{0};
    } else
        return static_cast<S>(value);
}

/// What SciPy does to an interpolated value when the image is uint8: halves up, saturated.
template <class T>
BATCHWARP_HD T rounded_to_byte(T value) noexcept {
    const T up = value > 0 ? value + T(0.5) : T(0);
    return std::floor(up > 255 ? T(255) : up);
}

}  // namespace batchwarp
