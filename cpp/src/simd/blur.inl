// Means of the lines around one.

namespace batchwarp {
namespace {

// So many registers at a time. Sums begin with the middle line, and the others add how far they
// are from it: what is the same in all lines stays as it is, to the last bit.
struct Around {
    static constexpr int parts = 4, count = parts * Vec::count;

    // One by one, not as arrays, which compilers keep in memory.
    Vec::Register a, b, c, d;

    static BATCHWARP_INLINE Vec::Register load(const float* from) {
        Vec::Register v;
        memcpy(&v, from, sizeof v);
        return v;
    }
    static BATCHWARP_INLINE Around all(const float* from) {
        return {load(from), load(from + Vec::count), load(from + 2 * Vec::count),
                load(from + 3 * Vec::count)};
    }
    BATCHWARP_INLINE void store(float* to) const {
        memcpy(to, &a, sizeof a);
        memcpy(to + Vec::count, &b, sizeof b);
        memcpy(to + 2 * Vec::count, &c, sizeof c);
        memcpy(to + 3 * Vec::count, &d, sizeof d);
    }
    BATCHWARP_INLINE Around operator+(const Around& v) const {
        return {Vec::add(a, v.a), Vec::add(b, v.b), Vec::add(c, v.c), Vec::add(d, v.d)};
    }
    BATCHWARP_INLINE Around operator-(const Around& v) const {
        return {Vec::subtract(a, v.a), Vec::subtract(b, v.b), Vec::subtract(c, v.c),
                Vec::subtract(d, v.d)};
    }
    BATCHWARP_INLINE Around plus(Vec::Register weight, const Around& v) const {
        return {Vec::multiply_add(weight, v.a, a), Vec::multiply_add(weight, v.b, b),
                Vec::multiply_add(weight, v.c, c), Vec::multiply_add(weight, v.d, d)};
    }

    static BATCHWARP_INLINE void blend(const float* const* lines, const float* weights,
                                       int32_t radius, int64_t at, float* to) {
        const Around middle = all(lines[radius] + at), twice = middle + middle;
        Around sum = middle;
        for (int32_t k = 1; k <= radius; ++k) {
            const Around both = all(lines[radius - k] + at) + all(lines[radius + k] + at);
            sum = sum.plus(Vec::all(weights[k]), both - twice);
        }
        sum.store(to + at);
    }
};

// Of few lines: where they are, and what they weigh, stays in registers.
template <int radius>
BATCHWARP_INLINE void blend_near(const float* const* lines, const float* weights, int64_t count,
                                 float* to) {
    const float* line[2 * radius + 1];
    Vec::Register weight[radius + 1];
    for (int k = 0; k <= 2 * radius; ++k) line[k] = lines[k];
    for (int k = 0; k <= radius; ++k) weight[k] = Vec::all(weights[k]);
    const auto blend = [&](int64_t i) {
        const Vec::Register middle = Around::load(line[radius] + i);
        const Vec::Register twice = Vec::add(middle, middle);
        Vec::Register sum = middle;
        for (int k = 1; k <= radius; ++k) {
            const Vec::Register both =
                Vec::add(Around::load(line[radius - k] + i), Around::load(line[radius + k] + i));
            sum = Vec::multiply_add(weight[k], Vec::subtract(both, twice), sum);
        }
        memcpy(to + i, &sum, sizeof sum);
    };
    int64_t i = 0;
    for (; i + Vec::count <= count; i += Vec::count) blend(i);
    if (i != count) blend(count - Vec::count);  // some of them once more
}

void blend_around(const float* const* lines, const float* weights, int32_t radius, int64_t count,
                  float* to) {
    if (count >= Vec::count) switch (radius) {
            case 1:
                return blend_near<1>(lines, weights, count, to);
            case 2:
                return blend_near<2>(lines, weights, count, to);
            case 3:
                return blend_near<3>(lines, weights, count, to);
            case 4:
                return blend_near<4>(lines, weights, count, to);
            case 5:
                return blend_near<5>(lines, weights, count, to);
            case 6:
                return blend_near<6>(lines, weights, count, to);
            default:
                break;
        }
    int64_t i = 0;
    for (; i + Around::count <= count; i += Around::count)
        Around::blend(lines, weights, radius, i, to);
    if (i == count) return;
    if (count >= Around::count)  // some of them once more
        return Around::blend(lines, weights, radius, count - Around::count, to);
    for (; i < count; ++i) {
        const float middle = lines[radius][i];
        float sum = middle;
        for (int32_t k = 1; k <= radius; ++k)
            sum += weights[k] * (lines[radius - k][i] + lines[radius + k][i] - 2 * middle);
        to[i] = sum;
    }
}

}  // namespace
}  // namespace batchwarp
