// The operations that there are. A new one is a header of its own, and its name here.
#pragma once

#include "ops/affine.hpp"
#include "ops/autocontrast.hpp"
#include "ops/brightness.hpp"
#include "ops/channel_drop.hpp"
#include "ops/channel_shift.hpp"
#include "ops/contrast.hpp"
#include "ops/crop.hpp"
#include "ops/elastic.hpp"
#include "ops/equalize.hpp"
#include "ops/erase.hpp"
#include "ops/erase_grid.hpp"
#include "ops/erase_square.hpp"
#include "ops/flip.hpp"
#include "ops/gamma.hpp"
#include "ops/gaussian_blur.hpp"
#include "ops/gaussian_noise.hpp"
#include "ops/grayscale.hpp"
#include "ops/grid_distortion.hpp"
#include "ops/hue.hpp"
#include "ops/hue_hsv.hpp"
#include "ops/invert.hpp"
#include "ops/jpeg_compression.hpp"
#include "ops/keras_affine.hpp"
#include "ops/keras_brightness.hpp"
#include "ops/keras_channel_shift.hpp"
#include "ops/normalize.hpp"
#include "ops/operation.hpp"
#include "ops/perspective.hpp"
#include "ops/posterize.hpp"
#include "ops/random_crop.hpp"
#include "ops/random_resized_crop.hpp"
#include "ops/resize.hpp"
#include "ops/rotate90.hpp"
#include "ops/saturation.hpp"
#include "ops/sharpen.hpp"
#include "ops/solarize.hpp"
#include "ops/standardize.hpp"

namespace batchwarp::ops {

template <Operation... Ops>
struct List {
    static constexpr int count = sizeof...(Ops);
    static constexpr const Description* descriptions[] = {&Ops::description...};

    /// Calls `visitor` with an object of the type of operation `index`.
    template <class Visitor>
    BATCHWARP_HD static void visit(int index, Visitor&& visitor) {
        int i = 0;
        ((i++ == index ? static_cast<void>(visitor(Ops{})) : static_cast<void>(0)), ...);
    }
};

/// Keras' are in the order in which it applies them.
using All =
    List<KerasAffine, Flip, AffineTransform, Rotate90, RandomCrop, Crop, Resize, RandomResizedCrop,
         Perspective, Elastic, GridDistortion, KerasChannelShift, KerasBrightness, Brightness,
         Contrast, Saturation, Hue, HueHsv, Grayscale, Invert, ChannelShift, ChannelDrop, Gamma,
         Solarize, Posterize, AutoContrast, Equalize, Sharpen, GaussianBlur, GaussianNoise,
         JpegCompression, Erase, EraseSquare, EraseGrid, Standardize, Normalize>;

}  // namespace batchwarp::ops
