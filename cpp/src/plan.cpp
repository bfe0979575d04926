#include "batchwarp/plan.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "draws/policies.hpp"
#include "ops/list.hpp"
#include "runtime/refuse.hpp"

namespace batchwarp {
namespace {

int operation_named(const std::string& name) {
    const auto all = operations();
    for (std::size_t i = 0; i < all.size(); ++i)
        if (name == all[i]->name) return static_cast<int>(i);
    refuse("`steps` must name operations, each of them one of ",
           listed(all, [](const Description* d) { return d->name; }), ". Received: ", name);
}

void check_draws(const Description& operation, const std::vector<Distribution>& draws) {
    for (const Distribution& d : draws)
        if (!std::isfinite(d.centre) || !std::isfinite(d.low) || !std::isfinite(d.high) ||
            d.bins < 0)
            refuse("`draws` of `", operation.name,
                   "` must be made of finite numbers, none below 0 for bins. Received: ", d.centre,
                   ", ", d.low, ", ", d.high, ", ", d.bins);
    if (!draws.empty() && std::cmp_not_equal(draws.size(), operation.column_count()))
        refuse("`draws` of `", operation.name, "` must be one for each of its ",
               operation.column_count(), " columns. Received: ", draws.size());
}

// How the parameters of a step are drawn by key: by a rule, or each from a distribution.
template <class Op>
void settle_draws(Step& step) {
    if constexpr (ops::DrawsByRule<Op>)
        step.draw = &Op::draw;
    else if (step.draws.empty())
        refuse("`draws` of `", Op::description.name, "` must be one for each of its ",
               Op::description.column_count(), " columns. Received: none");
}

// Scratch images are double and padded; 2^55 elements keep every byte count inside 63 bits.
void check_elements(const Size& size, std::int64_t channels) {
    constexpr std::int64_t most = std::int64_t{1} << 55;
    if (size.height > most / size.width || size.height * size.width > most / channels)
        refuse("`height x width x channels` must be at most 2^55 elements. Received: ", size.height,
               " x ", size.width, " x ", channels);
}

void check_mixture(const PlanOptions& o) {
    const MixtureOptions& m = o.mixture;
    if (m.chains < 0 || m.chains > max_chains)
        refuse("`chains` of `mixture` must be from 0 to ", max_chains, ". Received: ", m.chains);
    if (!m.of_steps.empty() && m.of_steps.size() != o.steps.size())
        refuse("`of_steps` of `mixture` must have one item for each of `steps`. Received: ",
               m.of_steps.size(), " for ", o.steps.size());
    for (const int chain : m.of_steps)
        if (chain < -1 || chain > m.chains)
            refuse("`of_steps` of `mixture` must be from -1 to ", m.chains, ". Received: ", chain);
    if (!std::isfinite(m.alpha) || m.alpha <= 0)
        refuse("`alpha` of `mixture` must be above 0. Received: ", m.alpha);
    check_where("mixture", m.where, o.policies, o.policies.size());
}

// Keras' own operations come first, its matrix before all others; those of the store come last.
class StepOrder {
  public:
    void add(int operation) {
        const Description& then = *operations()[static_cast<std::size_t>(operation)];
        if (before_ >= 0 && !fits(operation, then)) {
            const Description& first = *operations()[static_cast<std::size_t>(before_)];
            refuse(
                "`steps` must have Keras' own operations first and those of the scope store last, "
                "but for pixels each once, in the order of all operations, ",
                listed(operations(), [](const Description* d) { return d->name; }),
                ". Received: ", then.name, " after ", first.name);
        }
        before_ = operation;
        if (then.scope == Scope::pixel) (then.keras ? keras_pixels_ : other_pixels_) = true;
    }

  private:
    bool fits(int operation, const Description& then) const {
        if (operations()[static_cast<std::size_t>(before_)]->scope == Scope::store)
            return then.scope == Scope::store && before_ < operation;
        if (then.keras) return then.scope == Scope::pixel && !other_pixels_;
        return then.scope != Scope::coordinates || !keras_pixels_;
    }

