// The power of a value on a scale from black, 0, to white, 1.
#pragma once

#include <math.h>

#include "ops/operation.hpp"

namespace batchwarp::ops {

struct Gamma {
    static constexpr Description description{
        .name = "gamma", .scope = Scope::pixel, .columns = {{"gamma", 1, 0.5, 2}}};

    static constexpr bool is_looked_up = true;

    /// For kernels: simd/gamma.inl.
    template <class T>
    class Function {
      public:
        BATCHWARP_HD_INLINE Function(const double* row, const Context<T>& context) noexcept
            : exponent_(static_cast<T>(row[0])),
              limits_(context.limits),
              extent_(context.limits.high - context.limits.low) {}

        BATCHWARP_HD_INLINE T operator()(T value, int /*channel*/) const noexcept {
            const T scaled = (limits_.clip(value) - limits_.low) / extent_;
            return limits_.low + extent_ * static_cast<T>(pow(double{scaled}, double{exponent_}));
        }

        BATCHWARP_HD_INLINE T exponent() const noexcept { return exponent_; }
        BATCHWARP_HD_INLINE T black() const noexcept { return limits_.low; }
        BATCHWARP_HD_INLINE T extent() const noexcept { return extent_; }

      private:
        T exponent_;
        Range<T> limits_;
        T extent_;
    };
};

}  // namespace batchwarp::ops
