// Which source pixels make an output pixel of a resize, and with which weights: one axis.
#pragma once

#include <cstdint>

#include "batchwarp/resize.hpp"
#include "runtime/scratch.hpp"
#include "simd/kernels.hpp"

namespace batchwarp {

/// The source pixels [first, first + count) and their weights, in fixed point of `resize_bits`.
struct Taps {
    std::int64_t first = 0, count = 0;
    const std::int32_t* weights = nullptr;

    std::int64_t end() const noexcept { return first + count; }
};

/// The same, before they are rounded: they add up to 1. Those at either end are not zero.
struct ExactTaps {
    std::int64_t first = 0, count = 0;
    const double* weights = nullptr;
};

/// Pillow's filter along one axis: as wide as the scale asks for when the image shrinks, computed
/// in double, normalised, then rounded.
class TapsOfAxis {
  public:
    /// @param method   any but `nearest`
    /// @param extent   pixels that the source has along this axis
    /// @param begin    where the box begins
    /// @param end      where it ends
    /// @param outputs  pixels that the target has along this axis
    TapsOfAxis(Interpolation method, std::int64_t extent, std::int64_t begin, std::int64_t end,
               std::int64_t outputs) noexcept;

    /// The taps of the output pixel that has most.
    std::int64_t most() const noexcept { return most_; }

    /// The first source pixel that is a tap.
    std::int64_t begin() const noexcept { return range(0).first; }

    /// One past the last source pixel that is a tap.
    std::int64_t end() const noexcept { return range(outputs_ - 1).end(); }

    /// The taps of an output pixel; `first` and `end()` never decrease with it. The weights are
    /// there until the next call.
    Taps of(std::int64_t output);
    ExactTaps exact(std::int64_t output);

    /// The same without weights.
    Taps range(std::int64_t output) const noexcept;

  private:
    struct Filter {
        double (*weight)(double);
        double support;
    };
    static Filter filter_of(Interpolation method) noexcept;
    double center(std::int64_t output) const noexcept;
    double* weigh(const Taps& taps, std::int64_t output);

    Filter filter_;
    std::int64_t extent_, outputs_;
    double begin_, scale_, filter_scale_, support_;
    std::int64_t most_ = 0;
    Buffer<double> exact_;
    Buffer<std::int32_t> rounded_;
};

/// The two 16-bit words that kernels multiply with instead of a weight: value = high * 2^15 + low.
struct SplitWeight {
    std::int16_t high, low;

    explicit SplitWeight(std::int32_t weight) noexcept
        : high(static_cast<std::int16_t>(weight >> resize_low_bits)),
          low(static_cast<std::int16_t>(weight & ((1 << resize_low_bits) - 1))) {}
};

/// The three bytes with a sign that kernels multiply with instead of a weight, which is less than
/// two: value = bytes[2] * 2^16 + bytes[1] * 2^8 + bytes[0].
struct WeightBytes {
    std::uint8_t bytes[3];

    explicit WeightBytes(std::int32_t weight) noexcept {
        for (std::uint8_t& byte : bytes) {
            byte = static_cast<std::uint8_t>(weight & 0xff);
            weight = (weight - static_cast<std::int8_t>(byte)) / 256;
        }
    }
};

}  // namespace batchwarp
