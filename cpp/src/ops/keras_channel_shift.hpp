// Keras' `apply_channel_shift`: adds and clips to the image's own smallest and largest value.
#pragma once

#include "ops/operation.hpp"

namespace batchwarp::ops {

struct KerasChannelShift {
    static constexpr Description description{
        .name = "keras_channel_shift",
        .scope = Scope::pixel,
        .needs = {.range = true},
        .columns = {{"channel_shift_intensity", not_applied, -50, 50}},
        .keras = true,
        .on_devices = true};

    template <class T>
    class Function {
      public:
        BATCHWARP_HD_INLINE Function(const double* row, const Context<T>& context) noexcept
            : amount_(static_cast<T>(row[0])), clip_(context.range) {}

        BATCHWARP_HD_INLINE T operator()(T value, int /*channel*/) const noexcept {
            return clip_.clip(value + amount_);
        }

        /// Adding and clipping keep the order of values.
        BATCHWARP_HD_INLINE Range<T> range() const noexcept {
            return {(*this)(clip_.low, 0), (*this)(clip_.high, 0)};
        }

      private:
        T amount_;
        Range<T> clip_;
    };
};

}  // namespace batchwarp::ops
