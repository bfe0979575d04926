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
#include "batchwarp/philox.hpp"
#include "ops/range.hpp"

namespace batchwarp {

class KeyedNumbers;
class Settings;
struct Normalization;
struct PlanOptions;
struct Step;

namespace ops {

/// What linear operations amount to.
class ColorMatrix;

/// What is known of the image that a pixel operation changes. Statistics are there if it needs
/// them.
template <class T>
struct Context {
    int channels;
    Range<T> range;
    Range<T> limits = {0, 255};                // the plan's black and white
    const Range<T>* channel_ranges = nullptr;  // one per channel
    T mean_grey = 0;
};

/// Normal numbers that are added to values, as many as there are.
struct Noise {
    PhiloxKey key;     ///< decides about the numbers
    double deviation;  ///< theirs, as a fraction of the value range
};

/// Windows that are overwritten: one, or the same again and again in both directions.
struct Holes {
    Window one;
    int64_t every = 0;  ///< rows and columns from one to the next; 0: there is no other
};

/// Checks its settings, and says what the step keeps of them and what size images have after it.
template <class Op>
concept HasSettings = requires(const Settings& settings, const PlanOptions& options, Step& step) {
    Op::settle(settings, options, step);
};

/// Adds its share to where the pixels of an image come from.
template <class Op>
concept MovesPixels = requires(const double* row, const Step& step, Coordinates& coordinates) {
    Op::place(row, step, coordinates);
};

/// Draws its parameters by key in a way of its own, instead of each from a distribution.
template <class Op>
concept DrawsByRule = requires(const KeyedNumbers& number, const Step& step, double* parameters) {
    Op::draw(number, step, parameters);
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

/// Does to all channels the same, which takes longer to compute than to look up.
template <class Op>
concept IsLookedUp = Op::is_looked_up;

/// Changes a pixel in place, all of its channels.
template <class F, class T>
concept OfPixel =
    requires(const F& function, T* pixel, int channels) { function(pixel, channels); };

/// Makes a value from itself and from the sum of the 3 x 3 around it, all of which are within
/// `limits`.
template <class F, class T>
concept OfNeighbours = requires(const F& function, T value, T sum) {
    static_cast<T>(function.from_sum(value, sum));
    static_cast<Range<T>>(function.limits());
};

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
    (OfValue<FunctionOf<Op, T>, T> || OfPixel<FunctionOf<Op, T>, T> ||
     OfNeighbours<FunctionOf<Op, T>, T>);

template <class Op>
concept ChangesPixels = HasFunction<Op, float> && HasFunction<Op, double>;

/// Multiplies a pixel by a matrix: follows up on what is in `matrix` already.
template <class Op>
concept MixesChannels = requires(const double* row, const Context<double>& context,
                                 ColorMatrix& matrix) { Op::mix(row, context, matrix); };

/// Overwrites holes in the finished image, which may reach beyond its edges.
template <class Op>
concept FillsHoles = requires(const double* row, const double* constants, int channel) {
    static_cast<Holes>(Op::holes(row));
    static_cast<double>(Op::value(constants, channel));
};

/// Makes each value a mean of those around it, along columns and along rows. `weights` are of the
/// value itself and of the two at each distance up to `radius`.
template <class Op>
concept BlursPixels = requires(const double* row, const double* constants, double* weights) {
    static_cast<int>(Op::radius(row, constants));
    Op::weigh(row, constants, weights);
};

/// Adds noise to values.
template <class Op>
concept AddsNoise = requires(const double* row) { static_cast<Noise>(Op::noise(row)); };

/// Makes of an image what it is after JPEG of a quality, from 1 to 100.
template <class Op>
concept CompressesPixels = requires(const double* row) { static_cast<int>(Op::quality(row)); };

/// Replaces the levels of a channel, from how often there is each of 256; false: leaves it.
template <class Op>
concept MapsLevels = requires(const int64_t* counts, uint8_t* levels) {
    static_cast<bool>(Op::map(counts, levels));
};

template <class Op>
concept Operation =
    (Op::description.scope == Scope::coordinates && MovesPixels<Op> &&
     !Op::description.needs.whole_image()) ||
    (Op::description.scope == Scope::pixel &&
     (ChangesPixels<Op> || MixesChannels<Op> || FillsHoles<Op> || BlursPixels<Op> ||
      AddsNoise<Op> || CompressesPixels<Op> || MapsLevels<Op>) &&
     !Op::description.needs.moments) ||
    (Op::description.scope == Scope::store && ScalesValues<Op> && !Op::description.needs.range);

}  // namespace ops
}  // namespace batchwarp
