// What JPEG computes with, in vectors of which compilers make those of other processors than x86
// and AArch64. Tests hold them against the tier in use.

// Casts between vectors keep their bits.
// NOLINTBEGIN(modernize-avoid-c-style-cast)

namespace batchwarp {
namespace {

struct Samples {
    typedef int16_t Register __attribute__((vector_size(16)));
    typedef uint16_t Unsigned __attribute__((vector_size(16)));
    typedef int32_t Wide __attribute__((vector_size(16)));
    typedef uint32_t UnsignedWide __attribute__((vector_size(16)));
    typedef int8_t Bytes __attribute__((vector_size(16)));
    using Float = Four;
    static constexpr int count = 8;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    static constexpr bool little = true;
#else
    static constexpr bool little = false;
#endif

    template <int Stride>
    static BATCHWARP_INLINE Register load(const int16_t* from) {
        return repeat(from);
    }
    template <int Stride>
    static BATCHWARP_INLINE Float load(const float* from) {
        return load_four(from);
    }
    template <int Stride>
    static BATCHWARP_INLINE void store(int16_t* to, Register v) {
        memcpy(to, &v, sizeof v);
    }
    template <int Stride>
    static BATCHWARP_INLINE void store(float* to, Float v) {
        store_four(to, v);
    }
    static BATCHWARP_INLINE Register repeat(const void* from) {
        Register v;
        memcpy(&v, from, sizeof v);
        return v;
    }
    static BATCHWARP_INLINE void store_saturated(uint8_t* to, Register v) {
        const Register bytes = saturated(v, v);
        memcpy(to, &bytes, count);
    }
    static BATCHWARP_INLINE Register all(int32_t v) {
        const auto each = static_cast<int16_t>(v);
        return Register{each, each, each, each, each, each, each, each};
    }
    static BATCHWARP_INLINE Register all_wide(int32_t v) { return (Register)Wide{v, v, v, v}; }
    static BATCHWARP_INLINE Float all(float v) { return all_four(v); }

    // Unsigned, since they wrap around.
    static BATCHWARP_INLINE Register add(Register a, Register b) {
        return (Register)((Unsigned)a + (Unsigned)b);
    }
    static BATCHWARP_INLINE Register subtract(Register a, Register b) {
        return (Register)((Unsigned)a - (Unsigned)b);
    }
    static BATCHWARP_INLINE Register multiply(Register a, Register b) {
        return (Register)((Unsigned)a * (Unsigned)b);
    }
    static BATCHWARP_INLINE Register clamp(Register v, Register low, Register high) {
        v = v < low ? low : v;
        return v > high ? high : v;
    }
    static BATCHWARP_INLINE Register absolute(Register v) { return with_sign(v, v); }
    static BATCHWARP_INLINE Register with_sign(Register v, Register of) {
        const Register sign = of >> 15;
        return subtract(v ^ sign, sign);
    }
    static BATCHWARP_INLINE Register multiply_high(Register a, Register b) {
        const Wide even = first(a) * first(b) >> 16, odd = second(a) * second(b) >> 16;
        return both(even, odd);
    }
    static BATCHWARP_INLINE Register multiply_high_unsigned(Register a, Register b) {
        const auto low = [](Register v) { return (UnsignedWide)v & 0xffff; };
        const auto high = [](Register v) { return (UnsignedWide)v >> 16; };
        return both((Wide)(low(a) * low(b) >> 16), (Wide)(high(a) * high(b) >> 16));
    }
    template <int n>
    static BATCHWARP_INLINE Register shift_left(Register v) {
        return (Register)((Unsigned)v << n);
    }
    template <int n>
    static BATCHWARP_INLINE Register shift_right(Register v) {
        return v >> n;
    }
    template <int Size>
    static BATCHWARP_INLINE Register zip_low(Register a, Register b) {
        if constexpr (Size == 1)
            return mixed_bytes<0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23>(a, b);
        else if constexpr (Size == 2)
            return mixed<0, 8, 1, 9, 2, 10, 3, 11>(a, b);
        else if constexpr (Size == 4)
            return mixed<0, 1, 8, 9, 2, 3, 10, 11>(a, b);
        else
            return mixed<0, 1, 2, 3, 8, 9, 10, 11>(a, b);
    }
    template <int Size>
    static BATCHWARP_INLINE Register zip_high(Register a, Register b) {
        if constexpr (Size == 1)
            return mixed_bytes<8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31>(a, b);
        else if constexpr (Size == 2)
            return mixed<4, 12, 5, 13, 6, 14, 7, 15>(a, b);
        else if constexpr (Size == 4)
            return mixed<4, 5, 12, 13, 6, 7, 14, 15>(a, b);
        else
            return mixed<4, 5, 6, 7, 12, 13, 14, 15>(a, b);
    }
    static BATCHWARP_INLINE Register low_bytes(Register v) {
        return little ? zip_low<1>(v, all(0)) : zip_low<1>(all(0), v);
    }
    static BATCHWARP_INLINE Register high_bytes(Register v) {
        return little ? zip_high<1>(v, all(0)) : zip_high<1>(all(0), v);
    }
    static BATCHWARP_INLINE Register saturated(Register low, Register high) {
        low = clamp(low, all(0), all(255));
        high = clamp(high, all(0), all(255));
        if constexpr (little)
            return mixed_bytes<0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30>(low,
                                                                                          high);
        else
            return mixed_bytes<1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31>(low,
                                                                                          high);
    }
    static BATCHWARP_INLINE Register repeat_first(Register v) { return all(v[0]); }
    static BATCHWARP_INLINE Register without_first(Register v) {
        v[0] = 0;
        return v;
    }
    static BATCHWARP_INLINE Register merged_bits(Register a, Register b) { return a | b; }
    static BATCHWARP_INLINE bool is_zero(Register v) {
        uint64_t half[2];
        memcpy(half, &v, sizeof half);
        return (half[0] | half[1]) == 0;
    }

