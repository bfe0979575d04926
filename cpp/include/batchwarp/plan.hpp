// What stays the same over a whole flow, resolved and validated once.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "batchwarp/coordinates.hpp"
#include "batchwarp/draws.hpp"
#include "batchwarp/fill_mode.hpp"
#include "batchwarp/operation.hpp"

namespace batchwarp {

/// @throws InvalidArgument for a name that is not in `fill_mode_names`
FillMode fill_mode_from_name(std::string_view name);

/// The operations that there are. Those that `keras_steps` names are in Keras' order.
std::span<const Description* const> operations() noexcept;

/// An operation and its settings, as a caller names them.
struct StepOptions {
    std::string operation;
    /// A flag is one value, 0 or 1. Settings that are not here change nothing.
    std::map<std::string, std::vector<double>> settings = {};
    /// For keyed draws, one for each column, where the operation has no rule of its own.
    std::vector<Distribution> draws = {};
};

/// The settings of a step, checked and complete.
class Settings {
  public:
    /// @throws InvalidArgument naming the setting, what came, and what is accepted
    Settings(const Description& operation, const StepOptions& step, std::int64_t channels);

    bool flag(const std::string& name) const { return values_.at(name)[0] != 0; }
    double number(const std::string& name) const { return values_.at(name)[0]; }
    /// @throws InvalidArgument unless the number is whole and at least `least`
    std::int64_t whole(const std::string& name, std::int64_t least) const;
    /// @throws InvalidArgument unless there are `count` numbers
    const std::vector<double>& numbers(const std::string& name, std::size_t count) const;
    /// One per channel, or as many as there are; empty if it was not given.
    const std::vector<double>& numbers(const std::string& name) const { return values_.at(name); }
    /// Whether any of them is not neutral.
    bool change_anything() const noexcept { return changes_; }

  private:
    std::map<std::string, std::vector<double>> values_;
    bool changes_ = false;
};

/// What all store operations amount to, in the order of Keras' `standardize`: `rescale` first, then
/// the image's own statistics, then those of the data set.
struct Normalization {
    double rescale = 1;
    bool samplewise_center = false, samplewise_std = false;
    std::vector<double> mean = {};  // per channel, or empty; subtracted
    std::vector<double> std = {};   // per channel, or empty; divides
};

/// Keras' operations, in its order.
std::vector<StepOptions> keras_steps(const Normalization& normalization = {});

/// The chains of a mixture: an image is made in each of them, and what comes after is done to the
/// mean of these, and of the one that no chain has changed.
struct MixtureOptions {
    int chains = 0;  ///< 0: there is no mixture; at most `max_chains`
    /// To which chain each step belongs, from 1 on; 0: to all of them; -1: what moves pixels to
    /// all of them, what changes them is done to the mixture.
    std::vector<int> of_steps = {};
    /// The weights of the chains are Dirichlet's with it, their sum is Beta's with it and it.
    double alpha = 1;
    Where where = {};
};

inline constexpr int max_chains = 7;

struct PlanOptions {
    std::int64_t height = 0, width = 0, channels = 0;  ///< each >= 1
    bool channels_first = false;                       ///< NCHW instead of NHWC
    int order = 1;                                     ///< spline order, 0 to 5
    FillMode fill_mode = FillMode::nearest;
    double cval = 0;  ///< value outside, for constant and grid-constant
    /// What black and white are, for operations whose strength depends on it.
    double low = 0, high = 255;
    /// Whether operations on pixels that can be done in one go are.
    bool fused = true;
    /// Of targets of bytes: whether values stay as they are until they are stored, and are rounded
    /// there, halves up. Otherwise it is as in Keras: what was moved is rounded before it is
    /// changed, and the end is truncated.
    bool round_bytes = false;
    /// At most `max_steps`. What Keras has comes first, as `keras_steps` has it: its matrix once,
    /// its operations on pixels before all others. What scales values comes last, each once.
    std::vector<StepOptions> steps = keras_steps();
    /// Which steps are done to an image, and with which numbers, if they are drawn by key: one
    /// for each step, or none at all.
    std::vector<Policy> policies = {};
    std::vector<Where> where = {};
    MixtureOptions mixture = {};
};

inline constexpr int max_steps = 512;

class KeyedNumbers;

/// A step of a plan.
struct Step {
    const Description* description;
    int operation;     // its place in `operations`
    int column;        // where its part of a row of parameters begins
    int chain;         // as in `MixtureOptions`
    Size from, to;     // the size of images before and after it
    bool heads;        // the first that moves pixels
    Where where = {};  // where its parameters come from, if they are drawn by key
    std::vector<Distribution> draws = {};
    /// What the operation keeps of its settings, for `place` or to fill a window.
    std::vector<double> constants = {};
    /// Adds to where pixels come from; null for operations that move none.
    void (*place)(const double* parameters, const Step& step, Coordinates& coordinates) = nullptr;
    /// Draws its parameters; null if each is drawn from its distribution, or none.
    void (*draw)(const KeyedNumbers& number, const Step& step, double* parameters) = nullptr;
};

struct Mixture;

/// Immutable. Everything that does not depend on the image at hand.
class Plan {
  public:
    /// @throws InvalidArgument naming the option, what came, and what is accepted
    explicit Plan(PlanOptions options);

