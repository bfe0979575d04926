// The parameters of Keras' augmentation, from a stream of random numbers or by key.
#pragma once

#include <cstdint>
#include <vector>

#include "batchwarp/bit_generator.hpp"
#include "batchwarp/draws.hpp"
#include "batchwarp/mersenne_twister.hpp"

namespace batchwarp {

/// What one of Keras' parameters is drawn from.
struct KerasDistribution {
    enum Kind : unsigned char {
        fixed,    ///< `low`, and no number is taken
        uniform,  ///< (u * span + low) * factor
        coin,     ///< u < 0.5, or 0 if it does not count; the number is taken in any case
        choice,   ///< one of `values`, or an integer below `count` with either sign, * factor
    };

    Kind kind = fixed;
    double low = 0, span = 0, factor = 1;
    bool counts = true;
    std::uint64_t count = 0;  ///< of a choice
    /// Twice as many, each value with either sign, the negative one first; empty for integers.
    std::vector<double> values = {};
};

inline constexpr const char* keras_distribution_names[] = {"fixed", "uniform", "coin", "choice"};

/// The draws of all parameters of an image, in Keras' order.
class ParameterDraws {
  public:
    /// At most 128; two random numbers of a key are for each.
    /// @throws InvalidArgument for more, or a choice of nothing
    explicit ParameterDraws(std::vector<KerasDistribution> columns);

    std::int64_t columns() const noexcept { return static_cast<std::int64_t>(fixed_.size()); }
    /// Whether no image is ever changed. Numbers are taken from a stream all the same.
    bool change_nothing() const noexcept { return change_nothing_; }

    /// Draws a row for each of `count` images, one image after the other.
    /// @param rows  null: the numbers are taken and dropped
    void from_stream(const BitGenerator& bits, std::int64_t count, double* rows) const;
    void from_stream(MersenneTwister& bits, std::int64_t count, double* rows) const;

    /// Draws a row for each of some samples: parameter k from the number k of `operation`, and the
    /// sign of a choice from the number 128 + k.
    void by_key(int operation, const std::uint64_t* samples, std::int64_t count, const DrawKey& key,
                double* rows) const;

  private:
    struct Drawn {
        int column;
        KerasDistribution from;
    };

    template <class Bits>
    void from(Bits& bits, std::int64_t count, double* rows) const;

    std::vector<double> fixed_;  // a row in which nothing is drawn
    std::vector<Drawn> drawn_;
    std::vector<int> numbers_;  // of a key: two for each of these
    bool change_nothing_ = true;
};

}  // namespace batchwarp
