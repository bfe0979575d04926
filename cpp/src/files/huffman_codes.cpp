#include "files/huffman_codes.hpp"

#include <algorithm>
#include <cstring>

namespace batchwarp {

namespace {

constexpr HuffmanCodes::Found packed(int number, int step, int bits) noexcept {
    return static_cast<std::uint32_t>(number) << 16 | static_cast<std::uint32_t>(step) << 8 |
           static_cast<std::uint32_t>(bits);
}

}  // namespace

int HuffmanCodes::step_of(int symbol) const noexcept {
    if (kind_ == Kind::mean) return 0;
    constexpr int sixteen_zeros = 0xF0;
    return (symbol & 15) == 0 && symbol != sixteen_zeros ? no_more : (symbol >> 4) + 1;
}

void HuffmanCodes::put(int code, int length, int symbol) noexcept {
    const int size = symbol & 15, rest = looked_at - length, step = step_of(symbol);
    Found* const to = found_ + (code << rest);
    if (size > rest) {
        std::fill_n(to, 1 << rest, packed(size, step, length) | is_part);
        return;
    }
    const int each = 1 << (rest - size);
    for (int bits = 0; bits < 1 << size; ++bits) {
        const int number = size == 0 ? 0 : extended(bits, size);
        std::fill_n(to + bits * each, each, packed(number, step, length + size));
    }
}

bool HuffmanCodes::assign(const JHUFF_TBL* table, Kind kind) noexcept {
    if (table == nullptr) return false;
    if (kind == kind_ && std::equal(counts_ + 1, counts_ + longest_code + 1, table->bits + 1) &&
        std::equal(symbols_, symbols_ + 256, table->huffval))
        return valid_;
    kind_ = kind;
    valid_ = false;
    std::copy_n(table->bits + 1, longest_code, counts_ + 1);
    std::copy_n(table->huffval, 256, symbols_);
    std::ranges::fill(found_, is_part);
    int code = 0, symbol = 0;
    for (int length = 1; length <= longest_code; ++length, code <<= 1) {
        first_[length] = symbol - code;
        const int count = counts_[length];
        if (symbol + count > 256 || code + count >= 1 << length) return false;
        for (int i = 0; i < count; ++i, ++code, ++symbol) {
            const int most = kind == Kind::mean ? 11 : 10;
            const int value = symbols_[symbol];
            if ((kind == Kind::mean ? value : value & 15) > most) return false;
            if (length <= looked_at) put(code, length, value);
        }
        end_[length] = code;
    }
    valid_ = true;
    return true;
}

std::uint64_t HuffmanCodes::complete(Found part, BitReader& from) const noexcept {
    int length = static_cast<int>(part & (is_part - 1)), size = static_cast<int>(part >> 16),
        step = static_cast<int>(part >> 8 & 255);
    if (length == 0) {
        const auto bits = static_cast<std::int32_t>(from.bits >> (64 - longest_code));
        length = looked_at + 1;
        while (length <= longest_code && bits >> (longest_code - length) >= end_[length]) ++length;
        if (length > longest_code) return none;
        const std::int32_t place = (bits >> (longest_code - length)) + first_[length];
        if (place < 0 || place > 255) return none;
        size = symbols_[place] & 15;
        step = step_of(symbols_[place]);
    }
    from.drop(length);
    const int number = size == 0 ? 0 : extended(from.take(size), size);
    return static_cast<std::uint64_t>(step) << 32 | static_cast<std::uint32_t>(number);
}

}  // namespace batchwarp