    const PlanOptions& options() const noexcept { return options_; }
    std::int64_t source_elements() const noexcept {
        return options_.height * options_.width * options_.channels;
    }
    /// The size of finished images.
    std::int64_t target_height() const noexcept { return target_.height; }
    std::int64_t target_width() const noexcept { return target_.width; }
    std::int64_t target_elements() const noexcept {
        return target_.height * target_.width * options_.channels;
    }

    /// The parameters of an image: the columns of all steps, one behind the other.
    const std::vector<Column>& columns() const noexcept { return columns_; }
    /// A row that changes nothing but the size.
    const std::vector<double>& neutral_row() const noexcept { return neutral_; }
    /// The steps that move pixels, in order.
    std::span<const Step> coordinate_steps() const noexcept { return coordinate_steps_; }
    /// The steps that change pixels, in order.
    std::span<const Step> pixel_steps() const noexcept { return pixel_steps_; }

    // A row of parameters may be null in what follows: all of them are neutral.

    /// Where the pixels of an image come from.
    Coordinates coordinates(const double* row) const noexcept;
    /// Whether a step that changes pixels has something to do.
    bool changes_pixels(const double* row) const noexcept;
    /// Whether no part of an image can be made without the rest.
    bool needs_whole_image(const double* row) const noexcept;

    /// Null for nearly all plans. If there is one, it says how images are made, and the steps above
    /// are those of all chains.
    const Mixture* mixture() const noexcept { return mixture_.get(); }

    const Normalization& normalization() const noexcept { return normalization_; }
    /// Whether mean and deviation of each image are wanted.
    bool needs_moments() const noexcept { return needs_moments_; }
    /// Whether values are scaled on their way to the target.
    bool scales() const noexcept { return scales_; }
    double mean(std::int64_t channel) const noexcept {
        const std::vector<double>& mean = normalization_.mean;
        return mean.empty() ? 0.0 : mean[static_cast<std::size_t>(channel)];
    }
    double std(std::int64_t channel) const noexcept {
        const std::vector<double>& std = normalization_.std;
        return std.empty() ? 1.0 : std[static_cast<std::size_t>(channel)];
    }
    /// Without the image's own statistics, (value * rescale - mean) / std as
    /// (value - shift) * scale, one pair per channel. A value that equals the mean gives exactly
    /// zero this way, which value * scale + bias would not.
    const std::vector<double>& shift() const noexcept { return shift_; }
    const std::vector<double>& scale() const noexcept { return scale_; }

  private:
    void add(int operation, const StepOptions& step, const Where& where, int chain);
    void mix();

    PlanOptions options_;
    Size target_;
    std::vector<Column> columns_;
    std::vector<double> neutral_;
    std::vector<Step> coordinate_steps_, pixel_steps_;
    Normalization normalization_;
    bool needs_moments_ = false, scales_ = false;
    std::vector<double> shift_, scale_;
    std::shared_ptr<const Mixture> mixture_;
};

/// What becomes of images that are made in several chains. The plans in here have the rows of the
/// whole plan.
struct Mixture {
    int column;  ///< where the weights begin: that of the image without a chain, then the chains'
    std::vector<Plan> chains;  ///< for that image first
    Plan rest;                 ///< for the mixture
};

}  // namespace batchwarp
