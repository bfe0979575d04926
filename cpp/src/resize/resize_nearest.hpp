#pragma once

#include "batchwarp/resize.hpp"

namespace batchwarp {

/// `resize` with the method `nearest`; arguments are checked.
void resize_nearest(const ImageView& source, const MutableImageView& target, const Box& box);

}  // namespace batchwarp
