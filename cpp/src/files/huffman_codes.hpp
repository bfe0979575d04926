// The Huffman codes of JPEG files (ITU-T T.81, annexes C and F), looked up by many bits at once.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

#include "files/libjpeg.hpp"

namespace batchwarp {

/// Bits of a file, of which the next one is the highest of `bits`.
struct BitReader {
    std::uint64_t bits = 0;
    int count = 0;                       ///< of those that are there
    const std::uint8_t* next = nullptr;  ///< what follows; the first of them may be there already

    /// The first one is the highest.
    static std::uint64_t eight_bytes(const std::uint8_t* from) noexcept {
        std::uint64_t bytes;
        std::memcpy(&bytes, from, sizeof bytes);
        if constexpr (std::endian::native == std::endian::little) bytes = __builtin_bswap64(bytes);
        return bytes;
    }
    void drop(int some) noexcept {
        bits <<= some;
        count -= some;
    }
    int take(int some) noexcept {  // 1 at least
        const auto taken = static_cast<int>(bits >> (64 - some));
        drop(some);
        return taken;
    }
};

/// A code stands for how many zeros come before a number, and how many bits that has. Where both,
/// the code and the number, are short, one look finds all of it.
class HuffmanCodes {
  public:
    static constexpr int looked_at = 10;     // bits
    static constexpr int longest_code = 16;  // bits
    static constexpr int no_more = 128;      // what the code that ends a block steps over

    enum class Kind : std::uint8_t { mean, others };  // of a block

    /// What is found under some bits: from the lowest bits up, 8 of how many bits it has, 8 of the
    /// step to the place of the number from that of the one before, and the number. `is_part`: the
    /// bits are those of the code, and the number is how many follow.
    using Found = std::uint32_t;
    static constexpr Found is_part = 0x80;
    static constexpr std::uint64_t none = ~std::uint64_t{0};

    /// Reads a table, unless it is the one that it has; false if it is none, or has codes for
    /// numbers that no image makes.
    bool assign(const JHUFF_TBL* table, Kind kind) noexcept;

    Found at(std::uint64_t bits) const noexcept { return found_[bits >> (64 - looked_at)]; }
    /// For what is only a part: the step in the upper half, the number in the lower one. `none` if
    /// the bits are no code.
    std::uint64_t complete(Found part, BitReader& from) const noexcept;

    /// The number that some bits stand for; the first of them says whether it is above 0.
    static int extended(int bits, int count) noexcept {
        return bits < 1 << (count - 1) ? bits - (1 << count) + 1 : bits;
    }

  private:
    int step_of(int symbol) const noexcept;
    void put(int code, int length, int symbol) noexcept;

    Kind kind_ = Kind::mean;
    bool valid_ = false;
    std::uint8_t counts_[longest_code + 1] = {}, symbols_[256] = {};  // what was assigned
    std::int32_t end_[longest_code + 1] = {};    // one past the last code of a length
    std::int32_t first_[longest_code + 1] = {};  // from a code of a length to its symbol
    Found found_[1 << looked_at] = {};
};

}  // namespace batchwarp
