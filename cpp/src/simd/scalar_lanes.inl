// The baseline's vectors, but for NEON's. One lane: plain C++, of which compilers make vectors
// where the instruction set has them.

namespace batchwarp {
namespace {

struct Lanes {
    static constexpr int32_t count = 1;
    using Float = float;
    using Int = int32_t;
    using Mask = bool;
    using Wide = double;

    static BATCHWARP_INLINE Float load(const float* from) { return *from; }
    static BATCHWARP_INLINE Int load(const int32_t* from) { return *from; }
    static BATCHWARP_INLINE Float load(const uint8_t* from) { return static_cast<Float>(*from); }
    static BATCHWARP_INLINE Wide load(const double* from) { return *from; }
    static BATCHWARP_INLINE void store(float* to, Float v) { *to = v; }
    static BATCHWARP_INLINE void store(int32_t* to, Int v) { *to = v; }
    static BATCHWARP_INLINE void store_bytes(uint8_t* to, Int a, Int b, Int c, Int d) {
        to[0] = static_cast<uint8_t>(a);
        to[1] = static_cast<uint8_t>(b);
        to[2] = static_cast<uint8_t>(c);
        to[3] = static_cast<uint8_t>(d);
    }
    static BATCHWARP_INLINE void store_halves(uint16_t* to, Float v) { *to = to_half(v).bits; }
    static BATCHWARP_INLINE void store_pairs(float* to, Float first, Float second) {
        to[0] = first;
        to[1] = second;
    }
    static BATCHWARP_INLINE void load_three(const float* from, Float& a, Float& b, Float& c) {
        a = from[0];
        b = from[1];
        c = from[2];
    }
    static BATCHWARP_INLINE void store_three(float* to, Float a, Float b, Float c) {
        to[0] = a;
        to[1] = b;
        to[2] = c;
    }
    static BATCHWARP_INLINE Int ordered_three(Int v) { return v; }
    static BATCHWARP_INLINE Float all(float v) { return v; }
    static BATCHWARP_INLINE Int all(int32_t v) { return v; }