    int before_ = -1;
    bool keras_pixels_ = false, other_pixels_ = false;
};

}  // namespace

FillMode fill_mode_from_name(std::string_view name) {
    return from_name<FillMode>("fill_mode", name, fill_mode_names);
}

std::span<const Description* const> operations() noexcept { return ops::All::descriptions; }

std::vector<StepOptions> keras_steps(const Normalization& n) {
    const auto flag = [](bool value) { return std::vector<double>{value ? 1.0 : 0.0}; };
    return {
        {"keras_affine"},
        {"flip"},
        {"keras_channel_shift"},
        {"keras_brightness"},
        {"standardize", {{"center", flag(n.samplewise_center)}, {"std", flag(n.samplewise_std)}}},
        {"normalize", {{"rescale", {n.rescale}}, {"mean", n.mean}, {"std", n.std}}}};
}

Plan::Plan(PlanOptions options)
    : options_(std::move(options)), target_{options_.height, options_.width} {
    const PlanOptions& o = options_;
    if (o.height < 1) refuse_option("height", o.height, "at least 1");
    if (o.width < 1) refuse_option("width", o.width, "at least 1");
    if (o.channels < 1 || o.channels > std::numeric_limits<std::int32_t>::max())
        refuse_option("channels", o.channels, "from 1 to 2^31 - 1");
    check_elements(target_, o.channels);
    if (o.order < 0 || o.order > 5)
        refuse_option("interpolation_order", o.order, "an integer from 0 to 5");
    if (!std::isfinite(o.cval)) refuse_option("cval", o.cval, "finite");
    if (!std::isfinite(o.low) || !std::isfinite(o.high) || o.low >= o.high)
        refuse("`value_range` must be two finite numbers, the smaller one first. Received: ", o.low,
               " and ", o.high);
    if (o.steps.size() > max_steps)
        refuse("`steps` must be at most ", max_steps, ". Received: ", o.steps.size());

    check_policies(o.policies);
    if (!o.where.empty() && o.where.size() != o.steps.size())
        refuse("`where` must have one item for each of `steps`. Received: ", o.where.size(),
               " for ", o.steps.size());

    check_mixture(o);

    StepOrder order;
    for (std::size_t i = 0; i < o.steps.size(); ++i) {
        const int operation = operation_named(o.steps[i].operation);
        order.add(operation);
        add(operation, o.steps[i], o.where.empty() ? Where{} : o.where[i],
            o.mixture.of_steps.empty() ? 0 : o.mixture.of_steps[i]);
    }
    // Pixels are changed once all of them are where they belong.
    for (Step& step : pixel_steps_) step.from = step.to = target_;
    for (int i = 0; o.mixture.chains > 0 && i <= o.mixture.chains; ++i)
        columns_.push_back({.name = "weight", .neutral = i == 0 ? 1.0 : 0.0});
    for (const Column& column : columns_) neutral_.push_back(column.neutral);
    const auto channels = static_cast<std::size_t>(o.channels);
    shift_.reserve(channels);
    scale_.reserve(channels);
    for (std::int64_t c = 0; c < o.channels; ++c) {
        shift_.push_back(mean(c) / normalization_.rescale);
        scale_.push_back(normalization_.rescale / std(c));
    }
    if (o.mixture.chains > 0) mix();
}

// Splits the steps among the chains and what comes after them.
void Plan::mix() {
    const int chains = options_.mixture.chains;
    const auto part = [this] {
        Plan made(*this);  // with the same rows
        made.options_.steps.clear();
        made.options_.policies.clear();
        made.options_.where.clear();
        made.options_.mixture = {};
        return made;
    };
    auto mixture = std::make_shared<Mixture>(
        Mixture{.column = static_cast<int>(std::ssize(columns_)) - chains - 1,
                .chains = {},
                .rest = part()});
    for (int chain = 0; chain <= chains; ++chain) {
        Plan made = part();
        const auto is_other = [chain](const Step& step) {
            return step.chain > 0 && step.chain != chain;
        };
        std::erase_if(made.coordinate_steps_, is_other);
        std::erase_if(made.pixel_steps_,
                      [&](const Step& step) { return step.chain < 0 || is_other(step); });
        made.normalization_ = {};
        made.needs_moments_ = made.scales_ = false;
        mixture->chains.push_back(std::move(made));
    }
    Plan& rest = mixture->rest;
    rest.options_.height = target_.height;
    rest.options_.width = target_.width;
    rest.coordinate_steps_.clear();
    std::erase_if(rest.pixel_steps_, [](const Step& step) { return step.chain >= 0; });
    mixture_ = std::move(mixture);
}

void Plan::add(int operation, const StepOptions& step, const Where& where, int chain) {
    const Description& description = *operations()[static_cast<std::size_t>(operation)];
    if (!description.takes(options_.channels))
        refuse("`", description.name, "` must be given images of ",
               description.greys ? "one or three" : "three",
               " channels. Received: ", options_.channels);
    if (description.displaces)
        for (const Step& before : coordinate_steps_)
            if (before.description->displaces)
                refuse("`steps` must displace pixels by one field at most. Received: `",
                       before.description->name, "` and `", description.name, "`");
    check_where("where", where, options_.policies, options_.policies.size());
    if (where.policy >= 0 && (description.sets_size || description.scope == Scope::store))
        refuse("`", description.name, "` must be done to every image. Received: policy ",
               where.policy);
    check_draws(description, step.draws);
    const Settings settings(description, step, options_.channels);
    Step added{.description = &description,
               .operation = operation,
               .column = static_cast<int>(columns_.size()),
               .chain = chain,
               .from = target_,
               .to = target_,
               .heads = coordinate_steps_.empty(),
               .where = where,
               .draws = step.draws};
    columns_.insert(columns_.end(), description.columns,
                    description.columns + description.column_count());
    ops::All::visit(operation, [&](auto op) {
        using Op = decltype(op);
        if constexpr (ops::HasSettings<Op>) Op::settle(settings, options_, added);
        if constexpr (ops::MovesPixels<Op>) added.place = &Op::place;
        if (where.operation >= 0 && description.column_count() > 0) settle_draws<Op>(added);
        if constexpr (ops::ScalesValues<Op>) {
            Op::settle(settings, normalization_);
            scales_ = scales_ || settings.change_anything();
            needs_moments_ =
                needs_moments_ || (description.needs.moments && settings.change_anything());
        }
    });
    check_elements(added.to, options_.channels);
    target_ = added.to;
    if (description.scope == Scope::coordinates)
        coordinate_steps_.push_back(std::move(added));
    else if (description.scope == Scope::pixel)
        pixel_steps_.push_back(std::move(added));
}

Coordinates Plan::coordinates(const double* row) const noexcept {
    Coordinates result;
    if (row == nullptr) row = neutral_.data();
    for (const Step& step : coordinate_steps_) {
        const double* parameters = row + step.column;
        if (step.description->applies(parameters)) step.place(parameters, step, result);
    }
    return result;
}

bool Plan::changes_pixels(const double* row) const noexcept {
    return row != nullptr &&
           std::any_of(pixel_steps_.begin(), pixel_steps_.end(), [row](const Step& step) {
               return step.description->applies(row + step.column);
           });
}

bool Plan::needs_whole_image(const double* row) const noexcept {
    return needs_moments_ ||
           (row != nullptr &&
            std::any_of(pixel_steps_.begin(), pixel_steps_.end(), [row](const Step& step) {
                return step.description->needs.whole_image() &&
                       step.description->applies(row + step.column);
            }));
}

}  // namespace batchwarp
