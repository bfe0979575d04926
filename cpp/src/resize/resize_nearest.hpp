#pragma once

#include <cstdint>

#include "batchwarp/resize.hpp"

namespace batchwarp {

/// The source pixels along one axis that output pixels are copies of. Pillow adds the scale up from
/// pixel to pixel, which ends elsewhere than a product would, after many millions of pixels behind
/// the source's end.
class NearestSteps {
  public:
    NearestSteps(std::int64_t begin, std::int64_t end, std::int64_t outputs) noexcept
        : scale_(static_cast<double>(end - begin) / static_cast<double>(outputs)),
          at_(static_cast<double>(begin) + scale_ * 0.5) {}

    std::int64_t next() noexcept {
        const auto pixel = static_cast<std::int64_t>(at_);
        at_ += scale_;
        return pixel;
    }

  private:
    double scale_, at_;
};

/// `resize` with the method `nearest`; arguments are checked.
void resize_nearest(const ImageView& source, const MutableImageView& target, const Box& box);

}  // namespace batchwarp
