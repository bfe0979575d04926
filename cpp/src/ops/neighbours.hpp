// A row of pixels that are made from those around them.
#pragma once

#include <stdint.h>

#include "batchwarp/host_device.hpp"

namespace batchwarp::ops {

/// Changes a row in place. Its first and last pixel keep their values, brought to the limits.
/// @param above  the row above it, as it was before, within the limits; becomes the same of this
///               row, which is above the next one
/// @param below  the row below it
/// @param sums   memory for `count` values
template <class Function, class T>
BATCHWARP_HD_INLINE void change_row(const Function& function, T* __restrict above,
                                    T* __restrict row, const T* __restrict below,
                                    T* __restrict sums, int64_t count, int64_t step) noexcept {
    const auto limits = function.limits();
    for (int64_t i = 0; i < count; ++i) {
        const T value = limits.clip(row[i]);
        sums[i] = above[i] + value + limits.clip(below[i]);
        above[i] = value;
    }
    for (int64_t i = 0; i < step; ++i) row[i] = above[i];
    for (int64_t i = step; i < count - step; ++i)
        row[i] = function.from_sum(above[i], sums[i - step] + sums[i] + sums[i + step]);
    for (int64_t i = count - step; i < count; ++i) row[i] = above[i];
}

}  // namespace batchwarp::ops
