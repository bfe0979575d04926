// Means of the lines around one, of few lines: of rows, and of columns, which are turned such that
// they are blurred as rows are.

namespace batchwarp {
namespace {

// Four neighbouring lines. One by one, not as an array, which compilers keep in memory.
struct FourLines {
    using Register = Vec::Register;
    static_assert(blur_lines == 4);

    Register a, b, c, d;

    static BATCHWARP_INLINE Register load(const float* from) {
        Register v;
        memcpy(&v, from, sizeof v);
        return v;
    }
    static BATCHWARP_INLINE FourLines load(const float* from, int64_t stride) {
        return {load(from), load(from + stride), load(from + 2 * stride), load(from + 3 * stride)};
    }
    BATCHWARP_INLINE FourLines times(Register weight) const {
        return {Turns::multiply(weight, a), Turns::multiply(weight, b), Turns::multiply(weight, c),
                Turns::multiply(weight, d)};
    }
    BATCHWARP_INLINE FourLines plus(Register weight, const FourLines& low,
                                    const FourLines& high) const {
        return {Vec::multiply_add(weight, Vec::add(low.a, high.a), a),
                Vec::multiply_add(weight, Vec::add(low.b, high.b), b),
                Vec::multiply_add(weight, Vec::add(low.c, high.c), c),
                Vec::multiply_add(weight, Vec::add(low.d, high.d), d)};
    }
};

// Four lines from those around them, `stride` values apart. What is loaded counts for all four
// that it is near to. The largest weights come first.
template <int radius>
struct NearLines {
    const BlurWeights& by;
    int64_t stride;

    // Adds what lines at distances from `k` on count. `low` and `high` are those one nearer, from
    // the places `below` and `above` on.
    template <int k>
    BATCHWARP_INLINE FourLines add(const FourLines& sums, const FourLines& low,
                                   const FourLines& high, const float* below,
                                   const float* above) const {
        if constexpr (k > radius) {
            return sums;
        } else {
            below -= stride;
            above += stride;
            const FourLines lower = {FourLines::load(below), low.a, low.b, low.c};
            const FourLines higher = {high.b, high.c, high.d, FourLines::load(above)};
            return add<k + 1>(sums.plus(Vec::all(by.weights[k - 1]), lower, higher), lower, higher,
                              below, above);
        }
    }

    // `from`: of the first of the four.
    BATCHWARP_INLINE void blend(const float* from, float* const* to, int64_t at) const {
        from += at;
        const FourLines middle = FourLines::load(from, stride);
        const FourLines more = add<1>(middle.times(Vec::all(by.middle)), middle, middle, from,
                                      from + (blur_lines - 1) * stride);
        const auto least = Vec::all(by.least);
        const FourLines sums = {
            Turns::add_beyond(middle.a, more.a, least), Turns::add_beyond(middle.b, more.b, least),
            Turns::add_beyond(middle.c, more.c, least), Turns::add_beyond(middle.d, more.d, least)};
        memcpy(to[0] + at, &sums.a, sizeof sums.a);
        memcpy(to[1] + at, &sums.b, sizeof sums.b);
        memcpy(to[2] + at, &sums.c, sizeof sums.c);
        memcpy(to[3] + at, &sums.d, sizeof sums.d);
    }
};

template <int radius>
void blend_near_lines(const BlurWeights& by, const float* from, int64_t stride, int64_t count,
                      float* const* to) {
    const NearLines<radius> near{by, stride};
    const float* const first = from + radius * stride;
    int64_t i = 0;
    for (; i + Vec::count <= count; i += Vec::count) near.blend(first, to, i);
    if (i == count) return;
    if (count >= Vec::count) return near.blend(first, to, count - Vec::count);  // some once more
    float rest[blur_lines][Vec::count];
    float lines[(2 * radius + blur_lines) * Vec::count] = {};
    for (int k = 0; k < 2 * radius + blur_lines; ++k)
        memcpy(lines + k * Vec::count, from + k * stride,
               static_cast<size_t>(count) * sizeof(float));
    float* const to_rest[blur_lines] = {rest[0], rest[1], rest[2], rest[3]};
    NearLines<radius>{by, Vec::count}.blend(lines + radius * Vec::count, to_rest, 0);
    for (int q = 0; q < blur_lines; ++q)
        memcpy(to[q], rest[q], static_cast<size_t>(count) * sizeof(float));
}

using BlendNearLines = void (*)(const BlurWeights&, const float*, int64_t, int64_t, float* const*);

constexpr BlendNearLines blend_near_lines_of[blur_near + 1] = {
    nullptr,
    nullptr,
    nullptr,
    nullptr,
    blend_near_lines<4>,
    blend_near_lines<5>,
    blend_near_lines<6>,
    blend_near_lines<7>,
    blend_near_lines<8>,
    blend_near_lines<9>,
};

void blur_four_rows(const BlurWeights& by, const float* from, int64_t stride, int64_t count,
                    float* const* to) {
    blend_near_lines_of[by.radius](by, from, stride, count, to);
}

// Rows are turned so many values at a time.
struct Turned {
    static constexpr int side = Vec::count;
    Vec::Register line[side];

