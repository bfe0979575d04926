// How the parameters of images are drawn where a key decides: docs/semantics.md has the numbers.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace batchwarp {

class Plan;

/// What a parameter is drawn from: centre + sign * (low + (high - low) * u).
struct Distribution {
    double centre = 0, low = 0, high = 0;
    int bins = 0;           ///< of u, equally spaced from 0 to 1; 0: u as it is; 1: always 0
    bool mirrored = false;  ///< the upper half of u is for the sign 1, the lower for -1
};

/// The parameter that a uniform number in [0, 1) stands for.
double drawn(const Distribution& distribution, double u) noexcept;

/// The last numbers of a node: whether it is done at all, and how many of its members are.
inline constexpr int number_of_p = 255, number_of_count = 254;

/// Where a step or a policy stands: as which member of which earlier policy, -1: always; and
/// which random numbers are its own, -1: none.
struct Where {
    int policy = -1, member = 0;
    int operation = -1;  ///< 0 to 2^16 - 1
    int number = 0;      ///< where those of its node begin, a multiple of 256 below 2^16

    std::uint32_t counter() const noexcept {
        return static_cast<std::uint32_t>(operation) << 16 | static_cast<std::uint32_t>(number);
    }
};

/// What decides for each image which of its members are done.
struct Policy {
    enum Kind : unsigned char {
        p,     ///< the one that there is, with this probability
        one,   ///< one of them
        some,  ///< `least` to `most` of them
    };

    Kind kind = p;
    Where where;
    double probability = 1;
    int of = 1, least = 1, most = 1;
    std::vector<double> weights = {};  ///< of `one`; empty: each as often as any other
};

/// NaN is none.
constexpr bool is_probability(double value) noexcept { return value >= 0 && value <= 1; }

inline constexpr const char* policy_names[] = {"p", "one", "some"};

constexpr const char* name_of(Policy::Kind kind) noexcept {
    // NOLINTNEXTLINE(clang-analyzer-security.ArrayBound): there are as many names as kinds
    return policy_names[kind];
}

/// @throws InvalidArgument for a name that is not in `policy_names`
Policy::Kind policy_kind_from_name(std::string_view name);

/// A key, and the epoch that it is used for.
struct DrawKey {
    std::uint64_t seed = 0;
    std::uint32_t epoch = 0;
};

/// Draws a row of parameters for each of `count` samples. Steps whose place has no random numbers
/// are neutral.
void draw_rows(const Plan& plan, const std::uint64_t* samples, std::int64_t count,
               const DrawKey& key, double* rows);

/// Uniform numbers in [0, 1) of an operation's own node, a row of `numbers` for each of `count`
/// samples.
void draw_uniform(int operation, std::span<const int> numbers, const std::uint64_t* samples,
                  std::int64_t count, const DrawKey& key, double* rows);

}  // namespace batchwarp
