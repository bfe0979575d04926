// Fewer levels: of each value the highest bits, as it has them in 8 or 16; on any other scale the
// bottom of its step.
#pragma once

#include "ops/operation.hpp"

namespace batchwarp::ops {

struct Posterize {
    static constexpr Description description{
        .name = "posterize", .scope = Scope::pixel, .columns = {{"bits", 8, 1, 7}}};

    /// Whole bits, halves to even: what is drawn need not be.
    static void draw(const KeyedNumbers& number, const Step& step, double* row) noexcept;

    template <class T>
    class Function {
      public:
        BATCHWARP_HD_INLINE Function(const double* row, const Context<T>& context) noexcept
            : low_(context.limits.low) {
            const T extent = context.limits.high - context.limits.low;
            const T steps = static_cast<T>(int32_t{1} << bits(row[0]));
            step_ = (extent == 255 || extent == 65535 ? extent + 1 : extent) / steps;
            most_ = steps - 1;
        }

        BATCHWARP_HD_INLINE T operator()(T value, int /*channel*/) const noexcept {
            // Step by step, which compilers make vectors of; below black there is none.
            T at = (value - low_) / step_;
            at = at > 0 ? at : T(0);
            at = at < most_ ? at : most_;
            const T whole = static_cast<T>(static_cast<int32_t>(at));
            return low_ + whole * step_;
        }

      private:
        BATCHWARP_HD_INLINE static int32_t bits(double value) noexcept {
            return value > 0 ? static_cast<int32_t>(value < 8 ? value + 0.5 : 8.0) : 0;
        }

        T low_, step_, most_;
    };
};

}  // namespace batchwarp::ops
