#include "color/pixel_steps.hpp"

#include <algorithm>
#include <limits>
#include <numeric>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include "color/blur.hpp"
#include "color/channels.hpp"
#include "color/interleaved.hpp"
#include "color/levels.hpp"
#include "color/linear_run.hpp"
#include "color/noise.hpp"
#include "jpeg/compression.hpp"
#include "ops/list.hpp"
#include "ops/neighbours.hpp"
#include "ops/scaling.hpp"
#include "pixels.hpp"
#include "runtime/scratch.hpp"
#include "simd/kernels.hpp"

namespace batchwarp {
namespace {

Range<float> range_of(const Planes<float>& image) noexcept {
    Range<float> range;
    kernels().min_max(image.data, image.count(), &range.low, &range.high);
    return range;
}

Range<double> range_of(const Planes<double>& image) noexcept {
    Range<double> even = Range<double>::none(), odd = even;  // two chains, which take half as long
    const std::int64_t count = image.count();
    std::int64_t i = 0;
    for (; i + 2 <= count; i += 2) {
        even.include(image.data[i]);
        odd.include(image.data[i + 1]);
    }
    if (i < count) even.include(image.data[i]);
    return even.with(odd);
}

// `pixels` pixels of `channels` interleaved values, the first of which is `channel`.
template <class Op>
void change(int operation, const ops::FunctionOf<Op, float>& function, float* data,
            std::int64_t pixels, std::int64_t channels, std::int64_t channel) noexcept {
    kernels().pixel[operation](&function, data, pixels, static_cast<std::int32_t>(channels),
                               static_cast<std::int32_t>(channel));
}

template <class Op>
void change(int, const ops::FunctionOf<Op, double>& function, double* data, std::int64_t pixels,
            std::int64_t channels, std::int64_t channel) noexcept {
    const ops::FunctionOf<Op, double> own = function;  // which `data` cannot change
    const int count = static_cast<int>(channels), first = static_cast<int>(channel);
    for (std::int64_t i = 0; i < pixels; ++i, data += channels) {
        if constexpr (ops::OfPixel<ops::FunctionOf<Op, double>, double>)
            own(data, count);
        else
            for (int c = 0; c < count; ++c) data[c] = own(data[c], first + c);
    }
}

// There are 256 results, which take longer to compute than to look up.
template <>
void change<ops::KerasBrightness>(int,
                                  const ops::FunctionOf<ops::KerasBrightness, double>& function,
                                  double* data, std::int64_t pixels, std::int64_t channels,
                                  std::int64_t channel) noexcept {
    const ops::FunctionOf<ops::KerasBrightness, double> own = function;
    double colors[256], alpha[256];
    for (int level = 0; level < 256; ++level) {
        colors[level] = own.brighter(level, 0);
        alpha[level] = own.brighter(level, 3);
    }
    const auto look_up = [&own, data](const double* results, std::int64_t from, std::int64_t count,
                                      std::int64_t step) {
        double* value = data + from;
        for (std::int64_t i = 0; i < count; ++i, value += step) *value = results[own.level(*value)];
    };
    const int first = static_cast<int>(channel), last = first + static_cast<int>(channels) - 1;
    if (first != last && own.is_alpha(last)) {
        for (int c = first; c <= last; ++c)
            look_up(own.is_alpha(c) ? alpha : colors, c - first, pixels, channels);
    } else {
        look_up(own.is_alpha(first) ? alpha : colors, 0, pixels * channels, 1);
    }
}

// Planes, to functions that want the channels of a pixel side by side.
template <class Op, class T>
void change_interleaved(int operation, const ops::FunctionOf<Op, T>& function,
                        const Planes<T>& image) {
    interleave(image, [&](T* data, std::int64_t, std::int64_t pixels) {
        change<Op>(operation, function, data, pixels, image.planes, 0);
    });
}

// A row of `count` values from itself, the one below and what was above.
template <class Op>
void change_row(int operation, const ops::FunctionOf<Op, float>& function, float* above, float* row,
                const float* below, float* sums, std::int64_t count, std::int64_t step) noexcept {
    kernels().row[operation](&function, above, row, below, sums, count, step);
}

template <class Op>
void change_row(int, const ops::FunctionOf<Op, double>& function, double* above, double* row,
                const double* below, double* sums, std::int64_t count, std::int64_t step) noexcept {
    ops::change_row(function, above, row, below, sums, count, step);
}

// Functions of neighbours see pixels as they were before, within limits. Pixels of the edges have
// no function. Rows of bytes are read just before they are needed.
template <class Op, class T>
void change_rows(int operation, const ops::FunctionOf<Op, T>& function, const Planes<T>& image,
                 const std::uint8_t* unread) {
    const std::int64_t step = image.channels, count = image.width * step;
    const std::int64_t height = image.pixels / image.width;
    const auto clip = [&](T value) { return function.limits().clip(value); };
    std::vector<T> memory(static_cast<std::size_t>(2 * count));
    T *const above = memory.data(), *const sums = above + count;
    for (std::int64_t p = 0; p < image.planes; ++p) {
        T* row = image.plane(p);
        const auto read = [&](std::int64_t r) {
            if (unread != nullptr) load_bytes(unread + r * count, count, image.data + r * count);
        };
        read(0);
        if (height > 1) read(1);
        std::transform(row, row + count, row, clip);
        std::copy_n(row, count, above);
        for (std::int64_t r = 2; r < height; ++r) {
            row += count;
            read(r);
            change_row<Op>(operation, function, above, row, row + count, sums, count, step);
        }
        if (height > 1) std::transform(row + count, row + 2 * count, row + count, clip);
    }
}

// Rows or columns, the first one and that behind the last.
struct Stretch {
    std::int64_t begin, end;
};

// Those of `count` from `first` on that are within `extent` of `at`, or of what is so far from it
// or from one that is. They are counted from `first`.
std::vector<Stretch> stretches(std::int64_t at, std::int64_t extent, std::int64_t every,
                               std::int64_t first, std::int64_t count) {
    std::vector<Stretch> found;
    at -= first;
    if (every > 0) {
        at %= every;
        if (at > 0) at -= every;  // the last one that begins before
    }
    do {
        const std::int64_t begin = std::clamp<std::int64_t>(at, 0, count);
        const std::int64_t end = std::clamp<std::int64_t>(at + extent, 0, count);
        if (begin < end) found.push_back({begin, end});
        at += every;
    } while (every > 0 && at < count);
    return found;
}

// Overwrites what of holes is in these rows of an image.
template <class Op, class T>
void fill(const Step& step, const double* parameters, const Planes<T>& image,
          const Scaling<T>* scaling) {
    const auto [window, every] = Op::holes(parameters);
    const std::vector<Stretch> rows =
        stretches(window.top, window.height, every, image.first_row, image.pixels / image.width);
    const std::vector<Stretch> columns =
        stretches(window.left, window.width, every, 0, image.width);
    if (rows.empty()) return;
    std::vector<T> values;
    for (std::int64_t c = 0; c < image.all_channels(); ++c) {
        const T value = static_cast<T>(Op::value(step.constants.data(), static_cast<int>(c)));
        values.push_back(scaling != nullptr ? scaling[c](value) : value);
    }
    const std::int64_t n = image.channels;
    for (std::int64_t p = 0; p < image.planes; ++p) {
        const auto row = [&](std::int64_t r) { return image.plane(p) + r * image.width * n; };
        T* const first = row(rows.front().begin);
        for (const auto [begin, end] : columns)
            for (std::int64_t i = begin; i < end; ++i)
                std::copy_n(values.data() + p * n, n, first + i * n);
        for (const auto [begin, end] : rows)
            for (std::int64_t r = begin; r < end; ++r)
                for (const Stretch& hole : columns)
                    if (row(r) != first)
                        std::copy_n(first + hole.begin * n, (hole.end - hole.begin) * n,
                                    row(r) + hole.begin * n);
    }
}

// The steps of a plan that change the pixels of one image.
template <class T>
class PixelSteps {
  public:
    PixelSteps(const Plan& plan, const double* row, const Planes<T>& image,
               const std::uint8_t* unread)
        : plan_(plan), row_(row), image_(image), unread_(unread), linear_(plan, image) {}

