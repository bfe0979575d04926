// Powers of what lies between 0 and 1: 2 to the power of the exponent times the logarithm.

namespace batchwarp {
namespace {

BATCHWARP_INLINE Lanes::Float linear(float a, float b, Lanes::Float x) {
    return Lanes::multiply_add(Lanes::all(b), x, Lanes::all(a));
}

// To base 2, of floats that are neither below 0 nor subnormal; about -127 of 0. The polynomial is
// of least relative error: 1.7e-7, before rounding. 1 has exactly 0.
BATCHWARP_INLINE Lanes::Float logarithm(Lanes::Float v) {
    // From sqrt(1/2) to sqrt(2), times a power of 2.
    constexpr int32_t half_root = 0x3f3504f3;
    const Lanes::Int bits = Lanes::bits_of(v);
    const Lanes::Int exponent =
        Lanes::shift_right<23>(Lanes::subtract(bits, Lanes::all(half_root)));
    const Lanes::Float x = Lanes::subtract(
        Lanes::of_bits(Lanes::subtract(bits, Lanes::shift_left<23>(exponent))), Lanes::all(1.0f));
    // By pairs, of which few wait for each other.
    const Lanes::Float x2 = Lanes::multiply(x, x), x4 = Lanes::multiply(x2, x2);
    // NOLINTNEXTLINE(modernize-use-std-numbers): a coefficient, and not quite that number
    const Lanes::Float lowest = linear(1.442694902f, -0.7213528156f, x);
    const Lanes::Float low =
        Lanes::multiply_add(linear(0.4809232354f, -0.3602396250f, x), x2, lowest);
    const Lanes::Float high = Lanes::multiply_add(linear(0.2340424210f, -0.1458115876f, x), x2,
                                                  linear(0.2870987058f, -0.2488769144f, x));
    return Lanes::multiply_add(x, Lanes::multiply_add(high, x4, low), Lanes::to_float(exponent));
}

// 2^y, for y from -126 to 127. The polynomial has 9.1e-8; of 0 exactly 1.
BATCHWARP_INLINE Lanes::Float power_of_two(Lanes::Float y) {
    // A sum with it has no places behind the point, and is whole in the lowest bits.
    const Lanes::Float whole_places = Lanes::all(0x1.8p23f);
    const Lanes::Float sum = Lanes::add(y, whole_places);
    const Lanes::Float x = Lanes::subtract(y, Lanes::subtract(sum, whole_places));
    const Lanes::Float x2 = Lanes::multiply(x, x);
    const Lanes::Float high = Lanes::multiply_add(linear(0.009671512991f, 0.001326472732f, x), x2,
                                                  linear(0.2402224243f, 0.05550733581f, x));
    // NOLINTNEXTLINE(modernize-use-std-numbers): a coefficient, and not quite that number
    const Lanes::Float rest = Lanes::multiply_add(high, x2, linear(1.0f, 0.6931470037f, x));
    const Lanes::Int exponent = Lanes::shift_left<23>(Lanes::bits_of(sum));
    return Lanes::of_bits(Lanes::add(Lanes::bits_of(rest), exponent));
}

// What becomes of values. Errors add up to 2e-4 of 255 for exponents up to 7, most of them from
// rounding. Black stays black, white white, and NaN NaN.
struct GammaCurve {
    float black, extent, factor, exponent, of_black;

    BATCHWARP_INLINE explicit GammaCurve(const ops::Gamma::Function<float>& function)
        : black(function.black()),
          extent(function.extent()),
          factor(1 / function.extent()),
          exponent(function.exponent()),
          of_black(function.exponent() > 0 ? 0.0f : 1.0f) {
        // Rounded up: then white is at least 1, and is clamped to it.
        if (factor * extent < 1)
            factor = __builtin_bit_cast(float, __builtin_bit_cast(int32_t, factor) + 1);
    }
    BATCHWARP_INLINE Lanes::Float operator()(Lanes::Float v) const {
        v = Lanes::multiply(Lanes::subtract(v, Lanes::all(black)), Lanes::all(factor));
        v = Lanes::clamp(v, Lanes::all(0.0f), Lanes::all(1.0f));
        const Lanes::Float y = Lanes::multiply(Lanes::all(exponent), logarithm(v));
        // 0 has no logarithm, and NaN is to stay: of all else this is far above 1.
        const Lanes::Float most =
            Lanes::multiply_add(v, Lanes::all(0x1p126f), Lanes::all(of_black));
        v = Lanes::min(power_of_two(Lanes::max(Lanes::all(-126.0f), y)), most);
        return Lanes::multiply_add(v, Lanes::all(extent), Lanes::all(black));
    }
};

BATCHWARP_INLINE void change(const ops::Gamma::Function<float>& function, float* data,
                             int64_t pixels, int32_t channels, int32_t) {
    const GammaCurve curve(function);
    const int64_t count = pixels * channels;
    int64_t i = 0;
    for (; i + Lanes::count <= count; i += Lanes::count)
        Lanes::store(data + i, curve(Lanes::load(data + i)));
    if (i == count) return;
    float rest[Lanes::count] = {};
    const auto bytes = static_cast<size_t>(count - i) * sizeof(float);
    memcpy(rest, data + i, bytes);
    Lanes::store(rest, curve(Lanes::load(rest)));
    memcpy(data + i, rest, bytes);
}

}  // namespace
}  // namespace batchwarp
