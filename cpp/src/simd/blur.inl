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

// Four neighbouring lines at a time, so that what is loaded counts for all of them. Here sums begin
// with the middle of the second one, which is not far from any.
struct FourAround {
    using Register = Vec::Register;
    static constexpr int outputs = blur_lines, base = 1;

    const float* const* lines;
    const float* weights;  // of the first line, for the first output
    float* const* to;

    // Adds what line k, `from` values on, is more than the base, to sums `first` to `last`.
    template <int first, int last, int parts>
    BATCHWARP_INLINE void add(int32_t k, int64_t from, const Register (&start)[parts],
                              Register (&sums)[outputs][parts]) const {
        Register more[parts];
        for (int p = 0; p < parts; ++p)
            more[p] = Vec::subtract(Around::load(lines[k] + from + p * Vec::count), start[p]);
        for (int q = first; q <= last; ++q) {
            const Register weight = Vec::all(weights[k - q]);
            for (int p = 0; p < parts; ++p)
                sums[q][p] = Vec::multiply_add(weight, more[p], sums[q][p]);
        }
    }

    // Lines at the ends are not near enough for all sums; what they hold must not matter, not even
    // by a weight of 0.
    template <int parts>
    BATCHWARP_INLINE void blend(int32_t radius, int64_t from) const {
        Register start[parts], sums[outputs][parts];
        for (int p = 0; p < parts; ++p)
            start[p] = Around::load(lines[radius + base] + from + p * Vec::count);
        for (auto& sum : sums)
            for (Register& part : sum) part = Vec::all(0.0f);
        const int32_t last = 2 * radius;
        add<0, 0>(0, from, start, sums);
        add<0, 1>(1, from, start, sums);
        add<0, 2>(2, from, start, sums);
        for (int32_t k = 3; k <= last; ++k) add<0, 3>(k, from, start, sums);
        add<1, 3>(last + 1, from, start, sums);
        add<2, 3>(last + 2, from, start, sums);
        add<3, 3>(last + 3, from, start, sums);
        for (int q = 0; q < outputs; ++q)
            for (int p = 0; p < parts; ++p) {
                const Register value = Vec::add(sums[q][p], start[p]);
                memcpy(to[q] + from + p * Vec::count, &value, sizeof value);
            }
    }
};

void blend_four_around(const float* const* lines, const float* weights, int32_t radius,
                       int64_t count, float* const* to) {
    static_assert(FourAround::outputs == 4);
    // Narrow registers are loaded as fast as they are computed with.
    constexpr int32_t worthwhile = Vec::count >= 16 ? 2 : Vec::count >= 8 ? 6 : INT32_MAX;
    if (radius < worthwhile) {
        for (int q = 0; q < FourAround::outputs; ++q)
            blend_around(lines + q, weights + radius, radius, count, to[q]);
        return;
    }
    const FourAround four{lines, weights, to};
    constexpr int parts = 2, most = parts * Vec::count;
    int64_t i = 0;
    for (; i + most <= count; i += most) four.blend<parts>(radius, i);
    for (; i + Vec::count <= count; i += Vec::count) four.blend<1>(radius, i);
    if (i == count) return;
    if (count >= Vec::count) return four.blend<1>(radius, count - Vec::count);  // some once more
    for (int q = 0; q < FourAround::outputs; ++q)
        for (int64_t k = 0; k < count; ++k) {
            const float start = lines[radius + FourAround::base][k];
            float sum = 0;
            for (int32_t l = q; l <= q + 2 * radius; ++l)
                sum += weights[l - q] * (lines[l][k] - start);
            to[q][k] = sum + start;
        }
}

}  // namespace
}  // namespace batchwarp
