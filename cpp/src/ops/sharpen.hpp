// Sharper or smoother: the distance from the mean of 3 x 3 pixels, of which the middle counts five
// times, times a factor. Pixels of the edges stay.
#pragma once

#include "ops/operation.hpp"

namespace batchwarp::ops {

struct Sharpen {
    static constexpr Description description{.name = "sharpen",
                                             .scope = Scope::pixel,
                                             .needs = {.neighbours = true},
                                             .columns = {{"sharpen", 1, 0, 2}}};

    template <class T>
    class Function {
      public:
        BATCHWARP_HD_INLINE Function(const double* row, const Context<T>& context) noexcept
            : smoother_(static_cast<T>((1 - row[0]) / 13)), limits_(context.limits) {}

        // The mean is (sum + 4 * value) / 13. Where all are alike there is no difference at all.
        BATCHWARP_HD_INLINE T from_sum(T value, T sum) const noexcept {
            return limits_.clip(value + smoother_ * (sum - 9 * value));
        }
        BATCHWARP_HD_INLINE Range<T> limits() const noexcept { return limits_; }

      private:
        T smoother_;  // how much of the difference from the mean goes, times 1/13
        Range<T> limits_;
    };
};

}  // namespace batchwarp::ops
