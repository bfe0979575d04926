// What becomes of pixels whose taps lie outside of the image, where the border has fill values, or
// taps that are not adjacent. Few pixels are decided one by one, in double and in SciPy's order of
// operations.

namespace batchwarp {
namespace {

BATCHWARP_INLINE float normalized(const WarpJob& job, float value, int32_t channel) {
    return job.shift != nullptr ? (value - job.shift[channel]) * job.scale[channel] : value;
}

// Recomputes a border pixel.
BATCHWARP_INLINE void repair_pixel(const WarpJob& job, double y, double x, float* out) {
    const double last_y = job.height - 1, last_x = job.width - 1;
    if (job.border.coordinates == Extension::constant) {
        if (y >= 0 && y <= last_y && x >= 0 && x <= last_x) return;
        for (int32_t c = 0; c < job.channels; ++c)
            out[c] = normalized(job, static_cast<float>(job.cval), c);
        return;
    }
    y = map_coordinate(y, job.height, job.border.coordinates);
    x = map_coordinate(x, job.width, job.border.coordinates);
    const double floor_y = floor(y), floor_x = floor(x), fy = y - floor_y, fx = x - floor_x;
    double weights[4] = {(1 - fy) * (1 - fx), (1 - fy) * fx, fy * (1 - fx), fy * fx};
    const auto value = [&job](int64_t at) {
        return job.bytes != nullptr ? static_cast<double>(job.bytes[at])
                                    : static_cast<double>(job.source[at]);
    };
    int64_t taps[4];
    bool inside[4];
    for (int t = 0; t < 4; ++t) {
        const int64_t below = static_cast<int64_t>(floor_y) + t / 2,
                      right = static_cast<int64_t>(floor_x) + t % 2;
        const int64_t ty = map_tap(below, job.height, job.border.taps),
                      tx = map_tap(right, job.width, job.border.taps);
        inside[t] = ty >= 0 && tx >= 0;
        taps[t] = ty * job.source_row_stride + tx * job.pixel_step;
    }
    for (int32_t c = 0; c < job.channels; ++c) {
        double sum = 0;
        for (int t = 0; t < 4; ++t) sum += weights[t] * (inside[t] ? value(taps[t] + c) : job.cval);
        out[c] = normalized(job, static_cast<float>(sum), c);
    }
}

void repair_columns(const WarpJob& job, const Rows& rows, int32_t i, int32_t begin, int32_t end,
                    float* out) {
    for (int32_t c = begin; c < end; ++c) {
        const Position at = position_of(job, rows, i, c);
        repair_pixel(job, at.y, at.x, out + static_cast<int64_t>(c - begin) * job.channels);
    }
}

// The fill value of each channel, over and over.
struct Fill {
    static constexpr int32_t period = 48;  // a multiple of most channel counts
    float values[period];
    int32_t channels;

    BATCHWARP_INLINE void start(const WarpJob& job) {
        channels = job.channels;
        if (!repeats()) return;
        for (int32_t k = 0; k < period; ++k)
            values[k] = normalized(job, static_cast<float>(job.cval), k % channels);
    }
    BATCHWARP_INLINE bool repeats() const { return period % channels == 0; }

    void store(const WarpJob& job, int64_t pixels, float* out) const {
        int64_t count = pixels * channels;
        if (!repeats()) {
            for (; pixels > 0; --pixels)
                for (int32_t k = 0; k < channels; ++k)
                    *out++ = normalized(job, static_cast<float>(job.cval), k);
            return;
        }
        for (; count >= period; count -= period, out += period) memcpy(out, values, sizeof values);
        memcpy(out, values, static_cast<size_t>(count) * sizeof *values);
    }
};

// Repairs what lies outside of the interior in columns [begin, end) of row i, which are at `out`.
void repair_row(const WarpJob& job, const Rows& rows, const Fill& fill, int32_t i, int32_t begin,
                int32_t end, float* out) {
    const auto within = [](int32_t c, int32_t low, int32_t high) {
        return c < low ? low : c > high ? high : c;
    };
    // begin, filled, left, interior, right, filled, end
    const int32_t outer_begin = within(rows.outer_begin[i], begin, end);
    const int32_t outer_end = within(rows.outer_end[i], outer_begin, end);
    int32_t inner_begin = within(rows.interior_begin[i], outer_begin, outer_end);
    int32_t inner_end = within(rows.interior_end[i], outer_begin, outer_end);
    if (inner_begin >= inner_end) inner_begin = inner_end = outer_end;
    const auto at = [&](int32_t c) { return out + static_cast<int64_t>(c - begin) * job.channels; };
    fill.store(job, outer_begin - begin, out);
    repair_columns(job, rows, i, outer_begin, inner_begin, at(outer_begin));
    repair_columns(job, rows, i, inner_end, outer_end, at(inner_end));
    fill.store(job, end - outer_end, at(outer_end));
}

}  // namespace
}  // namespace batchwarp
