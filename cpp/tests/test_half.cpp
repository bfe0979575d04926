#include <limits>

#include "half.hpp"
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

int main() { return testing::run_all(); }
