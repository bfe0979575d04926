// What operations have in common that overwrite holes: where these are, and the value in them.
#pragma once

#include "ops/operation.hpp"

namespace batchwarp::ops {

/// What a hole is filled with: the first constants of the step, one for each channel.
struct HoleValue {
    /// Keeps the setting `value`, of all channels or of each.
    static void settle_value(const Settings& settings, const PlanOptions& options, Step& step);

    static double value(const double* constants, int channel) noexcept {
        return constants[channel];
    }
};

/// Whole pixels from one number to another, drawn for each image if there are more of them.
class HoleLength {
  public:
    static constexpr int constants = 2;

    /// Checks the setting `length`, from and to, and keeps it.
    static void settle(const Settings& settings, int least, Step& step);

    /// @param range  what `settle` has added to the constants
    static double draw(const KeyedNumbers& number, int which, const double* range) noexcept;
};

}  // namespace batchwarp::ops