    // Whether values are normalised, too.
    bool run() {
        const std::span<const Step> steps = plan_.pixel_steps();
        auto last = steps.end();
        // What is overwritten at the end may be normalised like the rest before that.
        while (last != steps.begin() && (!applies(*(last - 1)) || fills_holes(*(last - 1)))) --last;
        for (auto step = steps.begin(); step != last; ++step)
            if (applies(*step)) change(*step, nullptr);
        const bool normalizes = linear_.pending() && plan_.scales() && !plan_.needs_moments();
        linear_.finish(normalizes);
        std::vector<Scaling<T>> scaling;
        if (normalizes)
            for (std::size_t c = 0; c < plan_.shift().size(); ++c)
                scaling.push_back(
                    {static_cast<T>(plan_.shift()[c]), static_cast<T>(plan_.scale()[c])});
        for (auto step = last; step != steps.end(); ++step)
            if (applies(*step)) change(*step, normalizes ? scaling.data() : nullptr);
        return normalizes;
    }

  private:
    bool applies(const Step& step) const noexcept {
        return step.description->applies(row_ + step.column);
    }

    static bool fills_holes(const Step& step) noexcept {
        bool fills = false;
        ops::All::visit(step.operation,
                        [&fills](auto op) { fills = ops::FillsHoles<decltype(op)>; });
        return fills;
    }