    static BATCHWARP_INLINE Float add(Float a, Float b) { return a + b; }
    static BATCHWARP_INLINE Int add(Int a, Int b) {  // wraps around
        return static_cast<Int>(static_cast<uint32_t>(a) + static_cast<uint32_t>(b));
    }
    static BATCHWARP_INLINE Float subtract(Float a, Float b) { return a - b; }
    static BATCHWARP_INLINE Int subtract(Int a, Int b) { return a - b; }
    static BATCHWARP_INLINE Int multiply(Int a, Int b) {  // wraps around
        return static_cast<Int>(static_cast<uint32_t>(a) * static_cast<uint32_t>(b));
    }
    static BATCHWARP_INLINE Float multiply(Float a, Float b) { return a * b; }
    static BATCHWARP_INLINE Float multiply_add(Float a, Float b, Float c) { return a * b + c; }
    static BATCHWARP_INLINE Float divide(Float a, Float b) { return a / b; }
    static BATCHWARP_INLINE Float square_root(Float v) { return sqrtf(v); }
    static BATCHWARP_INLINE Float min(Float a, Float b) { return a < b ? a : b; }
    static BATCHWARP_INLINE Float max(Float a, Float b) { return a > b ? a : b; }
    static BATCHWARP_INLINE Float absolute(Float v) { return v < 0 ? -v : v; }
    static BATCHWARP_INLINE Float clamp(Float v, Float low, Float high) {
        v = v < low ? low : v;
        return v > high ? high : v;
    }
    static BATCHWARP_INLINE Int bits(Int v, Int mask) { return v & mask; }
    static BATCHWARP_INLINE Int differing_bits(Int a, Int b) { return a ^ b; }
    static BATCHWARP_INLINE void multiply_wide(Int a, uint32_t by, Int& low, Int& high) {
        const uint64_t product = static_cast<uint64_t>(static_cast<uint32_t>(a)) * by;
        low = static_cast<Int>(static_cast<uint32_t>(product));
        high = static_cast<Int>(static_cast<uint32_t>(product >> 32));
    }
    template <int n>
    static BATCHWARP_INLINE Int shift_left(Int v) {
        return v << n;
    }
    template <int n>
    static BATCHWARP_INLINE Int shift_right(Int v) {
        return v >> n;
    }
    template <int n>
    static BATCHWARP_INLINE Int sum_of_products(Int a, Int b, Int factors) {
        return (a >> n) * (factors & 0xffff) + (b >> n) * (factors >> 16);
    }
    static BATCHWARP_INLINE Int bits_of(Float v) { return __builtin_bit_cast(Int, v); }
    static BATCHWARP_INLINE Float of_bits(Int v) { return __builtin_bit_cast(Float, v); }
    static BATCHWARP_INLINE Float to_float(Int v) { return static_cast<Float>(v); }
    static BATCHWARP_INLINE Int clamp(Int v, Int low, Int high) {
        v = v < low ? low : v;
        return v > high ? high : v;
    }
    static BATCHWARP_INLINE Int max(Int a, Int b) { return a > b ? a : b; }
    static BATCHWARP_INLINE Int absolute(Int v) { return v < 0 ? -v : v; }
    static BATCHWARP_INLINE Int truncated(Float v) { return static_cast<Int>(v); }
    static BATCHWARP_INLINE Float without_fraction(Float v) {
        return static_cast<Float>(static_cast<Int>(v));
    }
    static BATCHWARP_INLINE Int whole_below(Float v) {
        const Int towards_zero = static_cast<Int>(v);
        return static_cast<Float>(towards_zero) > v ? towards_zero - 1 : towards_zero;
    }
    static BATCHWARP_INLINE Mask at_least(Float a, Float b) { return a >= b; }
    static BATCHWARP_INLINE Mask less(Int a, Int b) { return a < b; }
    static BATCHWARP_INLINE Float where(Mask m, Float yes, Float no) { return m ? yes : no; }
    static BATCHWARP_INLINE Int where(Mask m, Int yes, Int no) { return m ? yes : no; }
    static BATCHWARP_INLINE Mask either(Mask a, Mask b) { return a || b; }
    static BATCHWARP_INLINE bool any(Mask m) { return m; }
    static BATCHWARP_INLINE Float subtract_where(Mask m, Float a, Float b) { return m ? a - b : a; }
    static BATCHWARP_INLINE Int add_where(Mask m, Int a, Int b) { return m ? add(a, b) : a; }

    static BATCHWARP_INLINE Wide wide(double v) { return v; }
    static BATCHWARP_INLINE Wide ramp() { return 0; }
    static BATCHWARP_INLINE Wide add(Wide a, Wide b) { return a + b; }
    static BATCHWARP_INLINE Wide multiply_add(Wide a, Wide b, Wide c) { return a * b + c; }
    static BATCHWARP_INLINE Wide inverse(Wide v) { return 1 / v; }
    static BATCHWARP_INLINE Wide clamp(Wide v, Wide low, Wide high) {
        v = v < low ? low : v;
        return v > high ? high : v;
    }
    static BATCHWARP_INLINE bool within(Wide v, Wide low, Wide high) {
        return v >= low && v <= high;
    }
    template <int n>
    static BATCHWARP_INLINE Int low_bits(Wide v) {
        uint64_t bits;
        memcpy(&bits, &v, sizeof bits);
        return static_cast<Int>(static_cast<uint32_t>(bits >> n));
    }
};

// What sixteen.inl and blur.inl compute with.
struct Vec {
    using Register = Four;
    static constexpr int count = 4;

    static BATCHWARP_INLINE Four all(float v) { return all_four(v); }
    static BATCHWARP_INLINE Four add(Four a, Four b) { return a + b; }
    static BATCHWARP_INLINE Four subtract(Four a, Four b) { return a - b; }
    static BATCHWARP_INLINE Four multiply_add(Four a, Four b, Four c) { return a * b + c; }
};

static_assert(TierLanes<Lanes> && TierVec<Vec, Four>);

}  // namespace
}  // namespace batchwarp
