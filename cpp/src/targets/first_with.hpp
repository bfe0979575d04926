// Looking through many rows for one that hardly ever is there.
#pragma once

#include <algorithm>
#include <cstdint>
#include <type_traits>

namespace batchwarp {

/// The first row of `width` numbers that `is_wrong`, or -1.
///
/// Before that is asked, `may_be` is, of each number and its place in the row, several at once: it
/// may look at numbers as far behind as a row is long, and be mistaken, but not where a row is
/// wrong.
template <std::int64_t width, class T, class MayBe, class IsWrong>
std::int64_t first_with(const T* rows, std::int64_t count, MayBe&& may_be,
                        IsWrong&& is_wrong) noexcept {
    constexpr std::int64_t lanes = 16, group = lanes / width, block = 16 * group;
    static_assert(lanes % width == 0);
    using Flag = std::conditional_t<sizeof(T) == 4, std::int32_t, std::int64_t>;  // a lane's size
    std::int64_t begin = 0;
    while (begin < count) {
        // Whole groups that there is another row behind.
        const std::int64_t whole = (count - begin - 1) / group * group;
        const std::int64_t end = whole > 0 ? begin + std::min(whole, block) : count;
        if (whole > 0) {
            Flag found[lanes] = {};
            for (const T* at = rows + width * begin; at < rows + width * end; at += lanes)
                for (std::int64_t lane = 0; lane < lanes; ++lane)
                    found[lane] |= may_be(at + lane, lane % width) ? 1 : 0;
            Flag any = 0;
            for (const Flag one : found) any |= one;
            if (any == 0) begin = end;
        }
        for (; begin < end; ++begin)
            if (is_wrong(rows + width * begin)) return begin;
    }
    return -1;
}

}  // namespace batchwarp
