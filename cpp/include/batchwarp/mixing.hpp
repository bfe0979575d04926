// Finished images that take something of others: their values by a share, or a rectangle.
#pragma once

#include <cstdint>
#include <functional>

#include "batchwarp/image.hpp"

namespace batchwarp {

/// Images, and those that they take something of.
struct MixingRequest {
    /// Are changed in place.
    MutableBatchView images;
    /// Of the same shape and dtype. They are the images themselves, which count as they were
    /// before any was changed, or lie elsewhere.
    BatchView others;
    /// For each image which of the others.
    const std::int64_t* partners = nullptr;
    /// 0: `num_threads()`.
    int threads = 0;
    /// Asked now and then in the calling thread; true stops the work. May be empty.
    std::function<bool()> interrupted = {};
};

/// Makes each value v, whose partner's is w, v + (w - v) * (1 - share): a value that both have
/// stays what it is. Images of a share of 1 are not touched. Bytes lose their fraction, as by an
/// assignment to a NumPy array.
///
/// @param shares  for each image, from 0 to 1
/// @throws Interrupted if `interrupted` returned true; some images are changed then, others not
void add_others(const MixingRequest& request, const double* shares);

/// Pastes a rectangle of its partner over each image, at the same place.
///
/// @param rectangles  for each image top, bottom, left, right, ends excluded
/// @throws Interrupted if `interrupted` returned true; some images are changed then, others not
void paste_others(const MixingRequest& request, const std::int64_t* rectangles);

}  // namespace batchwarp
