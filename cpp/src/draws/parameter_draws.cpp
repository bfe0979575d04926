#include "batchwarp/parameter_draws.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "batchwarp/errors.hpp"

namespace batchwarp {
namespace {

constexpr int signs = 128;  // the number of the first column's sign

double between(const KerasDistribution& from, double u) noexcept {
    return (u * from.span + from.low) * from.factor;
}

double tossed(const KerasDistribution& from, double u) noexcept {
    return u < 0.5 && from.counts ? 1.0 : 0.0;
}

double chosen(const KerasDistribution& from, std::uint64_t value, bool positive) noexcept {
    if (!from.values.empty()) return from.values[2 * value + (positive ? 1 : 0)];
    const auto number = static_cast<double>(value);
    return (positive ? number : -number) * from.factor;
}

// `bits` is a `BitGenerator` or a `MersenneTwister`.
template <class Bits>
double from_stream(const KerasDistribution& from, Bits& bits) {
    switch (from.kind) {
        case KerasDistribution::fixed:
            break;
        case KerasDistribution::uniform:
            return between(from, bits.uniform());
        case KerasDistribution::coin:
            return tossed(from, bits.uniform());
        case KerasDistribution::choice: {
            const std::uint64_t value = bits.below(from.count);
            return chosen(from, value, bits.below(2) == 1);
        }
    }
    return from.low;
}

double by_key(const KerasDistribution& from, double u, double sign) noexcept {
    switch (from.kind) {
        case KerasDistribution::fixed:
            break;
        case KerasDistribution::uniform:
            return between(from, u);
        case KerasDistribution::coin:
            return tossed(from, u);
        case KerasDistribution::choice: {
            const double value = std::floor(u * static_cast<double>(from.count));
            return chosen(from, static_cast<std::uint64_t>(value), sign >= 0.5);
        }
    }
    return from.low;
}

}  // namespace

ParameterDraws::ParameterDraws(std::vector<KerasDistribution> columns) {
    if (columns.size() > signs)
        throw InvalidArgument("`columns` must be at most 128. Received: " +
                              std::to_string(columns.size()));
    for (KerasDistribution& from : columns) {
        const auto column = static_cast<int>(fixed_.size());
        const bool chooses = from.kind == KerasDistribution::choice;
        const bool fits = from.values.empty() || from.values.size() / 2 == from.count;
        if (chooses && (from.count == 0 || !fits || from.values.size() % 2 != 0))
            throw InvalidArgument(
                "`values` of a choice must be `count` pairs, of at least one. "
                "Received: " +
                std::to_string(from.values.size()) + " numbers, count " +
                std::to_string(from.count));
        const bool tosses = from.kind == KerasDistribution::coin;
        fixed_.push_back(tosses ? 0.0 : from.low);
        if (from.kind == KerasDistribution::fixed) continue;
        if (!tosses || from.counts) change_nothing_ = false;
        numbers_.push_back(column);
        numbers_.push_back(signs + column);
        drawn_.push_back({column, std::move(from)});
    }
}

template <class Bits>
void ParameterDraws::from(Bits& bits, std::int64_t count, double* rows) const {
    for (std::int64_t i = 0; i < count; ++i) {
        double* const row = rows == nullptr ? nullptr : rows + i * columns();
        if (row != nullptr) std::ranges::copy(fixed_, row);
        for (const Drawn& drawn : drawn_) {
            const double value = batchwarp::from_stream(drawn.from, bits);
            if (row != nullptr) row[drawn.column] = value;
        }
    }
}

void ParameterDraws::from_stream(const BitGenerator& bits, std::int64_t count, double* rows) const {
    from(bits, count, rows);
}

void ParameterDraws::from_stream(MersenneTwister& bits, std::int64_t count, double* rows) const {
    from(bits, count, rows);
}

void ParameterDraws::by_key(int operation, const std::uint64_t* samples, std::int64_t count,
                            const DrawKey& key, double* rows) const {
    std::vector<double> uniforms(numbers_.size() * static_cast<std::size_t>(count));
    draw_uniform(operation, numbers_, samples, count, key, uniforms.data());
    const double* u = uniforms.data();
    for (std::int64_t i = 0; i < count; ++i) {
        double* const row = rows + i * columns();
        std::ranges::copy(fixed_, row);
        for (const Drawn& drawn : drawn_) {
            row[drawn.column] = batchwarp::by_key(drawn.from, u[0], u[1]);
            u += 2;
        }
    }
}

}  // namespace batchwarp
