// The negative of what is at least as bright as a threshold.
#pragma once

#include "ops/operation.hpp"

namespace batchwarp::ops {

struct Solarize {
    static constexpr Description description{
        .name = "solarize",
        .scope = Scope::pixel,
        .columns = {{"threshold", not_applied, 0.2, 0.8}}};  // 0: black, 1: white

    template <class T>
    class Function {
      public:
        BATCHWARP_HD_INLINE Function(const double* row, const Context<T>& context) noexcept
            : limits_(context.limits),
              threshold_(context.limits.low +
                         static_cast<T>(row[0]) * (context.limits.high - context.limits.low)),
              sum_(context.limits.low + context.limits.high) {}

        BATCHWARP_HD_INLINE T operator()(T value, int /*channel*/) const noexcept {
            value = limits_.clip(value);
            return value >= threshold_ ? sum_ - value : value;
        }

      private:
        Range<T> limits_;
        T threshold_, sum_;
    };
};

}  // namespace batchwarp::ops
