#include "color/pixel_steps.hpp"

#include <algorithm>
#include <type_traits>

#include "ops/list.hpp"
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
    Range<double> range = Range<double>::none();
    std::for_each_n(image.data, image.count(), [&](double value) { range.include(value); });
    return range;
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
    double colors[256], alpha[256];
    for (int level = 0; level < 256; ++level) {
        colors[level] = function.brighter(level, 0);
        alpha[level] = function.brighter(level, 3);
    }
    const int count = static_cast<int>(channels), first = static_cast<int>(channel);
    for (std::int64_t i = 0; i < pixels; ++i, data += channels)
        for (int c = 0; c < count; ++c)
            data[c] = (function.is_alpha(first + c) ? alpha : colors)[function.level(data[c])];
}

// Pixels whose channels lie in planes, to functions that want them side by side: some at a time.
template <class Op, class T>
void change_interleaved(int operation, const ops::FunctionOf<Op, T>& function,
                        const Planes<T>& image) {
    const std::int64_t most = std::max<std::int64_t>(1, 4096 / image.planes);
    std::vector<T> some(static_cast<std::size_t>(most * image.planes));
    for (std::int64_t from = 0; from < image.pixels; from += most) {
        const std::int64_t pixels = std::min(most, image.pixels - from);
        const auto each = [&](auto&& visit) {
            for (std::int64_t p = 0; p < image.planes; ++p)
                for (std::int64_t i = 0; i < pixels; ++i)
                    visit(image.plane(p)[from + i],
                          some[static_cast<std::size_t>(i * image.planes + p)]);
        };
        each([](const T& planar, T& pixel) { pixel = planar; });
        change<Op>(operation, function, some.data(), pixels, image.planes, 0);
        each([](T& planar, const T& pixel) { planar = pixel; });
    }
}

}  // namespace

template <class T>
void change_pixels(const Plan& plan, const double* row, const Planes<T>& image) {
    if (row == nullptr) return;
    for (const Step& step : plan.pixel_steps()) {
        const double* parameters = row + step.column;
        if (!step.description->applies(parameters)) continue;
        ops::Context<T> context{static_cast<int>(image.all_channels()), Range<T>::none()};
        if (step.description->needs.range) context.range = range_of(image);
        ops::All::visit(step.operation, [&](auto op) {
            using Op = decltype(op);
            if constexpr (ops::ChangesPixels<Op>) {
                const ops::FunctionOf<Op, T> function(parameters, context);
                if (ops::OfPixel<ops::FunctionOf<Op, T>, T> && image.planes > 1)
                    return change_interleaved<Op>(step.operation, function, image);
                for (std::int64_t p = 0; p < image.planes; ++p)
                    change<Op>(step.operation, function, image.plane(p), image.pixels,
                               image.channels, p * image.channels);
            }
        });
    }
}

template void change_pixels(const Plan&, const double*, const Planes<float>&);
template void change_pixels(const Plan&, const double*, const Planes<double>&);

}  // namespace batchwarp
