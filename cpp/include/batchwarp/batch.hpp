// The core's one entry point: augment a batch.
#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "batchwarp/image.hpp"
#include "batchwarp/plan.hpp"

namespace batchwarp {

struct BatchRequest {
    BatchView source;
    /// Which images of `source`, `target.count` of them; null: 0, 1, 2, ...
    const std::int64_t* indices = nullptr;
    /// For each target image a row of parameters, `plan.columns()`; null: no augmentation, only
    /// conversion and normalisation.
    const double* params = nullptr;
    MutableBatchView target;
    /// How many work on it, at most; 0: as many as `num_threads` says. A caller that has threads of
    /// its own takes 1.
    int threads = 0;
    /// Asked now and then in the calling thread; true stops the work. May be empty.
    std::function<bool()> interrupted;
};

/// Fills `request.target` with images that went through the steps of the plan.
///
/// The result does not depend on the number of threads. Source and target must not overlap, unless
/// they are the same view and both `params` and `indices` are null.
///
/// @throws InvalidArgument if a view does not fit the plan
/// @throws IndexOutOfRange if an index is not in [0, source.count)
/// @throws Interrupted if `request.interrupted` returned true
void augment_batch(const Plan& plan, const BatchRequest& request);

struct BatchPart {
    const Plan* plan;
    const BatchRequest* request;
};

/// Does so to several batches, one at least, of as many images each, as to images and their masks:
/// what belongs together is made by one thread, one after the other. The first request says for all
/// how many threads work on it and what stops them. Nothing is begun if one does not fit its plan.
///
/// @throws InvalidArgument also if there are more images in one than in another
void augment_batches(std::span<const BatchPart> parts);

}  // namespace batchwarp
