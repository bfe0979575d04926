// Which steps are done to an image.
#pragma once

#include <bitset>
#include <cstddef>
#include <vector>

#include "batchwarp/draws.hpp"
#include "draws/keyed_numbers.hpp"

namespace batchwarp {

/// @throws InvalidArgument naming what is wrong with a policy, or with the place of a step
void check_policies(const std::vector<Policy>& policies);
void check_where(const char* argument, const Where& where, const std::vector<Policy>& policies,
                 std::size_t before);

/// What the policies of a plan have chosen for an image.
class Choices {
  public:
    explicit Choices(const std::vector<Policy>& policies)
        : policies_(policies), chosen_(policies.size()) {}

    void draw(const PhiloxKey& key, std::uint64_t sample, std::uint32_t epoch) noexcept;

    bool include(const Where& where) const noexcept {
        return where.policy < 0 || chosen_[static_cast<std::size_t>(where.policy)].test(
                                       static_cast<std::size_t>(where.member));
    }

  private:
    using Members = std::bitset<256>;

    const std::vector<Policy>& policies_;
    std::vector<Members> chosen_;
};

}  // namespace batchwarp
