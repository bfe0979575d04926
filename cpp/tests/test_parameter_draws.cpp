// Keras' parameters from a stream, with the standard library's Mersenne Twister in place of
// NumPy's: seeded with an integer they are the same one.
#include "batchwarp/parameter_draws.hpp"

#include <array>
#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

#include "batchwarp/errors.hpp"
#include "testing.hpp"

using namespace batchwarp;
using namespace testing;

namespace {

std::uint32_t word(void* state) {
    return static_cast<std::uint32_t>((*static_cast<std::mt19937*>(state))());
}

std::uint64_t two_words(void* state) {
    const std::uint64_t high = word(state);
    return high << 32 | word(state);
}

double fraction(void* state) {  // 53 bits, as of NumPy's `random_sample`
    const std::uint32_t a = word(state) >> 5, b = word(state) >> 6;
    return (a * 67108864.0 + b) / 9007199254740992.0;
}

BitGenerator bits_of(std::mt19937& random) {
    return {&random, two_words, word, fraction, two_words};
}

KerasDistribution choice(std::uint64_t count, double factor, std::vector<double> values = {}) {
    KerasDistribution made{.kind = KerasDistribution::choice, .factor = factor};
    made.count = count;
    made.values = std::move(values);
    return made;
}

const KerasDistribution fixed{.low = 7};
const KerasDistribution between{
    .kind = KerasDistribution::uniform, .low = -2, .span = 5, .factor = 3};
const KerasDistribution coin{.kind = KerasDistribution::coin};
const KerasDistribution idle_coin{.kind = KerasDistribution::coin, .counts = false};

}  // namespace

TEST(numbers_are_numpys) {
    // numpy.random.RandomState(seed): random_sample(), then five of randint(0, 10),
    // and randint(0, 2**40).
    struct Known {
        std::uint32_t seed;
        double sample;
        std::array<std::uint64_t, 5> below_10;
        std::uint64_t below_2_40;
    };
    const Known known[] = {
        {0u, 0.5488135039273248, {5, 0, 3, 3, 7}, 41332891347},
        {1u, 0.417022004702574, {8, 9, 5, 0, 0}, 554850762700},
        {42u, 0.3745401188473625, {7, 4, 6, 9, 2}, 919372468554},
        {4294967295u, 0.0976320289940138, {7, 4, 0, 6, 9}, 141602949759},
    };
    for (const Known& k : known) {
        std::mt19937 random(k.seed);
        const BitGenerator bits = bits_of(random);
        CHECK(bits.uniform() == k.sample);
        for (const std::uint64_t expected : k.below_10) CHECK(bits.below(10) == expected);
        CHECK(bits.below(std::uint64_t{1} << 40) == k.below_2_40);
    }
}

TEST(nothing_is_taken_where_there_is_no_choice) {
    std::mt19937 random(3), same(3);
    CHECK(bits_of(random).below(1) == 0);
    CHECK(random == same);
}

TEST(all_that_can_be_chosen_is) {
    std::mt19937 random(5);
    const BitGenerator bits = bits_of(random);
    for (const std::uint64_t count : {2u, 3u, 5u, 8u, 9u}) {
        std::vector<int> seen(count);
        for (int i = 0; i < 4000; ++i) ++seen[bits.below(count)];
        for (const int times : seen) CHECK_NEAR(times * static_cast<int>(count), 4000, 800);
    }
}

TEST(columns_are_drawn_in_their_order) {
    const ParameterDraws draws(
        {fixed, between, idle_coin, coin, choice(3, 2), fixed, choice(2, 1, {-0.5, 0.5, -4, 4})});
    CHECK(draws.columns() == 7);
    CHECK(!draws.change_nothing());
    std::mt19937 random(11), same(11);
    constexpr std::int64_t count = 50;
    std::vector<double> rows(count * 7);
    draws.from_stream(bits_of(random), count, rows.data());
    const BitGenerator bits = bits_of(same);
    for (std::size_t i = 0; i < rows.size(); i += 7) {
        CHECK(rows[i] == 7);
        CHECK(rows[i + 1] == (bits.uniform() * 5 + -2) * 3);
        bits.uniform();
        CHECK(rows[i + 2] == 0);
        CHECK(rows[i + 3] == (bits.uniform() < 0.5 ? 1 : 0));
        const double whole = static_cast<double>(bits.below(3)) * (bits.below(2) == 1 ? 1 : -1);
        CHECK(rows[i + 4] == whole * 2);
        CHECK(rows[i + 5] == 7);
        const double value = bits.below(2) == 1 ? 4 : 0.5;
        CHECK(rows[i + 6] == (bits.below(2) == 1 ? value : -value));
    }
    CHECK(random == same);
}

TEST(numbers_are_taken_where_nothing_changes) {
    const ParameterDraws draws({fixed, idle_coin, idle_coin});
    CHECK(draws.change_nothing());
    std::mt19937 random(2), same(2);
    draws.from_stream(bits_of(random), 5, nullptr);
    same.discard(5 * 2 * 2);
    CHECK(random == same);
}

TEST(numbers_of_a_key_are_two_for_each_column) {
    const std::vector<std::uint64_t> samples = {3, 1u << 31, 5};
    constexpr int operation = 0x7fff;
    const DrawKey key{9, 4};
    const ParameterDraws draws({between, fixed, coin, choice(5, 1)});
    std::vector<double> rows(samples.size() * 4), u(samples.size() * 4);
    draws.by_key(operation, samples.data(), 3, key, rows.data());
    const std::array numbers = {0, 2, 3, 131};
    draw_uniform(operation, numbers, samples.data(), 3, key, u.data());
    for (std::size_t i = 0; i < rows.size(); i += 4) {
        CHECK(rows[i] == (u[i] * 5 + -2) * 3);
        CHECK(rows[i + 1] == 7);
        CHECK(rows[i + 2] == (u[i + 1] < 0.5 ? 1 : 0));
        const double whole = std::floor(u[i + 2] * 5);
        CHECK(rows[i + 3] == (u[i + 3] < 0.5 ? -whole : whole));
    }
}

TEST(what_cannot_be_drawn_is_refused) {
    const auto refused = [](const KerasDistribution& column) {
        return throws<InvalidArgument>([&] { ParameterDraws({column}); });
    };
    CHECK(refused(choice(0, 1)));
    CHECK(refused(choice(2, 1, {-1, 1})));
    CHECK(refused(choice(1, 1, {-1, 1, 3})));
    CHECK(!refused(choice(1, 1, {-1, 1})));
    CHECK(throws<InvalidArgument>(
        [] { ParameterDraws(std::vector<KerasDistribution>(129, fixed)); }));
}

int main() { return testing::run_all(); }
