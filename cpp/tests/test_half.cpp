#include <limits>
#include <vector>

#include "batchwarp/cpu.hpp"
#include "half.hpp"
#include "simd/kernels.hpp"
#include "testing.hpp"

using batchwarp::Half;
using batchwarp::to_float;
using batchwarp::to_half;

TEST(every_half_survives_the_round_trip) {
    for (std::uint32_t bits = 0; bits < 65536; ++bits) {
        const Half half{static_cast<std::uint16_t>(bits)};
        const float value = to_float(half);
        if (std::isnan(value))
            CHECK(std::isnan(to_float(to_half(value))));
        else
            CHECK(to_half(value).bits == half.bits);
    }
}

TEST(known_values) {
    CHECK(to_float(Half{0x3c00}) == 1.0f);
    CHECK(to_float(Half{0xc000}) == -2.0f);
    CHECK(to_float(Half{0x0001}) == 0x1p-24f);
    CHECK(to_float(Half{0x7bff}) == 65504.0f);
    CHECK(std::isinf(to_float(Half{0x7c00})));
    CHECK(to_half(65519.0f).bits == 0x7bff);
    CHECK(to_half(65520.0f).bits == 0x7c00);
    CHECK(to_half(0x1p-25f).bits == 0);  // tie, to even
    CHECK(to_half(std::nextafter(0x1p-25f, 1.0f)).bits == 1);
    CHECK(to_half(1.0f + 0x1p-11f).bits == 0x3c00);      // tie, to even
    CHECK(to_half(1.0f + 3 * 0x1p-11f).bits == 0x3c02);  // tie, to even
    CHECK(to_half(std::numeric_limits<float>::max()).bits == 0x7c00);
}

TEST(rounding_is_to_the_nearest) {
    for (std::uint32_t bits = 0; bits < 0x7bff; ++bits) {
        const float low = to_float(Half{static_cast<std::uint16_t>(bits)});
        const float high = to_float(Half{static_cast<std::uint16_t>(bits + 1)});
        const float middle = low + (high - low) / 2;
        CHECK(to_half(std::nextafter(middle, 0.0f)).bits == bits);
        CHECK(to_half(std::nextafter(middle, 1e6f)).bits == bits + 1);
    }
}

TEST(what_is_no_number_stays_so_with_its_sign) {
    CHECK(to_half(std::numeric_limits<float>::quiet_NaN()).bits == 0x7e00);
    CHECK(to_half(-std::numeric_limits<float>::quiet_NaN()).bits == 0xfe00);
    CHECK(to_half(__builtin_bit_cast(float, 0x7f800001u)).bits == 0x7e00);
    CHECK(to_half(__builtin_bit_cast(float, 0xffc12345u)).bits == 0xfe00);
    CHECK(to_half(-std::numeric_limits<float>::infinity()).bits == 0xfc00);
}

TEST(every_tier_stores_the_same_halves) {
    // All floats of which the lower half is near to where rounding changes.
    std::vector<float> values;
    for (std::uint32_t upper = 0; upper < 65536; ++upper)
        for (const std::uint32_t lower :
             {0x0000u, 0x0001u, 0x0fffu, 0x1000u, 0x1001u, 0x2fffu, 0x3000u, 0x3001u, 0xffffu})
            values.push_back(__builtin_bit_cast(float, upper << 16 | lower));
    for (const std::string& tier : batchwarp::available_tiers()) {
        batchwarp::select_tier(tier);
        // From any place on, any number of them, and none beside these.
        for (const std::size_t count :
             {std::size_t{0}, std::size_t{1}, std::size_t{37}, values.size() - 3}) {
            std::vector<std::uint16_t> halves(count + 1, 0x5555);
            batchwarp::kernels().store_halves(values.data() + 3, static_cast<std::int64_t>(count),
                                              halves.data());
            std::size_t wrong = 0;
            for (std::size_t i = 0; i < count; ++i)
                wrong += halves[i] != to_half(values[i + 3]).bits;
            CHECK(wrong == 0);
            CHECK(halves[count] == 0x5555);
        }
    }
}

int main() { return testing::run_all(); }
