// What recipes draw: Random123's vectors, distributions, policies, and the operations that have a
// rule of their own.
#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <numeric>
#include <random>
#include <utility>

#include "batchwarp/cpu.hpp"
#include "batchwarp/draws.hpp"
#include "batchwarp/errors.hpp"
#include "batchwarp/philox.hpp"
#include "batchwarp/plan.hpp"
#include "draws/keyed_numbers.hpp"
#include "simd/kernels.hpp"
#include "testing.hpp"

using namespace batchwarp;

namespace {

using Rows = std::vector<std::vector<double>>;

struct Vector {
    PhiloxCounter counter;
    PhiloxKey key;
    PhiloxCounter expected;
};
constexpr std::uint32_t ones = 0xffffffff;
constexpr Vector random123[] = {
    {{{0, 0, 0, 0}}, {{0, 0}}, {{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}}},
    {{{ones, ones, ones, ones}},
     {{ones, ones}},
     {{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}}},
    {{{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}},
     {{0xa4093822, 0x299f31d0}},
     {{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}}}};

double uniform(const PhiloxCounter& x) {
    const std::uint64_t bits = std::uint64_t{x.words[1]} << 32 | x.words[0];
    return std::ldexp(static_cast<double>(bits >> 11), -53);
}

/// Those of an operation for an image, one by one.
class Numbers {
  public:
    Numbers(PhiloxKey key, std::uint64_t sample, std::uint32_t epoch, std::uint32_t place)
        : key_(key),
          counter_{{static_cast<std::uint32_t>(sample), static_cast<std::uint32_t>(sample >> 32),
                    epoch, place}} {}

    double operator()(int number) const {
        PhiloxCounter counter = counter_;
        counter.words[3] += static_cast<std::uint32_t>(number);
        return uniform(philox(counter, key_));
    }

  private:
    PhiloxKey key_;
    PhiloxCounter counter_;
};

Rows draw(const Plan& plan, std::int64_t count, const DrawKey& key = {7, 3}) {
    std::vector<std::uint64_t> samples(static_cast<std::size_t>(count));
    std::iota(samples.begin(), samples.end(), std::uint64_t{0});
    const std::size_t columns = plan.columns().size();
    std::vector<double> flat(samples.size() * columns);
    draw_rows(plan, samples.data(), count, key, flat.data());
    Rows rows;
    for (auto at = flat.begin(); at != flat.end(); at += static_cast<std::ptrdiff_t>(columns))
        rows.emplace_back(at, at + static_cast<std::ptrdiff_t>(columns));
    return rows;
}

/// Steps that are drawn from [1, 2] each, and so are not neutral where they are done.
PlanOptions recipe(std::vector<Where> where, std::vector<Policy> policies) {
    PlanOptions o{.height = 8, .width = 10, .channels = 3, .steps = {}};
    for (std::size_t i = 0; i < where.size(); ++i)
        o.steps.push_back({"rotate90", {{"turns", {1, 2, 3}}}});
    o.width = 8;
    o.where = std::move(where);
    o.policies = std::move(policies);
    return o;
}

std::string refusal(const PlanOptions& options) {
    std::string message;
    CHECK(testing::throws<InvalidArgument>([&] { Plan plan(options); }, &message));
    return message;
}

bool says(const std::string& message, const std::string& part) {
    return message.find(part) != std::string::npos;
}

}  // namespace

TEST(philox_is_that_of_random123) {
    for (const auto& [counter, key, expected] : random123) CHECK(philox(counter, key) == expected);
}

TEST(uniforms_are_made_of_words_in_this_order_in_every_tier) {
    std::mt19937 random(3);
    const auto word = [&] { return static_cast<std::uint32_t>(random()); };
    for (const std::string& tier : available_tiers()) {
        select_tier(tier);
        for (const auto& [counter, key, expected] : random123) {
            const auto& x = counter.words;
            double u = 0;
            kernels().uniforms(key, &x[0], &x[1], x[2], x[3], 1, &u);
            CHECK(u == uniform(expected));
        }
        for (const std::size_t count : {1U, 7U, 8U, 9U, 16U, 31U, 32U, 33U, 64U, 65U, 130U}) {
            const PhiloxKey key{{word(), word()}};
            const std::uint32_t epoch = word(), place = word();
            std::vector<std::uint32_t> low(count), high(count);
            std::ranges::generate(low, word);
            std::ranges::generate(high, word);
            std::vector<double> to(count + 1, -1);
            kernels().uniforms(key, low.data(), high.data(), epoch, place,
                               static_cast<std::int64_t>(count), to.data());
            for (std::size_t i = 0; i < count; ++i)
                CHECK(to[i] == uniform(philox({{low[i], high[i], epoch, place}}, key)));
            CHECK(to[count] == -1);
        }
    }
}

