// Random numbers of many counters at once.

namespace batchwarp {
namespace {

// What is added to counters in each round.
struct PhiloxRounds {
    Lanes::Int first[philox_rounds], second[philox_rounds];

    BATCHWARP_INLINE explicit PhiloxRounds(PhiloxKey key) {
        for (int round = 0; round < philox_rounds; ++round) {
            first[round] = Lanes::all(static_cast<int32_t>(key.words[0]));
            second[round] = Lanes::all(static_cast<int32_t>(key.words[1]));
            key.words[0] += philox_first_step;
            key.words[1] += philox_second_step;
        }
    }
};

// Philox4x32-10 as in batchwarp/philox.hpp, in each lane for itself. A round waits for the one
// before it: two vectors side by side take little longer than one.
template <int n>
BATCHWARP_INLINE void philox(Lanes::Int (&counters)[n][4], const PhiloxRounds& rounds) {
    for (int round = 0; round < philox_rounds; ++round)
        for (Lanes::Int(&x)[4] : counters) {
            Lanes::Int a, b, a_high, b_high;
            Lanes::multiply_wide(x[0], philox_first_factor, a, a_high);
            Lanes::multiply_wide(x[2], philox_second_factor, b, b_high);
            x[0] = Lanes::differing_bits(Lanes::differing_bits(b_high, x[1]), rounds.first[round]);
            x[1] = b;
            x[2] = Lanes::differing_bits(Lanes::differing_bits(a_high, x[3]), rounds.second[round]);
            x[3] = a;
        }
}

void uniforms(PhiloxKey key, const uint32_t* sample_low, const uint32_t* sample_high,
              uint32_t epoch, uint32_t place, int64_t count, double* to) {
    constexpr int64_t most = 64;
    const PhiloxRounds rounds(key);
    for (int64_t i = 0; i < count; i += most) {
        const int64_t some = count - i < most ? count - i : most;
        // Whole vectors, of which not all lanes are used.
        int32_t low[most] = {}, high[most] = {};
        memcpy(low, sample_low + i, static_cast<size_t>(some) * sizeof(int32_t));
        memcpy(high, sample_high + i, static_cast<size_t>(some) * sizeof(int32_t));
        for (int64_t k = 0; k < some; k += Lanes::count) {
            Lanes::Int x[1][4] = {{Lanes::load(low + k), Lanes::load(high + k),
                                   Lanes::all(static_cast<int32_t>(epoch)),
                                   Lanes::all(static_cast<int32_t>(place))}};
            philox(x, rounds);
            Lanes::store(low + k, x[0][0]);
            Lanes::store(high + k, x[0][1]);
        }
        // The upper 53 of 64 bits, of which each half is a double without rounding. There are
        // instructions for signed integers only.
        for (int64_t k = 0; k < some; ++k) {
            const double upper = static_cast<double>(high[k] ^ INT32_MIN) + 0x1p31;
            const double lower =
                static_cast<double>(static_cast<int32_t>(static_cast<uint32_t>(low[k]) >> 11));
            to[i + k] = upper * 0x1p-32 + lower * 0x1p-53;
        }
    }
}

}  // namespace
}  // namespace batchwarp
