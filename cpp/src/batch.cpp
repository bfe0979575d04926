#include "batchwarp/batch.hpp"

#include <algorithm>
#include <vector>

#include "batch_check.hpp"
#include "batchwarp/parallel.hpp"
#include "image_maker.hpp"
#include "mixture.hpp"
#include "runtime/refuse.hpp"

namespace batchwarp {
namespace {

// Waking a thread costs some microseconds, as much as some thousand elements.
constexpr std::int64_t worthwhile = 8192;

std::int64_t elements_of(const Plan& plan) noexcept {
    return std::max(plan.source_elements(), plan.target_elements());
}

// For images of so many elements each.
int threads_for(const BatchRequest& request, std::int64_t elements) {
    if (elements < worthwhile && request.target.count * elements < worthwhile) return 1;
    return request.threads > 0 ? std::min(request.threads, num_threads()) : num_threads();
}

// Many and small ones: hands out several at a time. `make(begin, end)` makes them.
template <class Make>
void for_images(const BatchRequest& request, std::int64_t elements, int threads, Make&& make) {
    const std::int64_t n = request.target.count;
    const std::int64_t group = std::clamp<std::int64_t>(
        std::min<std::int64_t>(2 * worthwhile / elements, n / (std::int64_t{8} * threads)), 1, n);
    parallel_for((n + group - 1) / group, threads,
                 [&](std::int64_t task) {
                     const std::int64_t end = std::min(n, (task + 1) * group);
                     make(task * group, end);
                 },
                 request.interrupted);
}

}  // namespace

void augment_batch(const Plan& plan, const BatchRequest& request) {
    check_batch(plan, request);
    const std::int64_t n = request.target.count;
    if (n == 0) return;
    if (plan.mixture() != nullptr) return augment_mixtures(plan, request);
    ImageMaker images(plan, request);
    const std::int64_t height = plan.target_height(), elements = elements_of(plan);
    const int threads = threads_for(request, elements);

    // Few and large images: hand out bands of rows.
    if (threads > 1 && n < 2 * threads && elements >= 4 * worthwhile &&
        images.splits_into_bands()) {
        const std::int64_t bands = std::clamp<std::int64_t>(
            std::min<std::int64_t>(4 * threads, elements / worthwhile), 1, height);
        const auto make_band = [&](std::int64_t i, std::int64_t band) {
            images.make_rows(i, height * band / bands, height * (band + 1) / bands);
        };
        if (plan.options().order < 2) {
            parallel_for(
                n * bands, threads,
                [&](std::int64_t task) { make_band(task / bands, task % bands); },
                request.interrupted);
            return;
        }
        for (std::int64_t i = 0; i < n; ++i) {
            if (images.prepare(i, threads))
                parallel_for(
                    bands, threads, [&](std::int64_t band) { make_band(i, band); },
                    request.interrupted);
            else
                images.make_rows(i, 0, height);
        }
        return;
    }
    for_images(request, elements, threads,
               [&](std::int64_t begin, std::int64_t end) { images.make_images(begin, end); });
}

void augment_batches(std::span<const BatchPart> parts) {
    const BatchRequest& first = *parts.front().request;
    const std::int64_t n = first.target.count;
    std::int64_t elements = elements_of(*parts.front().plan);
    bool together = true;
    for (const auto& [plan, request] : parts) {
        check_batch(*plan, *request);
        if (request->target.count != n)
            refuse("`dst` must hold as many images in each batch. Received: ", n, " and ",
                   request->target.count);
        if (request != &first) elements += elements_of(*plan);
        together = together && plan->mixture() == nullptr;
    }
    if (n == 0) return;
    const int threads = threads_for(first, elements);
    // Few images may be handed out by bands.
    if (!together || (threads > 1 && n < 2 * threads)) {
        for (const auto& [plan, request] : parts) {
            BatchRequest one = *request;
            one.threads = first.threads;
            one.interrupted = first.interrupted;
            augment_batch(*plan, one);
        }
        return;
    }
    std::vector<ImageMaker> makers;
    makers.reserve(parts.size());
    for (const auto& [plan, request] : parts) makers.emplace_back(*plan, *request);
    for_images(first, elements, threads, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t i = begin; i < end; ++i)
            for (const ImageMaker& images : makers) images.make_images(i, i + 1);
    });
}

}  // namespace batchwarp
