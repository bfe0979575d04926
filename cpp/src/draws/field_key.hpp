// A field, or noise, has more random numbers than a row of parameters should hold. A row has a key,
// of two words, and the numbers are Philox's under it.
#pragma once

#include <cstdint>

#include "batchwarp/coordinates.hpp"
#include "batchwarp/philox.hpp"
#include "draws/keyed_numbers.hpp"

namespace batchwarp {

/// Draws the two columns that are the key, from number `first` and the next.
inline void draw_field_key(const KeyedNumbers& number, double* row, int first = 0) noexcept {
    for (int word = 0; word < 2; ++word)
        row[word] = static_cast<double>(number.below(first + word, std::int64_t{1} << 32));
}

/// The key that two columns are.
inline PhiloxKey field_key(const double* row) noexcept {
    constexpr double most = 4294967295.0;
    PhiloxKey key;
    for (int word = 0; word < 2; ++word) {
        const double whole = row[word] > 0 ? row[word] : 0;  // NaN is 0
        key.words[word] = static_cast<std::uint32_t>(whole < most ? whole : most);
    }
    return key;
}

inline void set_field_key(const double* row, Field& field) noexcept {
    const PhiloxKey key = field_key(row);
    field.key[0] = key.words[0];
    field.key[1] = key.words[1];
}

/// What numbers of a field are for.
enum class FieldNumber : std::uint32_t { point, phase, cell };

/// Four random words. The first two words of their counter are `column` and `row`.
inline PhiloxCounter field_words(const Field& field, FieldNumber purpose, std::int64_t row,
                                 std::int64_t column) noexcept {
    return philox({{static_cast<std::uint32_t>(column), static_cast<std::uint32_t>(row),
                    static_cast<std::uint32_t>(purpose), 0}},
                  {{field.key[0], field.key[1]}});
}

/// In [0, 1).
constexpr double unit(std::uint32_t word) noexcept { return word * 0x1p-32; }

/// In [-1, 1).
constexpr double signed_unit(std::uint32_t word) noexcept { return word * 0x1p-31 - 1; }

}  // namespace batchwarp
