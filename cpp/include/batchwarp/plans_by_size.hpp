// Plans for images of many sizes, of which those are kept that were used last.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>

#include "batchwarp/coordinates.hpp"
#include "batchwarp/plan.hpp"

namespace batchwarp {

/// Several threads may look plans up and add others.
class PlansBySize {
  public:
    /// @param most  how many are kept, at least 1
    /// @throws InvalidArgument
    explicit PlansBySize(std::int64_t most);
    PlansBySize(const PlansBySize&) = delete;
    PlansBySize& operator=(const PlansBySize&) = delete;

    /// Takes the place of one for the same size, or of the one that was not used for longest.
    void add(const Plan& plan);
    /// Null if there is none for images of this size.
    std::shared_ptr<const Plan> find(const Size& size) noexcept;

  private:
    struct Kept {
        std::shared_ptr<const Plan> plan;
        std::uint64_t used = 0;
    };
    struct Order {
        bool operator()(const Size& a, const Size& b) const noexcept {
            return a.height != b.height ? a.height < b.height : a.width < b.width;
        }
    };

    std::size_t most_;
    std::mutex mutex_;
    std::map<Size, Kept, Order> plans_;
    std::uint64_t uses_ = 0;
};

}  // namespace batchwarp
