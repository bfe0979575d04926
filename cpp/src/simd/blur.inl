// Means of the lines around one.

namespace batchwarp {
namespace {

// So many registers at a time. Sums begin with the middle line, and the others add how far they
// are from it: what is the same in all lines stays as it is, to the last bit.
struct Around {
    static constexpr int parts = 4, count = parts * Vec::count;

    static BATCHWARP_INLINE Vec::Register load(const float* from) {
        Vec::Register v;
        memcpy(&v, from, sizeof v);
        return v;
    }
    static BATCHWARP_INLINE void blend(const float* const* lines, const float* weights,
                                       int32_t radius, int64_t at, float* to) {
        Vec::Register sum[parts], twice[parts];
        for (int p = 0; p < parts; ++p) {
            sum[p] = load(lines[radius] + at + p * Vec::count);
            twice[p] = Vec::add(sum[p], sum[p]);
        }
        for (int32_t k = 1; k <= radius; ++k) {
            const float *before = lines[radius - k] + at, *after = lines[radius + k] + at;
            const Vec::Register weight = Vec::all(weights[k]);
            for (int p = 0; p < parts; ++p) {
                const Vec::Register both =
                    Vec::add(load(before + p * Vec::count), load(after + p * Vec::count));
                sum[p] = Vec::multiply_add(weight, Vec::subtract(both, twice[p]), sum[p]);
            }
        }
        for (int p = 0; p < parts; ++p) memcpy(to + at + p * Vec::count, &sum[p], sizeof sum[p]);
    }
};

void blend_around(const float* const* lines, const float* weights, int32_t radius, int64_t count,
                  float* to) {
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
