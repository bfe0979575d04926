// The generator of a batch's seed, compared with the standard library's, which is NumPy's when it
// is seeded with an integer, and orders with those that `numpy.random.RandomState` gives.
#include "batchwarp/mersenne_twister.hpp"

#include <atomic>
#include <cstdint>
#include <random>
#include <thread>
#include <vector>

#include "batchwarp/parameter_draws.hpp"
#include "testing.hpp"

using namespace batchwarp;
using namespace testing;

namespace {

constexpr std::uint32_t seeds[] = {0u, 1u, 5489u, 0x7fffffffu, 0x80000000u, 0xffffffffu};

std::vector<std::int64_t> order_of(std::uint32_t seed, std::int64_t count) {
    MersenneTwister twister(seed);
    std::vector<std::int64_t> order(static_cast<std::size_t>(count));
    permute(twister.bits(), count, order.data());
    return order;
}

}  // namespace

TEST(words_are_those_of_the_standard_library) {
    for (const std::uint32_t seed : seeds) {
        std::mt19937 expected(seed);
        MersenneTwister twister(seed);
        bool same = true;
        for (int i = 0; i < 5000; ++i) same &= twister.next_uint32() == expected();
        CHECK(same);
    }
}

TEST(seeds_that_follow_each_other_or_do_not_have_their_own_words) {
    SeededTwisters twisters;
    std::vector<std::uint32_t> asked;
    for (const std::uint32_t step : {1u, 3u, 0u, 0xffffffffu, 0x40000000u})
        for (std::uint32_t i = 0; i < 11; ++i) asked.push_back(0xfffffffau + i * step);
    for (const std::uint32_t seed :
         {7u, 8u, 9u, 10u, 9u, 11u, 12u, 13u, 7u, 1u, 14u, 15u, 16u, 18u})
        asked.push_back(seed);
    for (const std::uint32_t seed : asked) {
        std::mt19937 expected(seed);
        MersenneTwister twister = twisters.of(seed);
        bool same = true;
        for (int i = 0; i < 700; ++i) same &= twister.next_uint32() == expected();
        CHECK(same);
    }
}

TEST(threads_share_seeded_twisters) {
    SeededTwisters twisters;
    std::atomic<int> wrong = 0;
    std::vector<std::thread> threads;
    for (std::uint32_t first = 0; first < 3; ++first)
        threads.emplace_back([&, first] {
            for (std::uint32_t i = 0; i < 200; ++i) {
                const std::uint32_t seed = first + 3 * i;
                wrong += twisters.of(seed).next_uint32() != std::mt19937(seed)();
            }
        });
    for (std::thread& thread : threads) thread.join();
    CHECK(wrong == 0);
}

TEST(other_numbers_are_made_of_words_as_numpy_makes_them) {
    MersenneTwister twister(42);
    CHECK(twister.uniform() == 0.3745401188473625);
    for (const std::uint64_t expected : {7u, 4u, 6u, 9u, 2u}) CHECK(twister.below(10) == expected);
    CHECK(twister.below(std::uint64_t{1} << 40) == 919372468554);
    CHECK(twister.below(1) == 0);
}

TEST(its_bits_are_its_own_numbers) {
    MersenneTwister twister(9), same(9);
    const BitGenerator bits = twister.bits();
    for (int i = 0; i < 1000; ++i) {
        CHECK(bits.next_uint32(bits.state) == same.next_uint32());
        CHECK(bits.uniform() == same.uniform());
        CHECK(bits.next_uint64(bits.state) == same.next_uint64());
        CHECK(bits.next_raw(bits.state) == same.next_uint32());
        CHECK(bits.below(1000) == same.below(1000));
    }
}

TEST(parameters_are_the_same_from_either) {
    const ParameterDraws draws({{.low = 7},
                                {.kind = KerasDistribution::uniform, .low = -2, .span = 5},
                                {.kind = KerasDistribution::coin},
                                {.kind = KerasDistribution::choice, .count = 5}});
    MersenneTwister twister(3), same(3);
    std::vector<double> rows(4000), expected(4000);
    draws.from_stream(twister, 1000, rows.data());
    draws.from_stream(same.bits(), 1000, expected.data());
    CHECK(rows == expected);
    draws.from_stream(twister, 10, nullptr);
    draws.from_stream(same.bits(), 10, nullptr);
    CHECK(twister.next_uint32() == same.next_uint32());
}

TEST(orders_are_numpys) {
    // numpy.random.RandomState(seed).permutation(count)
    CHECK(order_of(5, 0).empty());
    CHECK(order_of(0, 1) == std::vector<std::int64_t>{0});
    CHECK((order_of(1, 2) == std::vector<std::int64_t>{0, 1}));
    CHECK((order_of(42, 10) == std::vector<std::int64_t>{8, 1, 5, 0, 7, 2, 9, 4, 3, 6}));
    CHECK((order_of(0xffffffffu, 10) == std::vector<std::int64_t>{6, 9, 5, 1, 8, 0, 7, 4, 2, 3}));
    CHECK((order_of(7, 16) ==
           std::vector<std::int64_t>{8, 5, 10, 2, 12, 0, 1, 14, 13, 7, 11, 3, 6, 9, 4, 15}));
    // 70,000 are more than 16 bits; the sum is of each one times its place, from 1 on.
    const std::vector<std::int64_t> large = order_of(4, 70000);
    std::int64_t sum = 0, place = 0;
    for (const std::int64_t one : large) sum += one * ++place;
    CHECK(sum == 85836195663294);
    CHECK(large[0] == 60025 && large[3] == 45138 && large[69999] == 11863);
}

int main() { return testing::run_all(); }
