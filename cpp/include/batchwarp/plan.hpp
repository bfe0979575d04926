// What stays the same over a whole flow, resolved and validated once.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "batchwarp/fill_mode.hpp"
#include "batchwarp/operation.hpp"

namespace batchwarp {

/// @throws InvalidArgument for a name that is not in `fill_mode_names`
FillMode fill_mode_from_name(std::string_view name);

/// The operations that there are; Keras' are first, in the order in which it applies them.
std::span<const Description* const> operations() noexcept;

struct PlanOptions {
    std::int64_t height = 0, width = 0, channels = 0;  ///< each >= 1
    bool channels_first = false;                       ///< NCHW instead of NHWC
    int order = 1;                                     ///< spline order, 0 to 5
    FillMode fill_mode = FillMode::nearest;
    double cval = 0;     ///< value outside, for constant and grid-constant
    double rescale = 1;  ///< factor, finite and not zero
    bool samplewise_center = false;
    bool samplewise_std = false;
    std::vector<double> mean;  ///< per channel, or empty; subtracted
    std::vector<double> std;   ///< per channel, or empty; divides; finite and not zero
};

/// Immutable. Everything that does not depend on the image at hand.
class Plan {
  public:
    /// @throws InvalidArgument naming the option, what came, and what is accepted
    explicit Plan(PlanOptions options);

    const PlanOptions& options() const noexcept { return options_; }
    std::int64_t elements() const noexcept {
        return options_.height * options_.width * options_.channels;
    }
    bool samplewise() const noexcept {
        return options_.samplewise_center || options_.samplewise_std;
    }
    /// Whether rescale, mean or std do anything.
    bool normalizes() const noexcept { return normalizes_; }
    double mean(std::int64_t channel) const noexcept {
        return options_.mean.empty() ? 0.0 : options_.mean[static_cast<std::size_t>(channel)];
    }
    double std(std::int64_t channel) const noexcept {
        return options_.std.empty() ? 1.0 : options_.std[static_cast<std::size_t>(channel)];
    }

    /// (value * rescale - mean) / std as (value - shift) * scale, one pair per channel. A value
    /// that equals the mean gives exactly zero this way, which value * scale + bias would not.
    const std::vector<double>& shift() const noexcept { return shift_; }
    const std::vector<double>& scale() const noexcept { return scale_; }

  private:
    PlanOptions options_;
    bool normalizes_ = false;
    std::vector<double> shift_, scale_;
};

}  // namespace batchwarp
