#include <algorithm>
#include <functional>
#include <vector>

#include "batchwarp/reference.hpp"
#include "resize/resize_taps.hpp"

namespace batchwarp {
namespace {

struct Pixels {
    std::int64_t height, width, channels;
    std::vector<int> values;

    Pixels(std::int64_t h, std::int64_t w, std::int64_t c)
        : height(h), width(w), channels(c), values(static_cast<std::size_t>(h * w * c)) {}

    int& at(std::int64_t y, std::int64_t x, std::int64_t c) {
        return values[static_cast<std::size_t>((y * width + x) * channels + c)];
    }

    template <class F>
    void each(F&& visit) {
        for (std::int64_t y = 0; y < height; ++y)
            for (std::int64_t x = 0; x < width; ++x)
                for (std::int64_t c = 0; c < channels; ++c) visit(y, x, c);
    }
};

int weighted(const Taps& taps, const std::function<int(std::int64_t)>& value_of) {
    std::int64_t sum = std::int64_t{1} << (resize_bits - 1);
    for (std::int64_t i = 0; i < taps.count; ++i)
        sum += std::int64_t{taps.weights[i]} * value_of(taps.first + i);
    return static_cast<int>(std::clamp<std::int64_t>(sum >> resize_bits, 0, 255));
}

Pixels along_rows(Pixels from, std::int64_t width, Interpolation method, const Box& box) {
    TapsOfAxis axis(method, from.width, box.left, box.right, width);
    Pixels to(from.height, width, from.channels);
    to.each([&](std::int64_t y, std::int64_t x, std::int64_t c) {
        to.at(y, x, c) = weighted(axis.of(x), [&](std::int64_t tap) { return from.at(y, tap, c); });
    });
    return to;
}

Pixels along_columns(Pixels from, std::int64_t height, Interpolation method, const Box& box) {
    TapsOfAxis axis(method, from.height, box.top, box.bottom, height);
    Pixels to(height, from.width, from.channels);
    to.each([&](std::int64_t y, std::int64_t x, std::int64_t c) {
        to.at(y, x, c) = weighted(axis.of(y), [&](std::int64_t tap) { return from.at(tap, x, c); });
    });
    return to;
}

Pixels resize_nearest(Pixels from, std::int64_t height, std::int64_t width, const Box& box) {
    const double y_scale = static_cast<double>(box.height()) / static_cast<double>(height);
    const double x_scale = static_cast<double>(box.width()) / static_cast<double>(width);
    Pixels to(height, width, from.channels);
    double y_at = static_cast<double>(box.top) + y_scale * 0.5;
    for (std::int64_t y = 0; y < height; ++y, y_at += y_scale) {
        double x_at = static_cast<double>(box.left) + x_scale * 0.5;
        for (std::int64_t x = 0; x < width; ++x, x_at += x_scale)
            for (std::int64_t c = 0; c < from.channels; ++c)
                to.at(y, x, c) =
                    from.at(static_cast<std::int64_t>(y_at), static_cast<std::int64_t>(x_at), c);
    }
    return to;
}

void premultiply(Pixels& image) {
    image.each([&](std::int64_t y, std::int64_t x, std::int64_t c) {
        // Channel 3 comes last, so that alpha is still there for the others.
        if (c < 3) image.at(y, x, c) = (image.at(y, x, c) * image.at(y, x, 3) + 127) / 255;
    });
}

void unpremultiply(Pixels& image) {
    image.each([&](std::int64_t y, std::int64_t x, std::int64_t c) {
        const int alpha = image.at(y, x, 3);
        if (c < 3 && alpha != 0) image.at(y, x, c) = std::min(255 * image.at(y, x, c) / alpha, 255);
    });
}

}  // namespace

void reference_resize(const ImageView& source, const MutableImageView& target, Interpolation method,
                      const Box& box, PillowVersion pillow) {
    Pixels from(source.height, source.width, source.channels);
    from.each([&](std::int64_t y, std::int64_t x, std::int64_t c) {
        from.at(y, x, c) = std::to_integer<int>(*source.at(y, x, c));
    });
    const bool unchanged =
        source.height == target.height && source.width == target.width && box == whole(source);
    const bool nearest = method == Interpolation::nearest;
    const bool through_alpha = source.channels == 4 && !nearest && !unchanged;
    if (through_alpha) premultiply(from);
    const std::int64_t height = target.height, width = target.width;
    Pixels to =
        nearest ? resize_nearest(std::move(from), height, width, box)
        : vertical_comes_first(source, target, pillow)
            ? along_rows(along_columns(std::move(from), height, method, box), width, method, box)
            : along_columns(along_rows(std::move(from), width, method, box), height, method, box);
    if (through_alpha) unpremultiply(to);
    to.each([&](std::int64_t y, std::int64_t x, std::int64_t c) {
        *target.at(y, x, c) = static_cast<std::byte>(to.at(y, x, c));
    });
}

}  // namespace batchwarp
