// What an operation owes, beside its description: what its scope asks of it, and no more. All that
// is computed from an image's parameters starts from its own part of the row, one value for each
// column, and is asked for only if that part is not neutral.
//
// Kernel files include the operations. So there is nothing of the standard library in their
// headers, and functions of a pixel are BATCHWARP_HD_INLINE: every tier compiles them for itself.
#pragma once

#include <stdint.h>

#include "batchwarp/coordinates.hpp"
#include "batchwarp/operation.hpp"
#include "ops/range.hpp"

namespace batchwarp {

class Settings;
struct Normalization;

namespace ops {

/// What is known of the image that a pixel operation changes.
template <class T>
struct Context {
    int channels;
    Range<T> range;  // if the operation needs it
};

/// Adds its share to where the pixels of a height x width image come from.
template <class Op>
concept MovesPixels =
    requires(const double* row, int64_t height, int64_t width, Coordinates& coordinates) {
        Op::place(row, height, width, coordinates);
    };

/// Adds its share to how values are scaled.
template <class Op>
concept ScalesValues = requires(const Settings& settings, Normalization& normalization) {
    Op::settle(settings, normalization);
};

/// Changes one value at a time.
template <class F, class T>
concept OfValue =
    requires(const F& function, T value, int channel) { static_cast<T>(function(value, channel)); };

/// Changes a pixel in place, all of its channels.
template <class F, class T>
concept OfPixel =
    requires(const F& function, T* pixel, int channels) { function(pixel, channels); };

/// Says what the range of an image becomes, so that nobody has to look for it.
template <class F>
concept KnowsRange = requires(const F& function) { function.range(); };

/// What is done to the pixels of one image. T is what Keras holds the image in: double for a
/// float64 target, float for all others.
template <class Op, class T>
using FunctionOf = typename Op::template Function<T>;

/// Made from an image's parameters and its context, and copied byte by byte to where it is wanted.
template <class Op, class T>
concept HasFunction =
    requires(const double* row, const Context<T>& context) { FunctionOf<Op, T>(row, context); } &&
    __is_trivially_copyable(FunctionOf<Op, T>) &&
    (OfValue<FunctionOf<Op, T>, T> || OfPixel<FunctionOf<Op, T>, T>);

template <class Op>
concept ChangesPixels = HasFunction<Op, float> && HasFunction<Op, double>;

template <class Op>
concept Operation =
    (Op::description.scope == Scope::coordinates && MovesPixels<Op> &&
     !Op::description.needs.whole_image()) ||
    (Op::description.scope == Scope::pixel && ChangesPixels<Op> &&
     !Op::description.needs.moments) ||
    (Op::description.scope == Scope::store && ScalesValues<Op> && !Op::description.needs.range);

}  // namespace ops
}  // namespace batchwarp
