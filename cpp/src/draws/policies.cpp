#include "draws/policies.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "runtime/refuse.hpp"

namespace batchwarp {
namespace {

constexpr int most_members = 255;

// With what `number` stands for among the weights of the members.
int weighted(const std::vector<double>& weights, double number) noexcept {
    const double total = std::accumulate(weights.begin(), weights.end(), 0.0);
    double sum = 0;
    for (std::size_t i = 0; i + 1 < weights.size(); ++i) {
        sum += weights[i];
        if (number < sum / total) return static_cast<int>(i);
    }
    return static_cast<int>(weights.size()) - 1;
}

// Calls `choose` with the first of a shuffle.
template <class Choose>
void choose_some(const Policy& policy, const KeyedNumbers& number, Choose&& choose) noexcept {
    unsigned char order[most_members];
    std::iota(order, order + policy.of, static_cast<unsigned char>(0));
    const int span = policy.most - policy.least + 1;
    const int count =
        // NOLINTNEXTLINE(readability-suspicious-call-argument)
        policy.least + (span > 1 ? static_cast<int>(number.below(number_of_count, span)) : 0);
    for (int i = 0; i < count; ++i) {
        std::swap(order[i], order[i + number.below(i, policy.of - i)]);
        choose(order[i]);
    }
}

}  // namespace

Policy::Kind policy_kind_from_name(std::string_view name) {
    return from_name<Policy::Kind>("kind", name, policy_names);
}

void check_where(const char* argument, const Where& where, const std::vector<Policy>& policies,
                 std::size_t before) {
    if (where.policy < -1 || std::cmp_greater_equal(where.policy, before))
        refuse("`", argument, "` must name policies from -1 to ", static_cast<int>(before) - 1,
               " here. Received: ", where.policy);
    const int members = where.policy < 0 ? 1 : policies[static_cast<std::size_t>(where.policy)].of;
    if (where.member < 0 || where.member >= members)
        refuse("`", argument, "` must name members from 0 to ", members - 1,
               " here. Received: ", where.member);
    if (where.operation < -1 || where.operation > 0xffff)
        refuse("`", argument,
               "` must name operations from -1 to 65535. Received: ", where.operation);
    if (where.number < 0 || where.number > 0xff00 || where.number % 256 != 0)
        refuse("`", argument,
               "` must name numbers that are multiples of 256 below 65536. "
               "Received: ",
               where.number);
}

void check_policies(const std::vector<Policy>& policies) {
    for (std::size_t i = 0; i < policies.size(); ++i) {
        const Policy& policy = policies[i];
        check_where("policies", policy.where, policies, i);
        if (policy.where.operation < 0)
            refuse("`policies` must name operations from 0 to 65535. Received: -1");
        if (!is_probability(policy.probability))
            refuse("`p` of `policies` must be from 0 to 1. Received: ", policy.probability);
        if (policy.of < 1 || policy.of > most_members)
            refuse("`of` of `policies` must be from 1 to ", most_members,
                   ". Received: ", policy.of);
        if (policy.least < 0 || policy.least > policy.most ||
            policy.most > std::min(policy.of, number_of_count))
            refuse(
                "`least` and `most` of `policies` must be from 0 to the number of members, the "
                "smaller one first. Received: ",
                policy.least, " and ", policy.most, " of ", policy.of);
        if (policy.weights.empty()) continue;
        if (std::cmp_not_equal(policy.weights.size(), policy.of))
            refuse("`weights` of `policies` must be one for each member. Received: ",
                   policy.weights.size(), " of ", policy.of);
        double total = 0;
        for (const double weight : policy.weights) {
            if (!(weight >= 0) || !std::isfinite(weight))
                refuse("`weights` of `policies` must be finite and not negative. Received: ",
                       weight);
            total += weight;
        }
        if (!std::isfinite(total) || total == 0)
            refuse("`weights` of `policies` must have a sum above 0. Received: ", total);
    }
}

Choices::Choices(const std::vector<Policy>& policies) : policies_(policies) {
    std::size_t members = 0;
    for (const Policy& policy : policies) {
        first_.push_back(members);
        members += static_cast<std::size_t>(policy.of);
    }
    chosen_.resize(members);
}

void Choices::draw(NumberTable& numbers) noexcept {
    all_ = numbers.all();
    std::ranges::fill(chosen_, Images{0});
    for (std::size_t i = 0; i < policies_.size(); ++i) {
        const Policy& policy = policies_[i];
        Images* const members = chosen_.data() + first_[i];
        numbers.each(
            policy.where.counter(), images(policy.where),
            [&](int image, const KeyedNumbers& number) {
                const auto choose = [&](auto member) { members[member] |= Images{1} << image; };
                switch (policy.kind) {
                    case Policy::p:
                        if (number(number_of_p) < policy.probability) choose(0);
                        break;
                    case Policy::one:
                        choose(policy.weights.empty() ? static_cast<int>(number.below(0, policy.of))
                                                      : weighted(policy.weights, number(0)));
                        break;
                    case Policy::some:
                        choose_some(policy, number, choose);
                        break;
                }
            });
    }
}

}  // namespace batchwarp
