// The random numbers of operations: functions of key, sample, epoch and operation, so that it does
// not matter who asks for which of them, and when.
#pragma once

#include <bit>
#include <bitset>
#include <cstdint>

#include "batchwarp/draws.hpp"
#include "batchwarp/philox.hpp"

namespace batchwarp {

class KeyedNumbers;

/// Some images of those that are drawn for at a time: a bit for each.
using Images = std::uint32_t;

/// The numbers of one operation after the other, for some images. A vector has those of many
/// images for the price of one: who asks for a number of one image has it made for all.
class NumberTable {
  public:
    static constexpr int most = 32;  // images

    explicit NumberTable(const DrawKey& key);

    /// From now on about these samples, up to `most`.
    void take(const std::uint64_t* samples, std::int64_t count) noexcept;
    Images all() const noexcept { return all_; }

    /// From now on about the numbers of one operation, for these images.
    /// @param place  where the numbers begin, in the last word of the counter
    void turn_to(std::uint32_t place, Images images) noexcept;
    /// Those of all these images.
    const double* operator()(int number) noexcept {
        if (!made_[static_cast<std::size_t>(number)]) make(number);
        return values_ + std::int64_t{number} * most;
    }
    /// Turns to an operation, and calls `visit` with each image and its numbers.
    template <class Visit>
    void each(std::uint32_t place, Images images, Visit&& visit);

  private:
    struct Samples {
        std::uint32_t low[most], high[most];
    };

    void make(int number) noexcept;

    PhiloxKey key_;
    std::uint32_t epoch_, place_ = 0;
    Images all_ = 0;
    Samples taken_{}, picked_{};
    const Samples* samples_ = &taken_;  // those whose numbers are asked for, one after the other
    int count_ = 0;                     // of them
    std::bitset<number_of_p + 1> made_;
    double* values_;  // `most` of each number
};

/// Those of one image.
class KeyedNumbers {
  public:
    /// Uniform in [0, 1).
    double operator()(int number) const noexcept { return table_(number)[image_]; }

    /// Uniform from `low` to `high`.
    double operator()(int number, double low, double high) const noexcept {
        return low + (high - low) * (*this)(number);
    }

    /// One of 0, 1, ... below `count`.
    std::int64_t below(int number, std::int64_t count) const noexcept {
        return static_cast<std::int64_t>((*this)(number) * static_cast<double>(count));
    }

  private:
    friend NumberTable;

    KeyedNumbers(NumberTable& table, int image) noexcept : table_(table), image_(image) {}

    NumberTable& table_;
    int image_;  // among those that the table has numbers of
};

template <class Visit>
void NumberTable::each(std::uint32_t place, Images images, Visit&& visit) {
    if (images == 0) return;
    turn_to(place, images);
    for (int i = 0; i < count_; ++i, images &= images - 1)
        visit(std::countr_zero(images), KeyedNumbers(*this, i));
}

}  // namespace batchwarp
