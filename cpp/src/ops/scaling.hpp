// What operations on the way to the target amount to, once or twice.
#pragma once

#include "batchwarp/host_device.hpp"

namespace batchwarp {

/// A value that equals `shift` gives exactly zero, which value * scale + bias would not.
template <class T>
struct alignas(2 * sizeof(T)) Scaling {
    T shift, scale;

    BATCHWARP_HD_INLINE T operator()(T value) const noexcept { return (value - shift) * scale; }
};

}  // namespace batchwarp