TEST(numbers_are_those_of_their_image) {
    std::vector<std::uint64_t> samples;
    for (std::uint64_t i = 0; i < 29; ++i) samples.push_back(i * 0x123456789abcdef);
    NumberTable table({std::uint64_t{1} << 32 | 7, 3});
    table.take(samples.data(), 29);
    CHECK(table.all() == 0x1fffffff);
    for (const Images images : {table.all(), Images{1}, Images{0x10000000}, Images{0x0a5501f0}}) {
        Images seen = 0;
        table.each(4 << 16 | 512, images, [&](int image, const KeyedNumbers& number) {
            seen |= Images{1} << image;
            const Numbers expected({{7, 1}}, samples[static_cast<std::size_t>(image)], 3,
                                   4 << 16 | 512);
            for (const int k : {7, 0, 255, 7}) CHECK(number(k) == expected(k));
            CHECK(number(7, 2, 6) == 2 + 4 * expected(7));
            CHECK(number.below(7, 1000) == static_cast<std::int64_t>(1000 * expected(7)));
        });
        CHECK(seen == images);
    }
}

TEST(uniform_rows_are_of_their_samples) {
    std::vector<std::uint64_t> samples(70);
    std::iota(samples.begin(), samples.end(), std::uint64_t{5});
    const int numbers[] = {3, 0, 255};
    std::vector<double> rows(3 * samples.size());
    draw_uniform(9, numbers, samples.data(), std::ssize(samples), {7, 3}, rows.data());
    for (std::size_t i = 0; i < rows.size(); ++i)
        CHECK(rows[i] == Numbers({{7, 0}}, samples[i / 3], 3, 9 << 16)(numbers[i % 3]));
}

TEST(distributions_have_steps_and_two_sides) {
    CHECK(drawn({1, 2, 6}, 0.25) == 4);
    CHECK(drawn({0, 3, 9, 1}, 0.9) == 3);
    // Four steps: 0, 1/3, 2/3, 1.
    CHECK(drawn({0, 0, 3, 4}, 0.24) == 0);
    CHECK(drawn({0, 0, 3, 4}, 0.26) == 1);
    CHECK(drawn({0, 0, 3, 4}, 0.99) == 3);
    CHECK(drawn({1, 0, 4, 0, true}, 0.125) == 0);
    CHECK(drawn({1, 0, 4, 0, true}, 0.625) == 2);
    CHECK(drawn({1, 5, 5, 1, true}, 0.49) == -4);
    CHECK(drawn({1, 5, 5, 1, true}, 0.5) == 6);
}

TEST(columns_are_drawn_from_their_distributions) {
    PlanOptions o{.height = 8, .width = 8, .channels = 3};
    std::vector<Distribution> draws;
    for (int k = 0; k < 6; ++k) draws.push_back({0, 1.0 + k, 2.0 + k});
    o.steps = {{"flip"}, {"affine", {}, draws}};
    o.where = {{-1, 0, -1, 0}, {-1, 0, 9, 256}};
    const Rows rows = draw(Plan(o), 5, {std::uint64_t{9} << 32 | 4, 6});
    for (std::uint32_t i = 0; i < 5; ++i) {
        CHECK(rows[i][0] == 0 && rows[i][1] == 0);  // nobody draws it
        const Numbers number({{4, 9}}, i, 6, 9 << 16 | 256);
        for (int k = 0; k < 6; ++k)
            CHECK(rows[i][2 + static_cast<std::size_t>(k)] == 1 + k + number(k));
    }
}

TEST(a_step_is_done_with_its_probability) {
    const Plan plan(
        recipe({{0, 0, 2, 0}}, {{.kind = Policy::p, .where = {-1, 0, 2, 0}, .probability = 0.3}}));
    const Rows rows = draw(plan, 4000);
    int done = 0;
    for (std::uint32_t i = 0; i < 4000; ++i) {
        const bool expected = Numbers({{7, 0}}, i, 3, 2 << 16)(255) < 0.3;
        CHECK((rows[i][0] != 0) == expected);
        done += expected;
    }
    CHECK(done > 1100 && done < 1300);
}

