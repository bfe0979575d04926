// Other hues by a turn in HSV, as torchvision and Keras have them: keeps the largest and the
// smallest of a pixel's channels.
#pragma once

#include "ops/operation.hpp"

namespace batchwarp::ops {

struct HueHsv {
    static constexpr Description description{.name = "hue_hsv",
                                             .scope = Scope::pixel,
                                             .columns = {{"hue", 0, -0.5, 0.5}},  // turns
                                             .colors = true};

    template <class T>
    class Function {
      public:
        BATCHWARP_HD_INLINE Function(const double* row, const Context<T>& context) noexcept
            : limits_(context.limits), sixths_(static_cast<T>(6 * (row[0] - floor(row[0])))) {}

        BATCHWARP_HD_INLINE void operator()(T* pixel, int /*channels*/) const noexcept {
            const T red = limits_.clip(pixel[0]), green = limits_.clip(pixel[1]),
                    blue = limits_.clip(pixel[2]);
            T most = red > green ? red : green, least = red < green ? red : green;
            most = blue > most ? blue : most;
            least = blue < least ? blue : least;
            const T chroma = most - least;
            // Hue in sixths of a turn: the channel that is largest, and which of the others is.
            const bool is_red = most == red, is_green = most == green;
            const T difference = is_red ? green - blue : is_green ? blue - red : red - green;
            const T base = is_red ? T(0) : is_green ? T(2) : T(4);
            const T hue = base + difference / (chroma > 0 ? chroma : T(1)) + sixths_;
            pixel[0] = most - chroma * share(hue + 5);
            pixel[1] = most - chroma * share(hue + 3);
            pixel[2] = most - chroma * share(hue + 1);
        }

        // For kernels: simd/hue_hsv.inl.
        BATCHWARP_HD_INLINE Range<T> limits() const noexcept { return limits_; }
        BATCHWARP_HD_INLINE T sixths() const noexcept { return sixths_; }

      private:
        /// How far a channel is below the largest one, in parts of the chroma.
        BATCHWARP_HD_INLINE static T share(T place) noexcept {
            place = place >= 12 ? place - 12 : place;
            place = place >= 6 ? place - 6 : place;
            const T from_red = place < 4 - place ? place : 4 - place;
            const T least = from_red > 0 ? from_red : T(0);
            return least < 1 ? least : T(1);
        }

        Range<T> limits_;
        T sixths_;
    };
};

}  // namespace batchwarp::ops
