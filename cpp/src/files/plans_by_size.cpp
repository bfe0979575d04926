#include "batchwarp/plans_by_size.hpp"

#include <algorithm>
#include <utility>

#include "runtime/refuse.hpp"

namespace batchwarp {

PlansBySize::PlansBySize(std::int64_t most, std::int64_t params)
    : most_(static_cast<std::size_t>(most)), params_(params) {
    if (most < 1) refuse("`most` must be at least 1. Received: ", most);
    if (params < 0) refuse("`params` must be at least 0. Received: ", params);
}

void PlansBySize::add(SizedPlan plan) {
    const Plan& first = plan.before ? *plan.before : plan.plan;
    const std::size_t places = first.columns().size();
    if (plan.columns.size() > places || (plan.before && plan.columns.size() < places))
        refuse("`columns` must be ", plan.before ? "" : "at most ", places,
               ", as many as the plan has. Received: ", plan.columns.size());
    const auto [height, width] = Size{plan.plan.options().height, plan.plan.options().width};
    const bool fits = first.options().height == height && first.options().width == width &&
                      first.target_height() == height && first.target_width() == width;
    if (plan.before && !fits)
        refuse("`before` must make images of ", height, " x ", width, " of such images");
    if (plan.factors.size() != plan.columns.size())
        refuse("`factors` must be one for each of ", plan.columns.size(),
               " columns. Received: ", plan.factors.size());
    for (const std::int64_t column : plan.columns)
        if (column < 0 || column >= params_)
            refuse("`columns` must be from 0 to ", params_ - 1, ". Received: ", column);
    const Size size{height, width};
    auto shared = std::make_shared<const SizedPlan>(std::move(plan));
    const std::scoped_lock lock(mutex_);
    if (plans_.size() >= most_ && !plans_.contains(size)) {
        const auto least = [](const auto& a, const auto& b) {
            return a.second.used < b.second.used;
        };
        plans_.erase(std::ranges::min_element(plans_, least));
    }
    plans_[size] = {std::move(shared), ++uses_};
}

std::shared_ptr<const SizedPlan> PlansBySize::find(const Size& size) noexcept {
    const std::scoped_lock lock(mutex_);
    const auto found = plans_.find(size);
    if (found == plans_.end()) return nullptr;
    found->second.used = ++uses_;
    return found->second.plan;
}

}  // namespace batchwarp