    static BATCHWARP_INLINE Turned of(const uint8_t* const* row, int64_t at) {
        Turned turned;
        Turns::turn_bytes(row, at, turned.line);
        return turned;
    }
    static BATCHWARP_INLINE Turned of(const float* const* row, int64_t at) {
        Turned turned;
        for (int r = 0; r < side; ++r) turned.line[r] = FourLines::load(row[r] + at);
        Turns::turn(turned.line);
        return turned;
    }
    BATCHWARP_INLINE void limit(float low, float high) {
        for (auto& each : line) each = Turns::clamp(each, Vec::all(low), Vec::all(high));
    }
    BATCHWARP_INLINE void store(float* to) const {
        for (int k = 0; k < side; ++k) memcpy(to + k * side, &line[k], sizeof line[k]);
    }
};

// Columns `begin` to `end` of the rows, to `to`: a vector of all rows for each.
template <class S>
void turn_rows(const BlurRows& job, const S* data, int64_t begin, int64_t end, float* to) {
    constexpr int side = Turned::side;
    const bool limits = sizeof(S) > 1 || job.low > 0 || job.high < 255;
    const S* row[side];
    for (int r = 0; r < side; ++r)  // those that are not there are like the last one
        row[r] = data + (r < job.rows ? r : job.rows - 1) * job.stride;
    const auto turn = [&](int64_t at) {
        Turned turned = Turned::of(row, at);
        if (limits) turned.limit(job.low, job.high);
        return turned;
    };
    int64_t i = begin;
    for (; i + side <= end; i += side) turn(i).store(to + (i - begin) * side);
    if (i == end) return;
    if (end - begin >= side) return turn(end - side).store(to + (end - side - begin) * side);
    S rest[side][side] = {};
    for (int r = 0; r < side; ++r) {
        memcpy(rest[r], row[r] + i, static_cast<size_t>(end - i) * sizeof(S));
        row[r] = rest[r];
    }
    float all[side * side];
    turn(0).store(all);
    memcpy(to, all, static_cast<size_t>((end - i) * side) * sizeof(float));
}

// And back: `count` columns to the rows, which have room for whole registers.
void turn_back(const float* from, int64_t count, const BlurRows& job, float* to) {
    constexpr int side = Turned::side;
    const int64_t stride = job.to_stride;
    const int32_t rows = job.rows;
    for (int64_t i = 0; i < count; i += side) {
        Turned turned;
        for (int k = 0; k < side; ++k) turned.line[k] = FourLines::load(from + (i + k) * side);
        Turns::turn(turned.line);
        const auto put = [&](int r) {
            memcpy(to + r * stride + i, &turned.line[r], sizeof turned.line[r]);
        };
        if (rows == side)
            for (int r = 0; r < side; ++r) put(r);
        else
            for (int r = 0; r < rows; ++r) put(r);
    }
}

int64_t mirrored_pixel(int64_t i, int64_t extent) {
    if (extent == 1) return 0;
    const int64_t period = 2 * (extent - 1), folded = (i % period + period) % period;
    return folded < extent ? folded : period - folded;
}

// Below this radius turning takes longer than it saves.
constexpr int32_t blur_near_from = Vec::count >= 16 ? 4 : 7;
constexpr int32_t blur_rows_at_once = Turned::side;
static_assert(blur_near_from >= 4);  // the first in the table

void blur_rows(const BlurRows& job) {
    constexpr int side = Turned::side;
    const int64_t radius = job.by->radius, step = job.channels, pixel = step * side;
    const BlendNearLines blend = blend_near_lines_of[radius];
    for (int64_t from = 0; from < job.width; from += job.tile) {
        const int64_t left = job.width - from, count = left < job.tile ? left : job.tile;
        const int64_t first = from - radius, last = from + count + radius;  // of what is needed
        const int64_t begin = first < 0 ? 0 : first, end = last < job.width ? last : job.width;
        const auto place = [&](int64_t x) { return job.work + (x - first) * pixel; };
        if (job.bytes != nullptr)
            turn_rows(job, job.bytes, begin * step, end * step, place(begin));
        else
            turn_rows(job, job.values, begin * step, end * step, place(begin));
        const auto mirror = [&](int64_t x) {
            const int64_t like = mirrored_pixel(x, job.width);
            memcpy(place(x), place(like), static_cast<size_t>(pixel) * sizeof(float));
        };
        for (int64_t x = first; x < begin; ++x) mirror(x);
        for (int64_t x = end; x < last; ++x) mirror(x);
        // Whole groups are blurred; what the last one has too many of is not read.
        for (int64_t x = last; x < last + blur_lines - 1; ++x)
            memset(place(x), 0, static_cast<size_t>(pixel) * sizeof(float));
        // Over what no others need any more.
        for (int64_t x = 0; x < count; x += blur_lines) {
            float* const at = job.work + x * pixel;
            float* const to[blur_lines] = {at, at + pixel, at + 2 * pixel, at + 3 * pixel};
            blend(*job.by, at, pixel, pixel, to);
        }
        turn_back(job.work, count * step, job, job.to + from * step);
    }
}

}  // namespace
}  // namespace batchwarp
