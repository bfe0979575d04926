// Powers of what lies between 0 and 1.
#pragma once

#include <math.h>
#include <stdint.h>

#include "batchwarp/host_device.hpp"

namespace batchwarp::ops {

BATCHWARP_HD_INLINE double power(double value, double exponent) noexcept {
    return pow(value, exponent);
}

/// Plain arithmetic, of which compilers make vectors: 2 to the power of `exponent` times the
/// logarithm. Right to some units in the last place of 1. NaN stays NaN.
BATCHWARP_HD_INLINE float power(float value, float exponent) noexcept {
    // value = m * 2^e, with m from sqrt(1/2) to sqrt(2).
    constexpr int32_t half_root = 0x3f3504f3;
    const int32_t bits = __builtin_bit_cast(int32_t, value) & 0x7fffffff;
    const int32_t e = (bits - half_root) >> 23;
    const float m = __builtin_bit_cast(float, bits - e * (1 << 23));
    // log2(m) = 2 / ln 2 * artanh(s)
    const float s = (m - 1) / (m + 1), t = s * s;
    const float artanh =
        s * (1 + t * (1.0f / 3 + t * (1.0f / 5 + t * (1.0f / 7 + t * (1.0f / 9)))));
    const float log = exponent * (static_cast<float>(e) + 2.88539008f * artanh);
    // 2^y, with a whole number and the rest, from -1/2 to 1/2, for a Taylor series.
    const float y = log > -126 ? log : -126.0f;
    const int32_t whole = static_cast<int32_t>(y - 0.5f);
    // NOLINTNEXTLINE(modernize-use-std-numbers): no standard library in kernels
    const float x = (y - static_cast<float>(whole)) * 0.693147181f;
    const float rest =
        1 +
        x * (1 +
             x * (1.0f / 2 +
                  x * (1.0f / 6 +
                       x * (1.0f / 24 + x * (1.0f / 120 + x * (1.0f / 720 + x * (1.0f / 5040)))))));
    const float result = __builtin_bit_cast(float, (whole + 127) * (1 << 23)) * rest;
    // A factor: for a choice, compilers branch around all of it, and make no vectors.
    return result * (value > 0 ? 1.0f : value);
}

}  // namespace batchwarp::ops
