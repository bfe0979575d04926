// The random numbers of one operation for one image: functions of key, sample, epoch and operation,
// so that it does not matter who asks for which of them, and when.
#pragma once

#include <cstdint>

#include "batchwarp/philox.hpp"

namespace batchwarp {

struct Step;

class KeyedNumbers {
  public:
    /// @param place  where the operation's numbers begin, in the last word of the counter
    KeyedNumbers(const PhiloxKey& key, std::uint64_t sample, std::uint32_t epoch,
                 std::uint32_t place) noexcept
        : key_(key), sample_(sample), epoch_(epoch), place_(place) {}

    /// Uniform in [0, 1).
    double operator()(int number) const noexcept {
        const auto x =
            philox({static_cast<std::uint32_t>(sample_), static_cast<std::uint32_t>(sample_ >> 32),
                    epoch_, place_ + static_cast<std::uint32_t>(number)},
                   key_);
        return static_cast<double>((std::uint64_t{x[1]} << 32 | x[0]) >> 11) * 0x1p-53;
    }

    /// Uniform from `low` to `high`.
    double operator()(int number, double low, double high) const noexcept {
        return low + (high - low) * (*this)(number);
    }

    /// One of 0, 1, ... below `count`.
    std::int64_t below(int number, std::int64_t count) const noexcept {
        return static_cast<std::int64_t>((*this)(number) * static_cast<double>(count));
    }

  private:
    PhiloxKey key_;
    std::uint64_t sample_;
    std::uint32_t epoch_, place_;
};

/// Each parameter from the step's distribution for it.
void draw_by_distributions(const KeyedNumbers& number, const Step& step, double* parameters);

}  // namespace batchwarp
