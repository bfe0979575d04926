// Normal random numbers, added to values.

namespace batchwarp {
namespace {

// Two normal numbers from two random words, by the method of Box and Muller: the first one is how
// far a point of the plane is from the middle, the second one in which direction. Angles are those
// of one quadrant, and the words' highest bits turn them into all four. Errors are below 2e-6.
BATCHWARP_INLINE void normal_numbers(Lanes::Int far, Lanes::Int direction, Lanes::Float& first,
                                     Lanes::Float& second) {
    // The upper 23 bits and a half, as digits behind the point.
    const Lanes::Int digits =
        Lanes::bits(Lanes::shift_right<9>(far), Lanes::all(int32_t{0x7fffff}));
    const Lanes::Float u =
        Lanes::subtract(Lanes::of_bits(Lanes::add(digits, Lanes::all(int32_t{0x3f800000}))),
                        Lanes::all(1 - 0x1p-24f));
    // Over the square root of 2, which the quadrant's middle brings in.
    // NOLINTNEXTLINE(modernize-use-std-numbers): of ln 2, and there is no standard library here
    const Lanes::Float square = Lanes::multiply(Lanes::all(-0.693147181f), logarithm(u));
    const Lanes::Float distance = Lanes::square_root(square);
    // Angles from the middle, to an eighth of a turn. The polynomials are those of Cephes' sinf and
    // cosf.
    constexpr float eighth = 0.785398163f * 0x1p-31f;
    const Lanes::Float x =
        Lanes::multiply(Lanes::to_float(Lanes::shift_left<2>(direction)), Lanes::all(eighth));
    const Lanes::Float x2 = Lanes::multiply(x, x);
    const Lanes::Float sine =
        Lanes::multiply_add(Lanes::multiply(x, x2),
                            Lanes::multiply_add(linear(8.3321608736e-3f, -1.9515295891e-4f, x2), x2,
                                                Lanes::all(-1.6666654611e-1f)),
                            x);
    const Lanes::Float cosine =
        Lanes::multiply_add(Lanes::multiply_add(linear(-1.388731625e-3f, 2.443315712e-5f, x2), x2,
                                                Lanes::all(4.166664568e-2f)),
                            Lanes::multiply(x2, x2), linear(1.0f, -0.5f, x2));
    const auto signed_by = [](Lanes::Int word, Lanes::Float v) {
        const Lanes::Int sign = Lanes::bits(word, Lanes::all(INT32_MIN));
        return Lanes::of_bits(Lanes::differing_bits(Lanes::bits_of(v), sign));
    };
    first = signed_by(direction, Lanes::multiply(distance, Lanes::subtract(cosine, sine)));
    second = signed_by(Lanes::shift_left<1>(direction),
                       Lanes::multiply(distance, Lanes::add(cosine, sine)));
}

// Of some counters, to the values that are theirs.
BATCHWARP_INLINE void add_numbers(const NoiseJob& job, const Lanes::Int (&words)[4],
                                  float* __restrict data) {
    Lanes::Float normal[4];
    normal_numbers(words[0], words[1], normal[0], normal[1]);
    normal_numbers(words[2], words[3], normal[2], normal[3]);
    for (int part = 0; part < 4; ++part) {
        float* const at = data + part * noise_counters;
        const Lanes::Float sum =
            Lanes::multiply_add(Lanes::all(job.deviation), normal[part], Lanes::load(at));
        Lanes::store(at, Lanes::clamp(sum, Lanes::all(job.low), Lanes::all(job.high)));
    }
}

// A whole block of numbers to as many values.
BATCHWARP_INLINE void add_noise_block(const NoiseJob& job, const PhiloxRounds& rounds,
                                      int64_t block, const int32_t* places,
                                      float* __restrict data) {
    // Single lanes become vectors of the compiler's only one by one.
    constexpr int32_t n = Lanes::count > 1 ? 2 : 1;
    const auto counter = static_cast<uint64_t>(block) * noise_counters;
    const Lanes::Int low = Lanes::all(static_cast<int32_t>(static_cast<uint32_t>(counter))),
                     high = Lanes::all(static_cast<int32_t>(counter >> 32)),
                     zero = Lanes::all(int32_t{0});
    for (int32_t k = 0; k < noise_counters; k += n * Lanes::count) {
        Lanes::Int x[n][4];
        for (int32_t i = 0; i < n; ++i) {
            x[i][0] = Lanes::add(low, Lanes::load(places + k + i * Lanes::count));
            x[i][1] = high;
            x[i][2] = x[i][3] = zero;
        }
        philox(x, rounds);
        for (int32_t i = 0; i < n; ++i) add_numbers(job, x[i], data + k + i * Lanes::count);
    }
}

void add_noise(const NoiseJob& job, float* data, int64_t count) {
    const PhiloxRounds rounds(job.key);
    int32_t places[noise_counters];
    for (int32_t k = 0; k < noise_counters; ++k) places[k] = k;
    int64_t block = job.first / noise_block, begin = job.first % noise_block;
    for (; count > 0; ++block, begin = 0) {
        const int64_t left = noise_block - begin, some = count < left ? count : left;
        if (some == noise_block) {
            add_noise_block(job, rounds, block, places, data);
        } else {
            float part[noise_block] = {};
            const auto bytes = static_cast<size_t>(some) * sizeof(float);
            memcpy(part + begin, data, bytes);
            add_noise_block(job, rounds, block, places, part);
            memcpy(data, part + begin, bytes);
        }
        data += some;
        count -= some;
    }
}

}  // namespace
}  // namespace batchwarp