TEST(one_of_some) {
    std::vector<Where> where;
    for (int member = 0; member < 4; ++member) where.push_back({0, member, 1, 256 + 256 * member});
    for (const std::vector<double>& weights : {std::vector<double>{}, {1, 0, 2, 1}}) {
        const Plan plan(recipe(
            where, {{.kind = Policy::one, .where = {-1, 0, 1, 0}, .of = 4, .weights = weights}}));
        std::array<int, 4> counts{};
        const Rows rows = draw(plan, 4000);
        for (std::uint32_t i = 0; i < 4000; ++i) {
            const double u = Numbers({{7, 0}}, i, 3, 1 << 16)(0);
            const int expected = weights.empty() ? static_cast<int>(4 * u)
                                 : u < 0.25      ? 0
                                 : u < 0.75      ? 2
                                                 : 3;
            for (int member = 0; member < 4; ++member) {
                const bool done = rows[i][static_cast<std::size_t>(member)] != 0;
                CHECK(done == (member == expected));
                counts[static_cast<std::size_t>(member)] += done;
            }
        }
        CHECK(weights.empty() ? *std::min_element(counts.begin(), counts.end()) > 900
                              : counts[1] == 0 && counts[2] > 1900);
    }
}

TEST(several_of_some) {
    std::vector<Where> where;
    for (int member = 0; member < 5; ++member) where.push_back({0, member, 1, 256 + 256 * member});
    const Plan plan(recipe(
        where, {{.kind = Policy::some, .where = {-1, 0, 1, 0}, .of = 5, .least = 1, .most = 3}}));
    const Rows rows = draw(plan, 3000);
    std::map<std::ptrdiff_t, int> counts;
    for (std::uint32_t i = 0; i < 3000; ++i) {
        const Numbers number({{7, 0}}, i, 3, 1 << 16);
        std::array<std::size_t, 5> order{0, 1, 2, 3, 4};
        const int count = 1 + static_cast<int>(3 * number(254));
        for (int k = 0; k < count; ++k) {
            const int other = k + static_cast<int>(number(k) * (5 - k));
            std::swap(order[static_cast<std::size_t>(k)], order[static_cast<std::size_t>(other)]);
        }
        for (int k = 0; k < 5; ++k)
            CHECK((rows[i][order[static_cast<std::size_t>(k)]] != 0) == (k < count));
        ++counts[std::count_if(rows[i].begin(), rows[i].end(), [](double v) { return v != 0; })];
    }
    for (const std::ptrdiff_t count : {1, 2, 3}) CHECK(counts[count] > 850);
}

TEST(policies_within_policies) {
    // One of: a step; a group that is done half of the time, and of which one of two is done.
    const Plan plan(recipe({{0, 0, 1, 256}, {2, 0, 1, 768}, {2, 1, 1, 1024}},
                           {{.kind = Policy::one, .where = {-1, 0, 1, 0}, .of = 2},
                            {.kind = Policy::p, .where = {0, 1, 1, 512}, .probability = 0.5},
                            {.kind = Policy::one, .where = {1, 0, 1, 512}, .of = 2}}));
    std::array<int, 4> counts{};
    for (const std::vector<double>& row : draw(plan, 4000)) {
        const std::ptrdiff_t done =
            std::count_if(row.begin(), row.end(), [](double v) { return v != 0; });
        CHECK(done <= 1);
        for (std::size_t k = 0; k < 3; ++k) counts[k] += row[k] != 0;
        counts[3] += done == 0;
    }
    CHECK(counts[0] > 1850 && counts[0] < 2150);
    CHECK(counts[1] > 420 && counts[1] < 580 && counts[2] > 420 && counts[2] < 580);
    CHECK(counts[3] > 900 && counts[3] < 1100);
}