    static BATCHWARP_INLINE Register add_products(Register a, Register b) {
        return (Register)(first(a) * first(b) + second(a) * second(b));
    }
    static BATCHWARP_INLINE Register add_wide(Register a, Register b) {
        return (Register)((Wide)a + (Wide)b);
    }
    static BATCHWARP_INLINE Register subtract_wide(Register a, Register b) {
        return (Register)((Wide)a - (Wide)b);
    }
    template <int n>
    static BATCHWARP_INLINE Register shift_right_wide(Register v) {
        return (Register)((Wide)v >> n);
    }
    static BATCHWARP_INLINE Register narrow(Register a, Register b) {
        if constexpr (little)
            return mixed<0, 2, 4, 6, 8, 10, 12, 14>(a, b);
        else
            return mixed<1, 3, 5, 7, 9, 11, 13, 15>(a, b);
    }

    static BATCHWARP_INLINE Float add(Float a, Float b) { return a + b; }
    static BATCHWARP_INLINE Float subtract(Float a, Float b) { return a - b; }
    static BATCHWARP_INLINE Float multiply(Float a, Float b) { return a * b; }
    static BATCHWARP_INLINE Float divide(Float a, Float b) { return a / b; }
    static BATCHWARP_INLINE Float bring_within(Float v, Float low, Float high) {
        v = v > low ? v : low;
        return v < high ? v : high;
    }
    template <int i, int j, int k, int l>
    static BATCHWARP_INLINE Float pick(Float a, Float b) {
#if defined(__clang__)
        return __builtin_shufflevector(a, b, i, j, k + 4, l + 4);
#else
        return __builtin_shuffle(a, b, Wide{i, j, k + 4, l + 4});
#endif
    }
    static BATCHWARP_INLINE Register truncated(Float v) {
        return (Register) __builtin_convertvector(v, Wide);
    }
    static BATCHWARP_INLINE Float of_bits(Register v) { return (Float)v; }

  private:
    /// Of every pair, one sample: which of them is the first makes no difference.
    static BATCHWARP_INLINE Wide first(Register v) { return (Wide)((UnsignedWide)v << 16) >> 16; }
    static BATCHWARP_INLINE Wide second(Register v) { return (Wide)v >> 16; }
    static BATCHWARP_INLINE Register both(Wide first, Wide second) {
        return (Register)(((UnsignedWide)first & 0xffff) | (UnsignedWide)second << 16);
    }
    template <int... bytes>
    static BATCHWARP_INLINE Register mixed_bytes(Register a, Register b) {
#if defined(__clang__)
        return (Register)__builtin_shufflevector((Bytes)a, (Bytes)b, bytes...);
#else
        return (Register)__builtin_shuffle((Bytes)a, (Bytes)b, Bytes{bytes...});
#endif
    }
    template <int... lanes>
    static BATCHWARP_INLINE Register mixed(Register a, Register b) {
#if defined(__clang__)
        return __builtin_shufflevector(a, b, lanes...);
#else
        return __builtin_shuffle(a, b, Register{lanes...});
#endif
    }
};

static_assert(TierSamples<Samples>);

}  // namespace
}  // namespace batchwarp

// NOLINTEND(modernize-avoid-c-style-cast)
