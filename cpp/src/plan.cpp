#include "batchwarp/plan.hpp"

#include <cmath>
#include <limits>
#include <utility>

#include "ops/list.hpp"
#include "runtime/refuse.hpp"

namespace batchwarp {
namespace {

template <class T>
[[noreturn]] void refuse_option(const char* name, const T& came, const char* accepted) {
    refuse("`", name, "` must be ", accepted, ". Received: ", came);
}

void check_per_channel(const char* name, const std::vector<double>& values, std::int64_t channels,
                       bool zero_allowed) {
    if (values.empty()) return;
    if (std::cmp_not_equal(values.size(), channels))
        refuse_option(name, values.size(), "one value per channel");
    for (const double value : values) {
        if (!std::isfinite(value)) refuse_option(name, value, "finite");
        if (!zero_allowed && value == 0) refuse_option(name, value, "different from zero");
    }
}

}  // namespace

FillMode fill_mode_from_name(std::string_view name) {
    return from_name<FillMode>("fill_mode", name, fill_mode_names);
}

std::span<const Description* const> operations() noexcept { return ops::All::descriptions; }

Plan::Plan(PlanOptions options) : options_(std::move(options)) {
    const PlanOptions& o = options_;
    if (o.height < 1) refuse_option("height", o.height, "at least 1");
    if (o.width < 1) refuse_option("width", o.width, "at least 1");
    if (o.channels < 1 || o.channels > std::numeric_limits<std::int32_t>::max())
        refuse_option("channels", o.channels, "from 1 to 2^31 - 1");
    // Scratch images are double and padded; 2^55 elements keep every byte count inside 63 bits.
    constexpr std::int64_t most = std::int64_t{1} << 55;
    if (o.height > most / o.width || o.height * o.width > most / o.channels)
        refuse("`height x width x channels` must be at most 2^55 elements. Received: ", o.height,
               " x ", o.width, " x ", o.channels);
    if (o.order < 0 || o.order > 5)
        refuse_option("interpolation_order", o.order, "an integer from 0 to 5");
    if (!std::isfinite(o.cval)) refuse_option("cval", o.cval, "finite");
    if (!std::isfinite(o.rescale) || o.rescale == 0)
        refuse_option("rescale", o.rescale, "finite and different from zero");
    check_per_channel("mean", o.mean, o.channels, true);
    check_per_channel("std", o.std, o.channels, false);

    normalizes_ = o.rescale != 1 || !o.mean.empty() || !o.std.empty();
    const auto channels = static_cast<std::size_t>(o.channels);
    shift_.reserve(channels);
    scale_.reserve(channels);
    for (std::int64_t c = 0; c < o.channels; ++c) {
        shift_.push_back(mean(c) / o.rescale);
        scale_.push_back(o.rescale / std(c));
    }
}

}  // namespace batchwarp
