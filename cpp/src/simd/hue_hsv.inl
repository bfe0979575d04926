// Hues in HSV, on vectors of reds, greens and blues.

namespace batchwarp {
namespace {

struct HueTurn {
    Lanes::Float low, high, from_red, from_green, from_blue;

    BATCHWARP_INLINE explicit HueTurn(const ops::HueHsv::Function<float>& function)
        : low(Lanes::all(function.limits().low)),
          high(Lanes::all(function.limits().high)),
          from_red(Lanes::all(function.sixths())),
          from_green(Lanes::all(function.sixths() + 2)),
          from_blue(Lanes::all(function.sixths() + 4)) {}

    BATCHWARP_INLINE void operator()(Lanes::Float& red, Lanes::Float& green,
                                     Lanes::Float& blue) const {
        red = Lanes::clamp(red, low, high);
        green = Lanes::clamp(green, low, high);
        blue = Lanes::clamp(blue, low, high);
        const Lanes::Float most = Lanes::max(Lanes::max(red, green), blue);
        const Lanes::Float least = Lanes::min(Lanes::min(red, green), blue);
        const Lanes::Float range = Lanes::subtract(least, most);  // not above 0

        // Hue in sixths of a turn, after the turn: from the channel that is largest, how far
        // towards which of the others.
        const Lanes::Mask is_red = Lanes::at_least(red, most),
                          is_green = Lanes::at_least(green, most);
        Lanes::Float towards =
            Lanes::where(is_green, Lanes::subtract(red, blue), Lanes::subtract(green, red));
        towards = Lanes::where(is_red, Lanes::subtract(blue, green), towards);
        const Lanes::Float from =
            Lanes::where(is_red, from_red, Lanes::where(is_green, from_green, from_blue));
        const Lanes::Float some = Lanes::all(-0x1p-126f);  // grey has no hue
        Lanes::Float hue = Lanes::add(from, Lanes::divide(towards, Lanes::min(range, some)));
        // From -1, which is 5, to 5.
        hue = Lanes::subtract_where(Lanes::at_least(hue, Lanes::all(5.0f)), hue, Lanes::all(6.0f));

        // How far a channel is below the largest: what it is further than a sixth of a turn away.
        const Lanes::Float one = Lanes::all(1.0f);
        const auto distance = [&](float sixth) {
            return Lanes::absolute(Lanes::subtract(hue, Lanes::all(sixth)));
        };
        const auto below = [&](Lanes::Float share) {
            share = Lanes::clamp(share, Lanes::all(0.0f), one);
            return Lanes::multiply_add(range, share, most);
        };
        red = below(Lanes::subtract(Lanes::all(2.0f), distance(3)));
        green = below(Lanes::subtract(distance(2), one));
        blue = below(Lanes::min(Lanes::subtract(distance(4), one), Lanes::add(hue, one)));
    }
};

// Compilers make vectors of single lanes where there is a plain loop over each channel.
constexpr int hue_block = Lanes::count > 1 ? Lanes::count : 64;

BATCHWARP_INLINE void turn_block(const HueTurn& turn, float* pixels) {
    float reds[hue_block], greens[hue_block], blues[hue_block];
    Lanes::Float red, green, blue;
    for (int k = 0; k < hue_block; k += Lanes::count) {
        Lanes::load_three(pixels + 3 * k, red, green, blue);
        Lanes::store(reds + k, red);
        Lanes::store(greens + k, green);
        Lanes::store(blues + k, blue);
    }
    for (int k = 0; k < hue_block; k += Lanes::count) {
        red = Lanes::load(reds + k);
        green = Lanes::load(greens + k);
        blue = Lanes::load(blues + k);
        turn(red, green, blue);
        Lanes::store(reds + k, red);
        Lanes::store(greens + k, green);
        Lanes::store(blues + k, blue);
    }
    for (int k = 0; k < hue_block; k += Lanes::count)
        Lanes::store_three(pixels + 3 * k, Lanes::load(reds + k), Lanes::load(greens + k),
                           Lanes::load(blues + k));
}

BATCHWARP_INLINE void change(const ops::HueHsv::Function<float>& function, float* data,
                             int64_t pixels, int32_t, int32_t) {
    const HueTurn turn(function);
    int64_t i = 0;
    for (; i + hue_block <= pixels; i += hue_block) turn_block(turn, data + 3 * i);
    if (i == pixels) return;
    float rest[3 * hue_block] = {};
    const auto bytes = static_cast<size_t>(pixels - i) * 3 * sizeof(float);
    memcpy(rest, data + 3 * i, bytes);
    turn_block(turn, rest);
    memcpy(data + 3 * i, rest, bytes);
}

}  // namespace
}  // namespace batchwarp