TEST(windows_are_drawn_where_they_fit) {
    PlanOptions o{.height = 20, .width = 30, .channels = 3};
    o.steps = {{"random_crop", {{"height", {18}}, {"width", {31}}, {"padding", {1, 2, 3, 4}}}}};
    o.where = {{-1, 0, 0, 0}};
    double least[2] = {99, 99}, most[2] = {-99, -99};
    for (const std::vector<double>& row : draw(Plan(o), 2000))
        for (std::size_t axis = 0; axis < 2; ++axis) {
            least[axis] = std::min(least[axis], row[axis]);
            most[axis] = std::max(most[axis], row[axis]);
        }
    CHECK(least[0] == -2 && most[0] == 6);  // 26 rows, from -2 on: 9 places
    CHECK(least[1] == -1 && most[1] == 2);

    o.steps = {{"random_resized_crop",
                {{"height", {8}}, {"width", {8}}, {"scale", {0.2, 0.5}}, {"ratio", {0.75, 1.5}}}}};
    for (const std::vector<double>& row : draw(Plan(o), 2000)) {
        CHECK(row[0] >= 0 && row[0] + row[2] <= 20 && row[1] >= 0 && row[1] + row[3] <= 30);
        CHECK(row[2] * row[3] > 0.2 * 600 - 30 && row[2] * row[3] < 0.5 * 600 + 30);
        CHECK(row[3] / row[2] > 0.7 && row[3] / row[2] < 1.6);
    }
    // Nothing fits: torchvision's way out, in the middle and as near to the ratio as there is.
    o.steps[0].settings["scale"] = {3, 4};
    for (const std::vector<double>& row : draw(Plan(o), 10))
        CHECK(row == std::vector<double>({0, 0, 20, 30}));
    o.steps[0].settings["ratio"] = {0.5, 0.8};
    for (const std::vector<double>& row : draw(Plan(o), 10))
        CHECK(row == std::vector<double>({0, 7, 20, 16}));
    o.steps[0].settings["ratio"] = {3, 4};
    for (const std::vector<double>& row : draw(Plan(o), 10))
        CHECK(row == std::vector<double>({5, 0, 10, 30}));

    o.steps = {{"erase", {{"value", {0}}, {"scale", {0.1, 0.3}}, {"ratio", {0.5, 2}}}}};
    for (const std::vector<double>& row : draw(Plan(o), 500)) {
        CHECK(row[0] >= 0 && row[0] + row[2] <= 20 && row[1] >= 0 && row[1] + row[3] <= 30);
        CHECK(row[2] >= 1 && row[3] >= 1);
    }
}

TEST(squares_have_any_pixel_for_their_centre) {
    PlanOptions o = recipe({{-1, 0, 3, 0}}, {});
    o.height = 5;
    o.width = 7;
    for (const auto& [least, most] : {std::pair{4.0, 4.0}, {3.0, 6.0}}) {
        o.steps = {{"erase_square", {{"length", {least, most}}}}};
        std::map<std::pair<double, double>, int> centres;
        std::map<double, int> lengths;
        for (const std::vector<double>& row : draw(Plan(o), 7000)) {
            CHECK(row[2] == row[3]);
            const double before = std::floor(row[2] / 2);
            ++centres[{row[0] + before, row[1] + before}];
            ++lengths[row[2]];
        }
        CHECK(centres.size() == 35 && centres.contains({0, 0}) && centres.contains({4, 6}));
        for (const auto& [centre, count] : centres) CHECK(count > 120 && count < 290);
        CHECK(std::cmp_equal(lengths.size(), std::lrint(most - least + 1)));
        CHECK(lengths.begin()->first == least && lengths.rbegin()->first == most);
    }
}

TEST(grids_begin_anywhere_in_a_unit) {
    PlanOptions o = recipe({{-1, 0, 3, 0}}, {});
    const auto rows = [&o](double least, double most, double ratio) {
        o.steps = {{"erase_grid", {{"length", {least, most}}, {"hole_ratio", {ratio}}}}};
        return draw(Plan(o), 3000);
    };
    std::map<std::pair<double, double>, int> places;
    for (const std::vector<double>& row : rows(5, 5, 0.5)) {
        CHECK(row[2] == 5 && row[3] == 2);
        ++places[{row[0], row[1]}];
    }
    CHECK(places.size() == 25 && places.contains({0, 0}) && places.contains({4, 4}));
    for (const auto& [place, count] : places) CHECK(count > 60 && count < 190);
    std::map<double, double> holes;
    for (const std::vector<double>& row : rows(2, 9, 0.4)) holes[row[2]] = row[3];
    CHECK(holes == (std::map<double, double>{
                       {2, 1}, {3, 1}, {4, 1}, {5, 2}, {6, 2}, {7, 2}, {8, 3}, {9, 3}}));
    for (const std::vector<double>& row : rows(4, 4, 0.99)) CHECK(row[3] == 3);
}

TEST(holes_are_of_whole_pixels) {
    PlanOptions o = recipe({{-1, 0, 3, 0}}, {});
    const auto with = [&o](const char* name, std::vector<double> length, double ratio) {
        o.steps = {{name, {{"length", std::move(length)}}}};
        if (o.steps[0].operation == "erase_grid") o.steps[0].settings["hole_ratio"] = {ratio};
        return refusal(o);
    };
    CHECK(
        says(with("erase_square", {0, 3}, 0), "`length` must be two whole numbers of at least 1"));
    CHECK(says(with("erase_square", {4, 3}, 0), "Received: 4, 3"));
    CHECK(says(with("erase_square", {4.5, 6}, 0), "Received: 4.5, 6"));
    CHECK(says(with("erase_square", {4}, 0), "`length`"));
    CHECK(
        says(with("erase_grid", {1, 3}, 0.5), "`length` must be two whole numbers of at least 2"));
    CHECK(says(with("erase_grid", {2, 3}, 1), "`hole_ratio` must be above 0 and below 1"));
    CHECK(says(with("erase_grid", {2, 3}, std::nan("")), "`hole_ratio`"));
}

