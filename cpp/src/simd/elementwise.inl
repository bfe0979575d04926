// Loops over values, written once; each tier compiles them with its own flags. The fixed number of
// lanes makes them vectors without -ffast-math, and makes the sums the same in every tier. It is
// large because GCC unrolls short loops before it looks for vectors, and then finds none.

namespace batchwarp {
namespace {

constexpr int lanes = 64;

void convert_u8(const uint8_t* from, float* to, int64_t count) {
    for (int64_t i = 0; i < count; ++i) to[i] = static_cast<float>(from[i]);
}

void convert_u16(const uint16_t* from, float* to, int64_t count) {
    for (int64_t i = 0; i < count; ++i) to[i] = static_cast<float>(from[i]);
}

// Makes of `2 * half` results of lanes one, the first: each step halves them, so that none waits
// for more than some others.
template <int half, class Join>
BATCHWARP_INLINE void fold(const Join& join) {
    for (int k = 0; k < half; ++k) join(k, k + half);
    if constexpr (half > 1) fold<half / 2>(join);
}

void min_max(const float* data, int64_t count, float* low, float* high) {
    const float infinity = HUGE_VALF;
    float lows[lanes], highs[lanes];
    for (int k = 0; k < lanes; ++k) {
        lows[k] = infinity;
        highs[k] = -infinity;
    }
    const auto include = [&](int k, float v) {
        lows[k] = v < lows[k] ? v : lows[k];
        highs[k] = v > highs[k] ? v : highs[k];
    };
    if (count < lanes) {
        for (int k = 0; k < count; ++k) include(k, data[k]);
    } else {
        for (int64_t i = 0; i + lanes < count; i += lanes)
            for (int k = 0; k < lanes; ++k) include(k, data[i + k]);
        // The last ones end with the data. Some count twice, which changes nothing.
        for (int k = 0; k < lanes; ++k) include(k, data[count - lanes + k]);
    }
    fold<lanes / 2>([&](int k, int other) {
        lows[k] = lows[other] < lows[k] ? lows[other] : lows[k];
        highs[k] = highs[other] > highs[k] ? highs[other] : highs[k];
    });
    *low = lows[0];
    *high = highs[0];
}

// floor(v + 0.5), saturated to 0 to 255; NaN becomes 0.
void round_to_bytes(float* data, int64_t count) {
    for (int64_t i = 0; i < count; ++i) {
        float v = data[i] > 0 ? data[i] + 0.5f : 0.0f;
        v = v < 255 ? v : 255.0f;
        data[i] = static_cast<float>(static_cast<int32_t>(v));
    }
}

void store_bytes(const float* from, int64_t count, float more, uint8_t* to) {
    const Lanes::Float addend = Lanes::all(more), least = Lanes::all(0.0f),
                       most = Lanes::all(255.0f);
    const auto some = [&](const float* values, uint8_t* bytes) {
        constexpr int n = Lanes::count;
        int32_t whole[lanes];  // single lanes become vectors in one loop after the other
        for (int k = 0; k < lanes; k += n) {
            const Lanes::Float v = Lanes::add(Lanes::load(values + k), addend);
            Lanes::store(whole + k, Lanes::truncated(Lanes::min(Lanes::max(v, least), most)));
        }
        const auto at = [&whole](int k) { return Lanes::load(whole + k); };
        for (int k = 0; k < lanes; k += 4 * n)
            Lanes::store_bytes(bytes + k, at(k), at(k + n), at(k + 2 * n), at(k + 3 * n));
    };
    int64_t i = 0;
    for (; i + lanes <= count; i += lanes) some(from + i, to + i);
    if (i == count) return;
    float rest[lanes] = {};
    uint8_t bytes[lanes];
    const auto left = static_cast<size_t>(count - i);
    memcpy(rest, from + i, left * sizeof(float));
    some(rest, bytes);
    memcpy(to + i, bytes, left);
}

void store_halves(const float* __restrict from, int64_t count, uint16_t* __restrict to) {
    constexpr int n = Lanes::count;
    int64_t i = 0;
    for (; i + n <= count; i += n) Lanes::store_halves(to + i, Lanes::load(from + i));
    if (i == count) return;
    float rest[n] = {};
    uint16_t halves[n];
    const auto left = static_cast<size_t>(count - i);
    memcpy(rest, from + i, left * sizeof(float));
    Lanes::store_halves(halves, Lanes::load(rest));
    memcpy(to + i, halves, left * sizeof(uint16_t));
}

void move_towards(float* data, const float* other, float share, int64_t count) {
    for (int64_t i = 0; i < count; ++i) data[i] += share * (other[i] - data[i]);
}

// The pattern of shifts and scales repeats every `channels` values; spread over a whole number of
// vectors it turns into a plain loop.
template <int Channels>
BATCHWARP_INLINE void normalize_fixed(float* data, int64_t pixels, const float* shift,
                                      const float* scale) {
    constexpr int period = lanes * Channels;
    float shifts[period], scales[period];
    for (int k = 0; k < period; ++k) {
        shifts[k] = shift[k % Channels];
        scales[k] = scale[k % Channels];
    }
    const int64_t count = pixels * Channels;
    int64_t i = 0;
    for (; i + period <= count; i += period)
        for (int k = 0; k < period; ++k) data[i + k] = (data[i + k] - shifts[k]) * scales[k];
    for (int k = 0; i + k < count; ++k) data[i + k] = (data[i + k] - shifts[k]) * scales[k];
}

void normalize(float* data, int64_t pixels, int32_t channels, const float* shift,
               const float* scale) {
    switch (channels) {
        case 1:
            return normalize_fixed<1>(data, pixels, shift, scale);
        case 3:
            return normalize_fixed<3>(data, pixels, shift, scale);
        case 4:
            return normalize_fixed<4>(data, pixels, shift, scale);
        default:
            break;
    }
    for (int64_t i = 0; i < pixels; ++i, data += channels)
        for (int32_t c = 0; c < channels; ++c) data[c] = (data[c] - shift[c]) * scale[c];
}

constexpr int moment_lanes = 32, moment_vectors = moment_lanes / Lanes::count;

// Sums of lanes, in single precision.
struct LaneSums {
    using L = Lanes;
    L::Float of[moment_vectors];

