// What counts as grey.
#pragma once

namespace batchwarp::ops {

/// Of red, green and blue: ITU-R BT.601's luma, as Pillow, torchvision and Keras have it.
inline constexpr double grey_weights[3] = {0.299, 0.587, 0.114};

}  // namespace batchwarp::ops
