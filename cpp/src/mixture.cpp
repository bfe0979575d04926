#include "mixture.hpp"

#include <iterator>
#include <type_traits>

#include "batchwarp/parallel.hpp"
#include "pixels.hpp"
#include "runtime/scratch.hpp"

namespace batchwarp {
namespace {

// A batch of one packed image of the plan's finished size.
template <class T>
MutableBatchView packed(T* values, const Plan& plan) noexcept {
    const std::int64_t height = plan.target_height(), width = plan.target_width();
    const std::int64_t channels = plan.options().channels;
    constexpr auto item = static_cast<std::int64_t>(sizeof(T));
    MutableImageView image{reinterpret_cast<std::byte*>(values),
                           std::is_same_v<T, float> ? DType::f32 : DType::f64,
                           height,
                           width,
                           channels,
                           item * width * channels,
                           item * channels,
                           item};
    if (plan.options().channels_first) {
        image.row_stride = item * width;
        image.pixel_stride = item;
        image.channel_stride = item * width * height;
    }
    return {image, 1, 0};
}

template <class T>
void make(const Plan& plan, const BatchRequest& request, std::int64_t i, T* mixed, T* other) {
    const Mixture& mixture = *plan.mixture();
    const std::int64_t index = request.indices != nullptr ? request.indices[i] : i;
    BatchRequest one;
    one.source = request.source;
    one.indices = &index;
    one.threads = 1;
    if (request.params != nullptr) one.params = request.params + i * std::ssize(plan.columns());
    const double* const row = one.params != nullptr ? one.params : plan.neutral_row().data();
    const double* weight = row + mixture.column;

    // Step by step to the mean, so that where images are equal it is what they are.
    double total = *weight++;
    one.target = packed(mixed, plan);
    augment_batch(mixture.chains[0], one);
    for (std::size_t chain = 1; chain < mixture.chains.size(); ++chain, ++weight) {
        if (!(*weight > 0)) continue;
        total += *weight;
        one.target = packed(other, plan);
        augment_batch(mixture.chains[chain], one);
        move_towards(mixed, other, *weight / total, plan.target_elements());
    }

    const MutableBatchView made = packed(mixed, plan);
    one.target = {request.target[i], 1, 0};
    if (one.target.first.dtype == DType::u8 && !plan.options().round_bytes)
        round_to_bytes(mixed, plan.target_elements());
    one.source = {made.first, 1, 0};
    one.indices = nullptr;
    augment_batch(mixture.rest, one);
}

}  // namespace

void augment_mixtures(const Plan& plan, const BatchRequest& request) {
    const std::int64_t elements = plan.target_elements();
    const int threads =
        request.threads > 0 ? std::min(request.threads, num_threads()) : num_threads();
    parallel_for(
        request.target.count, threads,
        [&](std::int64_t i) {
            Scratch& scratch = Scratch::of_this_thread();
            if (request.target.first.dtype == DType::f64)
                make(plan, request, i, scratch.mixture64.reserve(elements),
                     scratch.chain64.reserve(elements));
            else
                make(plan, request, i, scratch.mixture.reserve(elements),
                     scratch.chain.reserve(elements));
        },
        request.interrupted);
}

}  // namespace batchwarp
