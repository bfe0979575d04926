// Which steps are done to which images.
#pragma once

#include <cstddef>
#include <vector>

#include "batchwarp/draws.hpp"
#include "draws/keyed_numbers.hpp"

namespace batchwarp {

/// @throws InvalidArgument naming what is wrong with a policy, or with the place of a step
void check_policies(const std::vector<Policy>& policies);
void check_where(const char* argument, const Where& where, const std::vector<Policy>& policies,
                 std::size_t before);

/// What the policies of a plan have chosen for the images of a table.
class Choices {
  public:
    explicit Choices(const std::vector<Policy>& policies);

    void draw(NumberTable& numbers) noexcept;

    Images images(const Where& where) const noexcept {
        return where.policy < 0 ? all_ : chosen_[place(where.policy, where.member)];
    }

  private:
    std::size_t place(int policy, int member) const noexcept {
        return first_[static_cast<std::size_t>(policy)] + static_cast<std::size_t>(member);
    }

    const std::vector<Policy>& policies_;
    std::vector<std::size_t> first_;  // of a policy's members, among those of all
    std::vector<Images> chosen_;      // for which each member is
    Images all_ = 0;
};

}  // namespace batchwarp
