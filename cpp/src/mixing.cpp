#include "batchwarp/mixing.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "batchwarp/parallel.hpp"
#include "pixels.hpp"
#include "runtime/scratch.hpp"

namespace batchwarp {
namespace {

// What a thread keeps of other images at a time: less than a second-level cache has.
constexpr std::int64_t kept_bytes = 1 << 18;

// The images' planes that lie by themselves, and their rows in bands. A band of all images is one
// task: as what is needed of the others is read before anything is written, it does not matter
// which image is another one's partner.
class Bands {
  public:
    // `row_bytes`: what is kept of a row.
    Bands(const MixingRequest& request, std::int64_t row_bytes)
        : request_(request), height_(request.images.first.height) {
        const MutableImageView& image = request.images.first;
        const auto item = static_cast<std::int64_t>(item_size(image.dtype));
        planar_ = image.channels > 1 && image.pixel_stride == item;
        planes_ = planar_ ? image.channels : 1;
        const std::int64_t all = std::max<std::int64_t>(1, request.images.count * row_bytes);
        rows_ = std::clamp<std::int64_t>(kept_bytes / all, 1, std::max<std::int64_t>(1, height_));
    }

    std::int64_t planes() const noexcept { return planes_; }

    // `work` is called with the first row of a band, the one behind it, and a function that
    // returns the band's part of an image.
    template <class Work>
    void each(Work&& work) const {
        const std::int64_t bands = (height_ + rows_ - 1) / rows_;
        const int most = num_threads();
        const int threads = request_.threads > 0 ? std::min(request_.threads, most) : most;
        parallel_for(
            bands * planes_, threads,
            [&](std::int64_t task) {
                const std::int64_t plane = task / bands, first = task % bands * rows_;
                const std::int64_t end = std::min(height_, first + rows_);
                const auto part = [&](auto image) {
                    if (planar_) image = image.plane(plane);
                    image.data += first * image.row_stride;
                    image.height = end - first;
                    return image;
                };
                work(first, end, part);
            },
            request_.interrupted);
    }

  private:
    const MixingRequest& request_;
    std::int64_t height_;
    std::int64_t planes_ = 1;
    std::int64_t rows_ = 1;
    bool planar_ = false;
};

// Moves an image towards packed values, by way of `room` where it isn't of their type.
template <class T>
void add_to(const MutableImageView& image, const T* others, double share, T* room) {
    constexpr DType own = std::is_same_v<T, float> ? DType::f32 : DType::f64;
    const std::int64_t row = image.width * image.channels;
    const bool aligned = reinterpret_cast<std::uintptr_t>(image.data) % alignof(T) == 0 &&
                         image.row_stride % static_cast<std::int64_t>(alignof(T)) == 0;
    if (image.dtype == own && image.has_packed_pixels() && aligned) {
        for (std::int64_t r = 0; r < image.height; ++r)
            move_towards(reinterpret_cast<T*>(image.at(r, 0, 0)), others + r * row, share, row);
        return;
    }
    load_pixels<T>(image, room);
    move_towards(room, others, share, image.height * row);
    store_pixels(room, image, Rounding::towards_zero);
}

template <class T>
void add(const MixingRequest& request, const double* shares, Buffer<T> Scratch::* kept,
         Buffer<T> Scratch::* own) {
    const MutableImageView& image = request.images.first;
    constexpr auto item = static_cast<std::int64_t>(sizeof(T));
    const Bands bands(request, item * image.width * image.channels);
    bands.each([&](std::int64_t first, std::int64_t end, const auto& part) {
        const std::int64_t count = (end - first) * image.width * (image.channels / bands.planes());
        Scratch& scratch = Scratch::of_this_thread();
        T* const others = (scratch.*kept).reserve(request.images.count * count);
        T* const room = (scratch.*own).reserve(count);
        for (std::int64_t i = 0; i < request.images.count; ++i)
            if (shares[i] < 1)
                load_pixels(part(request.others[request.partners[i]]), others + i * count);
        for (std::int64_t i = 0; i < request.images.count; ++i)
            if (shares[i] < 1)
                add_to(part(request.images[i]), others + i * count, 1 - shares[i], room);
    });
}

struct Rectangle {
    std::int64_t top, bottom, left, right;
};

// Calls `row` with where a rectangle begins in each row of a band.
template <class Image, class Row>
void each_row(const Image& band, const Rectangle& rectangle, std::int64_t first, std::int64_t end,
              Row&& row) {
    const std::int64_t from = std::max(rectangle.top, first), to = std::min(rectangle.bottom, end);
    for (std::int64_t r = from; r < to; ++r) row(band.at(r - first, rectangle.left, 0));
}

}  // namespace

void add_others(const MixingRequest& request, const double* shares) {
    if (request.images.first.dtype == DType::f64)
        add(request, shares, &Scratch::mixture64, &Scratch::chain64);
    else
        add(request, shares, &Scratch::mixture, &Scratch::chain);
}

void paste_others(const MixingRequest& request, const std::int64_t* rectangles) {
    const MutableImageView& image = request.images.first;
    const auto item = static_cast<std::int64_t>(item_size(image.dtype));
    const auto rectangle_of = [rectangles](std::int64_t i) {
        const std::int64_t* r = rectangles + 4 * i;
        return Rectangle{r[0], r[1], r[2], r[3]};
    };
    const Bands bands(request, item * image.width * image.channels);
    const std::int64_t pixel = item * (image.channels / bands.planes());
    bands.each([&](std::int64_t first, std::int64_t end, const auto& part) {
        const std::int64_t most = (end - first) * image.width * pixel * request.images.count;
        std::uint8_t* const kept = Scratch::of_this_thread().pasted.reserve(most);
        std::uint8_t* at = kept;
        for (std::int64_t i = 0; i < request.images.count; ++i) {
            const Rectangle rectangle = rectangle_of(i);
            const auto bytes = static_cast<std::size_t>((rectangle.right - rectangle.left) * pixel);
            each_row(part(request.others[request.partners[i]]), rectangle, first, end,
                     [&](const std::byte* from) {
                         std::memcpy(at, from, bytes);
                         at += bytes;
                     });
        }
        at = kept;
        for (std::int64_t i = 0; i < request.images.count; ++i) {
            const Rectangle rectangle = rectangle_of(i);
            const auto bytes = static_cast<std::size_t>((rectangle.right - rectangle.left) * pixel);
            each_row(part(request.images[i]), rectangle, first, end, [&](std::byte* to) {
                std::memcpy(to, at, bytes);
                at += bytes;
            });
        }
    });
}

}  // namespace batchwarp
