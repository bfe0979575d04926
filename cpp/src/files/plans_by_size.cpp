#include "batchwarp/plans_by_size.hpp"

#include <algorithm>

#include "runtime/refuse.hpp"

namespace batchwarp {

PlansBySize::PlansBySize(std::int64_t most) : most_(static_cast<std::size_t>(most)) {
    if (most < 1) refuse("`most` must be at least 1. Received: ", most);
}

void PlansBySize::add(const Plan& plan) {
    auto shared = std::make_shared<const Plan>(plan);
    const Size size{plan.options().height, plan.options().width};
    const std::scoped_lock lock(mutex_);
    if (plans_.size() >= most_ && !plans_.contains(size)) {
        const auto least = [](const auto& a, const auto& b) {
            return a.second.used < b.second.used;
        };
        plans_.erase(std::ranges::min_element(plans_, least));
    }
    plans_[size] = {std::move(shared), ++uses_};
}

std::shared_ptr<const Plan> PlansBySize::find(const Size& size) noexcept {
    const std::scoped_lock lock(mutex_);
    const auto found = plans_.find(size);
    if (found == plans_.end()) return nullptr;
    found->second.used = ++uses_;
    return found->second.plan;
}

}  // namespace batchwarp