    BATCHWARP_INLINE LaneSums() {
        for (L::Float& one : of) one = L::all(0.0f);
    }
    BATCHWARP_INLINE void add(const LaneSums& other) {
        for (int k = 0; k < moment_vectors; ++k) of[k] = L::add(of[k], other.of[k]);
    }
    BATCHWARP_INLINE double total() const {
        float sums[moment_lanes];
        for (int k = 0; k < moment_vectors; ++k) L::store(sums + k * L::count, of[k]);
        fold<moment_lanes / 2>([&](int k, int other) { sums[k] += sums[other]; });
        return static_cast<double>(sums[0]);
    }
};

struct MomentSums {
    LaneSums values, squares;

    // Of 32 values.
    BATCHWARP_INLINE void include(const float* data, Lanes::Float origin) {
        using L = Lanes;
        for (int k = 0; k < moment_vectors; ++k) {
            const L::Float d = L::subtract(L::load(data + k * L::count), origin);
            values.of[k] = L::add(values.of[k], d);
            squares.of[k] = L::multiply_add(d, d, squares.of[k]);
        }
    }
    BATCHWARP_INLINE void add(const MomentSums& other) {
        values.add(other.values);
        squares.add(other.squares);
    }
};

// A lane adds up 16 values, some such sums become one, and those go on in double: conversions of
// all values would take most of the time.
void moments(const float* data, int64_t count, double origin, double* sum, double* squares) {
    constexpr int64_t run = 16 * moment_lanes, block = 4 * run;
    const auto about = static_cast<float>(origin);
    const Lanes::Float from = Lanes::all(about);
    *sum = *squares = 0;
    for (int64_t i = 0; i < count;) {
        const int64_t end = count - i < block ? count : i + block;
        MomentSums of_block;
        while (i + moment_lanes <= end) {
            const int64_t stop = end - i < run ? end - moment_lanes + 1 : i + run;
            MomentSums of_run;
            for (; i < stop; i += moment_lanes) of_run.include(data + i, from);
            of_block.add(of_run);
        }
        if (i < end) {
            float rest[moment_lanes];
            for (int k = 0; k < moment_lanes; ++k) rest[k] = i + k < end ? data[i + k] : about;
            of_block.include(rest, from);
            i = end;
        }
        *sum += of_block.values.total();
        *squares += of_block.squares.total();
    }
}

}  // namespace
}  // namespace batchwarp