    static bool is_linear(const Step& step) noexcept {
        bool linear = false;
        ops::All::visit(step.operation,
                        [&linear](auto op) { linear = ops::MixesChannels<decltype(op)>; });
        return linear;
    }

    void change(const Step& step, const Scaling<T>* scaling) {
        const double* parameters = row_ + step.column;
        const std::optional<Range<T>> range = std::exchange(range_, std::nullopt);
        ops::All::visit(step.operation, [&](auto op) {
            using Op = decltype(op);
            if constexpr (ops::MixesChannels<Op>) {
                read();
                auto context = context_of<double>();
                if (Op::description.needs.mean_grey) context.mean_grey = linear_.mean_grey();
                Op::mix(parameters, context, linear_.next());
            } else {
                linear_.finish();
                constexpr Needs needs = Op::description.needs;
                constexpr bool changes =
                    ops::ChangesPixels<Op> && !needs.range && !needs.channel_range;
                if constexpr (!changes && !ops::MapsLevels<Op> && !ops::BlursPixels<Op>) read();
                if constexpr (ops::FillsHoles<Op>) fill<Op>(step, parameters, image_, scaling);
                if constexpr (ops::MapsLevels<Op>)
                    map_levels(image_, take_bytes(), context_of<T>().limits, &Op::map);
                if constexpr (ops::BlursPixels<Op>) {
                    const double* constants = step.constants.data();
                    std::vector<double> weights(
                        static_cast<std::size_t>(Op::radius(parameters, constants) + 1));
                    Op::weigh(parameters, constants, weights.data());
                    blur(image_, take_bytes(), context_of<T>().limits, weights);
                }
                if constexpr (ops::AddsNoise<Op>) {
                    const Range<T> limits = context_of<T>().limits;
                    add_noise(image_, Op::noise(parameters), limits.high - limits.low,
                              runs_on(step) ? unlimited : limits);
                }
                if constexpr (ops::CompressesPixels<Op>)
                    compress(image_, context_of<T>().limits, Op::quality(parameters));
                if constexpr (ops::ChangesPixels<Op>) {
                    auto context = context_of<T>();
                    std::vector<Range<T>> ranges;
                    if (Op::description.needs.range)
                        context.range = range ? *range : range_of(image_);
                    if (Op::description.needs.channel_range) {
                        ranges = channel_ranges(image_);
                        context.channel_ranges = ranges.data();
                    }
                    const ops::FunctionOf<Op, T> function(parameters, context);
                    apply<Op>(step.operation, function);
                    // Of an image that is all NaN there is none.
                    if constexpr (ops::KnowsRange<ops::FunctionOf<Op, T>>)
                        if (context.range.low <= context.range.high) range_ = function.range();
                }
            }
        });
    }

