// What tables have for levels, on the tier's `Words` and `LevelTable`. Interleaved channels come
// apart first, so that a register needs one table only.

namespace batchwarp {
namespace {

constexpr int32_t level_group = 16 * Words::rows;  // pixels that come apart at a time
constexpr int32_t level_strip = 256;               // and that become values before the next ones do
static_assert(level_strip % level_group == 0 && level_group % Lanes::count == 0);

BATCHWARP_INLINE void look_up_strip(uint8_t* levels, const LevelTable& table, int32_t count) {
    for (int32_t i = 0; i < count; i += level_group)
        Words::store(levels + i, table(Words::load(levels + i)));
}

// Three channels of a group of pixels; the planes are `level_strip` bytes each.
BATCHWARP_INLINE void take_apart(const uint8_t* from, uint8_t* planes) {
    using W = Words;
    // Which of the bytes of three registers belong to each channel; the others become 0.
    alignas(16) static constexpr int8_t place[3][3][16] = {
        {{0, 3, 6, 9, 12, 15, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1},
         {-1, -1, -1, -1, -1, -1, 2, 5, 8, 11, 14, -1, -1, -1, -1, -1},
         {-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 1, 4, 7, 10, 13}},
        {{1, 4, 7, 10, 13, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1},
         {-1, -1, -1, -1, -1, 0, 3, 6, 9, 12, 15, -1, -1, -1, -1, -1},
         {-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 2, 5, 8, 11, 14}},
        {{2, 5, 8, 11, 14, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1},
         {-1, -1, -1, -1, -1, 1, 4, 7, 10, 13, -1, -1, -1, -1, -1, -1},
         {-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 0, 3, 6, 9, 12, 15}}};
    const uint8_t* lanes_from[W::rows];
    for (int k = 0; k < W::rows; ++k) lanes_from[k] = from + 48 * k;
    const auto a = W::gather(lanes_from, 0), b = W::gather(lanes_from, 16),
               c = W::gather(lanes_from, 32);
    for (int k = 0; k < 3; ++k) {
        const auto first = W::shuffle(a, W::repeat(place[k][0])),
                   second = W::shuffle(b, W::repeat(place[k][1])),
                   third = W::shuffle(c, W::repeat(place[k][2]));
        W::store(planes + k * level_strip, W::add(W::add(first, second), third));
    }
}

// Calls `write` with the place of whole vectors; what is left at the end goes through a buffer.
template <int Channels, class Write>
BATCHWARP_INLINE void write_values(int32_t pixels, float* to, Write&& write) {
    using L = Lanes;
    int32_t i = 0;
    for (; i + L::count <= pixels; i += L::count) write(i, to + Channels * i);
    if (i == pixels) return;
    float rest[Channels * L::count];
    write(i, rest);
    memcpy(to + Channels * i, rest, static_cast<size_t>(pixels - i) * Channels * sizeof(float));
}

void look_up_levels(const uint8_t* levels, int64_t pixels, int32_t channels,
                    const uint8_t (*tables)[256], float low, float factor, float* to) {
    using L = Lanes;
    const auto start = L::all(low), by = L::all(factor);
    alignas(64) uint8_t planes[3 * level_strip];
    const auto value = [&](const uint8_t* at) { return L::multiply_add(L::load(at), by, start); };
    const auto turned = [&](const uint8_t* at) {
        return L::of_bits(L::ordered_three(L::bits_of(value(at))));
    };
    for (int64_t done = 0; done < pixels; done += level_strip) {
        const int64_t left = pixels - done;
        const int32_t count = left < level_strip ? static_cast<int32_t>(left) : level_strip;
        const int32_t groups = (count + level_group - 1) & -level_group;
        const uint8_t* from = levels + done * channels;
        float* out = to + done * channels;
        if (channels == 1) {
            memcpy(planes, from, static_cast<size_t>(count));
            look_up_strip(planes, LevelTable(tables[0]), groups);
            write_values<1>(count, out,
                            [&](int32_t i, float* at) { L::store(at, value(planes + i)); });
            continue;
        }
        int32_t i = 0;
        for (; i + level_group <= count; i += level_group) take_apart(from + 3 * i, planes + i);
        if (i < count) {
            uint8_t rest[3 * level_group] = {};
            memcpy(rest, from + 3 * i, static_cast<size_t>(count - i) * 3);
            take_apart(rest, planes + i);
        }
        for (int k = 0; k < 3; ++k)
            look_up_strip(planes + k * level_strip, LevelTable(tables[k]), groups);
        write_values<3>(count, out, [&](int32_t k, float* at) {
            L::store_three(at, turned(planes + k), turned(planes + level_strip + k),
                           turned(planes + 2 * level_strip + k));
        });
    }
}

}  // namespace
}  // namespace batchwarp
