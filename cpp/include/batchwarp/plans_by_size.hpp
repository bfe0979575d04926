// Plans for images of many sizes, of which those are kept that were used last.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "batchwarp/coordinates.hpp"
#include "batchwarp/image.hpp"
#include "batchwarp/plan.hpp"

namespace batchwarp {

/// A plan, and what becomes of the numbers that were drawn for an image before its size was known.
struct SizedPlan {
    Plan plan;
    /// Which of these numbers begin the row of the first plan that there is.
    std::vector<std::int64_t> columns;
    /// What each of these is multiplied with, for images of this size.
    std::vector<double> factors;
    /// A plan that is done first, by itself; its row has nothing but such numbers.
    std::optional<Plan> before = {};
    DType between = DType::f32;  ///< of what it makes
};

/// Several threads may look plans up and add others.
class PlansBySize {
  public:
    /// @param most    how many are kept, at least 1
    /// @param params  how many numbers are drawn for an image before its size is known
    /// @throws InvalidArgument
    explicit PlansBySize(std::int64_t most, std::int64_t params = 0);
    PlansBySize(const PlansBySize&) = delete;
    PlansBySize& operator=(const PlansBySize&) = delete;

    /// Takes the place of one for the same size, or of the one that was not used for longest.
    ///
    /// @throws InvalidArgument if there are no such numbers, their row has no place for them, or
    ///         one plan does not begin with the size that the other one ends with
    void add(SizedPlan plan);
    /// Null if there is none for images of this size.
    std::shared_ptr<const SizedPlan> find(const Size& size) noexcept;
    std::int64_t params() const noexcept { return params_; }

  private:
    struct Kept {
        std::shared_ptr<const SizedPlan> plan;
        std::uint64_t used = 0;
    };
    struct Order {
        bool operator()(const Size& a, const Size& b) const noexcept {
            return a.height != b.height ? a.height < b.height : a.width < b.width;
        }
    };

    std::size_t most_;
    std::int64_t params_;
    std::mutex mutex_;
    std::map<Size, Kept, Order> plans_;
    std::uint64_t uses_ = 0;
};

}  // namespace batchwarp
