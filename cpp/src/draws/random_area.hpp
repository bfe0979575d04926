// Rectangles of random area and proportions, as torchvision's `RandomResizedCrop` and
// `RandomErasing` look for them: until one fits, ten times at most.
#pragma once

#include "batchwarp/plan.hpp"
#include "draws/keyed_numbers.hpp"

namespace batchwarp {

class RandomArea {
  public:
    static constexpr int attempts = 10, constants = 6;

    /// Checks the settings `scale`, of the image's area, and `ratio`, and keeps both and the
    /// logarithms of the latter.
    static void settle(const Settings& settings, Step& step);

    /// @param ranges  what `settle` has added to the constants
    RandomArea(const double* ranges, const Size& size) noexcept;

    /// What attempt number `attempt` finds: the square roots of area times ratio and of area over
    /// ratio, in whole pixels.
    struct Sides {
        double times, over;
    };
    Sides draw(const KeyedNumbers& number, int attempt) const noexcept;

    /// Where a rectangle of this size lies, as the columns top, left, height and width.
    void place(const KeyedNumbers& number, double height, double width, double* row) const noexcept;

  private:
    const double* ranges_;
    double height_, width_;
};

}  // namespace batchwarp