    // What is left of an image of bytes, for a step that reads them; the next one does not.
    const std::uint8_t* take_bytes() noexcept { return std::exchange(unread_, nullptr); }

    void read() noexcept {
        if (const std::uint8_t* const bytes = take_bytes(); bytes != nullptr)
            load_bytes(bytes, image_.count(), image_.data);
    }

    // By a table of what 256 levels become, if there are more values than that by far.
    template <class Op>
    bool looks_up(int operation, const ops::FunctionOf<Op, T>& function) noexcept {
        if constexpr (std::is_same_v<T, float> && ops::IsLookedUp<Op>) {
            if (unread_ == nullptr || image_.count() < 1024) return false;
            float table[256];
            std::iota(std::begin(table), std::end(table), 0.0f);
            batchwarp::change<Op>(operation, function, table, 256, 1, 0);
            look_up(take_bytes(), image_.count(), table, image_.data);
            return true;
        }
        return false;
    }

    // Whether what follows a step first is linear, so that there is no clamp in between.
    bool runs_on(const Step& step) const noexcept {
        const std::span<const Step> steps = plan_.pixel_steps();
        const auto after = steps.subspan(static_cast<std::size_t>(&step - steps.data() + 1));
        const auto next = std::ranges::find_if(after, [&](const Step& s) { return applies(s); });
        return next != after.end() && is_linear(*next);
    }

    template <class V>
    ops::Context<V> context_of() const noexcept {
        ops::Context<V> context{static_cast<int>(image_.all_channels()), Range<V>::none()};
        context.limits = {static_cast<V>(plan_.options().low),
                          static_cast<V>(plan_.options().high)};
        return context;
    }

    template <class Op>
    void apply(int operation, const ops::FunctionOf<Op, T>& function) {
        using Function = ops::FunctionOf<Op, T>;
        if constexpr (ops::OfNeighbours<Function, T>) {
            change_rows<Op>(operation, function, image_, take_bytes());
        } else {
            if (looks_up<Op>(operation, function)) return;
            read();
            if (ops::OfPixel<Function, T> && image_.planes > 1)
                return change_interleaved<Op>(operation, function, image_);
            for (std::int64_t p = 0; p < image_.planes; ++p)
                batchwarp::change<Op>(operation, function, image_.plane(p), image_.pixels,
                                      image_.channels, p * image_.channels);
        }
    }

    static constexpr T infinity = std::numeric_limits<T>::infinity();
    static constexpr Range<T> unlimited{-infinity, infinity};

    const Plan& plan_;
    const double* row_;
    Planes<T> image_;
    const std::uint8_t* unread_;  // what `image_` is to hold, or null
    LinearRun<T> linear_;
    std::optional<Range<T>> range_;  // of the image, if the step before says it
};

}  // namespace

template <class T>
bool change_pixels(const Plan& plan, const double* row, const Planes<T>& image,
                   const std::uint8_t* unread) {
    return row != nullptr && !plan.pixel_steps().empty() &&
           PixelSteps<T>(plan, row, image, unread).run();
}

template bool change_pixels(const Plan&, const double*, const Planes<float>&, const std::uint8_t*);
template bool change_pixels(const Plan&, const double*, const Planes<double>&, const std::uint8_t*);

}  // namespace batchwarp