TEST(samples_epochs_and_seeds_differ_and_come_again) {
    const Plan plan(recipe({{-1, 0, 0, 0}, {-1, 0, 1, 0}}, {}));
    const Rows all = draw(plan, 200);
    CHECK(all == draw(plan, 200));
    CHECK(all != draw(plan, 200, {7, 4}) && all != draw(plan, 200, {8, 3}));
    CHECK(all != draw(plan, 200, {7 + (std::uint64_t{1} << 32), 3}));
    const std::uint64_t one[] = {150};
    std::vector<double> alone(plan.columns().size());
    draw_rows(plan, one, 1, {7, 3}, alone.data());
    CHECK(alone == all[150]);
}

TEST(wrong_recipes_are_refused) {
    const Policy p{.kind = Policy::p, .where = {-1, 0, 0, 0}, .probability = 0.5};
    const Policy one{.kind = Policy::one, .where = {-1, 0, 0, 0}, .of = 2};
    const auto with = [](Policy policy, auto&& change) {
        change(policy);
        return std::vector<Policy>{policy};
    };
    const std::vector<Where> where{{0, 0, 0, 0}};
    CHECK(says(refusal(recipe({{1, 0, 0, 0}}, {p})), "`where` must name policies from -1 to 0"));
    CHECK(says(refusal(recipe({{0, 1, 0, 0}}, {p})), "members from 0 to 0"));
    CHECK(says(refusal(recipe({{0, 0, 65536, 0}}, {p})), "operations"));
    CHECK(says(refusal(recipe({{0, 0, 0, 255}}, {p})), "multiples of 256"));
    CHECK(says(refusal(recipe(where, with(p, [](Policy& b) { b.where.policy = 0; }))),
               "`policies` must name policies from -1 to -1"));
    CHECK(says(refusal(recipe(where, with(p, [](Policy& b) { b.probability = 1.5; }))),
               "Received: 1.5"));
    CHECK(says(refusal(recipe(where, with(one, [](Policy& b) { b.of = 0; }))), "`of`"));
    CHECK(says(refusal(recipe(where, with(one, [](Policy& b) { b.weights = {1}; }))),
               "one for each member"));
    CHECK(says(refusal(recipe(where, with(one, [](Policy& b) { b.weights = {1, -1}; }))),
               "not negative"));
    CHECK(says(refusal(recipe(where, with(one, [](Policy& b) { b.weights = {0, 0}; }))),
               "a sum above 0"));
    CHECK(says(refusal(recipe(where, with(one,
                                          [](Policy& b) {
                                              b.least = 3;
                                              b.most = 3;
                                          }))),
               "`least` and `most`"));

    PlanOptions o = recipe(where, {p});
    o.where.push_back({});
    CHECK(says(refusal(o), "`where` must have one item for each"));
    o = recipe(where, {p});
    o.steps = {{"crop", {{"height", {2}}, {"width", {2}}}}};
    CHECK(says(refusal(o), "`crop` must be done to every image"));
    o.steps = {{"affine"}};
    CHECK(says(refusal(o), "`draws` of `affine` must be one for each of its 6 columns"));
    o.steps = {{"affine", {}, {{0, 1, 2}}}};
    CHECK(says(refusal(o), "Received: 1"));
    o.steps = {{"affine", {}, std::vector<Distribution>(6, {0, 0, NAN})}};
    CHECK(says(refusal(o), "finite"));
    o.steps = {{"affine", {}, std::vector<Distribution>(6, {0, 0, 1})}};
    CHECK(says(refusal(o), "zoom"));
    o.steps = {{"flip", {{"horizontal", {1.5}}}}};
    CHECK(says(refusal(o), "`horizontal` must be from 0 to 1"));
    o.where = {{-1, 0, 0, 0}};
    o.steps = {{"random_resized_crop",
                {{"height", {8}}, {"width", {8}}, {"scale", {0.5, 0.2}}, {"ratio", {1, 1}}}}};
    CHECK(says(refusal(o), "`scale`"));
}

int main() { return testing::run_all(); }
