// The smallest and the largest value of an image.
#pragma once

#include <math.h>

#include "batchwarp/host_device.hpp"

namespace batchwarp {

/// NaN does not count.
template <class T>
struct Range {
    T low, high;

    BATCHWARP_HD_INLINE static Range none() noexcept {
        return {static_cast<T>(INFINITY), -static_cast<T>(INFINITY)};
    }
    BATCHWARP_HD_INLINE void include(T value) noexcept {
        low = value < low ? value : low;
        high = value > high ? value : high;
    }
    BATCHWARP_HD_INLINE Range with(const Range& other) const noexcept {
        return {other.low < low ? other.low : low, other.high > high ? other.high : high};
    }
    BATCHWARP_HD_INLINE T clip(T value) const noexcept {
        value = value < low ? low : value;
        return value > high ? high : value;
    }
};

}  // namespace batchwarp
