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
            : factor_(static_cast<T>(row[0])), limits_(context.limits) {}

        BATCHWARP_HD_INLINE T operator()(const T* above, const T* here, const T* below,
                                         int64_t step) const noexcept {
            const T beside = here[-step] + here[step];
            const T rows =
                (above[-step] + above[0] + above[step]) + (below[-step] + below[0] + below[step]);
            const T smooth = (rows + beside + 5 * here[0]) * (T(1) / 13);
            return limits_.clip(smooth + factor_ * (here[0] - smooth));
        }

      private:
        T factor_;
        Range<T> limits_;
    };
};

}  // namespace batchwarp::ops
