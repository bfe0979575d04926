// Views of pixels that somebody else owns: one image, and a batch of images.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "batchwarp/host_device.hpp"

namespace batchwarp {

/// Element types that the core reads and writes.
enum class DType : std::uint8_t { u8, u16, f16, f32, f64 };

/// Size of one element in bytes.
constexpr std::size_t item_size(DType dtype) noexcept {
    switch (dtype) {
        case DType::u8:
            return 1;
        case DType::u16:
        case DType::f16:
            return 2;
        case DType::f32:
            return 4;
        case DType::f64:
            return 8;
    }
    return 0;
}

/// One image of height x width x channels elements. Strides are in bytes and may have any sign.
template <class Byte>
struct BasicImageView {
    Byte* data = nullptr;
    DType dtype = DType::f32;
    std::int64_t height = 0, width = 0, channels = 0;
    std::int64_t row_stride = 0, pixel_stride = 0, channel_stride = 0;

    BATCHWARP_HD Byte* at(std::int64_t row, std::int64_t col, std::int64_t channel) const noexcept {
        return data + row * row_stride + col * pixel_stride + channel * channel_stride;
    }

    /// The same pixels, read from right to left and/or from bottom to top.
    BasicImageView flipped(bool horizontally, bool vertically) const noexcept {
        BasicImageView view = *this;
        if (horizontally) {
            view.data += (width - 1) * pixel_stride;
            view.pixel_stride = -pixel_stride;
        }
        if (vertically) {
            view.data += (height - 1) * row_stride;
            view.row_stride = -row_stride;
        }
        return view;
    }

    /// One channel as an image of its own.
    BasicImageView plane(std::int64_t channel) const noexcept {
        BasicImageView view = *this;
        view.data += channel * channel_stride;
        view.channels = 1;
        return view;
    }

    /// Whether the elements of a row lie as `dtype[width][channels]` with nothing between them.
    bool has_packed_pixels() const noexcept {
        const auto item = static_cast<std::int64_t>(item_size(dtype));
        return (channel_stride == item || channels == 1) &&
               (pixel_stride == item * channels || width == 1);
    }

    /// Whether the elements of a row lie as `dtype[channels][width]`, so that there is a
    /// difference.
    bool has_planar_rows() const noexcept {
        const auto item = static_cast<std::int64_t>(item_size(dtype));
        return channels > 1 && width > 1 && pixel_stride == item && channel_stride == item * width;
    }

    /// Whether pixels lie as `dtype[height][width][channels]` with nothing between them.
    bool is_packed() const noexcept {
        const auto item = static_cast<std::int64_t>(item_size(dtype));
        return has_packed_pixels() && (row_stride == item * channels * width || height == 1);
    }

    // NOLINTNEXTLINE: a view of const is a view
    BATCHWARP_HD operator BasicImageView<const std::byte>() const noexcept
        requires(!std::is_const_v<Byte>)
    {
        return {data, dtype, height, width, channels, row_stride, pixel_stride, channel_stride};
    }
};

using ImageView = BasicImageView<const std::byte>;
using MutableImageView = BasicImageView<std::byte>;

/// A batch of `count` images of equal shape; `image_stride` is in bytes.
template <class Byte>
struct BasicBatchView {
    BasicImageView<Byte> first;
    std::int64_t count = 0;
    std::int64_t image_stride = 0;

    BATCHWARP_HD BasicImageView<Byte> operator[](std::int64_t i) const noexcept {
        BasicImageView<Byte> view = first;
        view.data += i * image_stride;
        return view;
    }

    /// One past the last byte that any element occupies.
    Byte* memory_end() const noexcept {
        Byte* end = first.data + item_size(first.dtype);
        const auto reach = [&end](std::int64_t extent, std::int64_t stride) {
            if (extent > 1 && stride > 0) end += (extent - 1) * stride;
        };
        reach(count, image_stride);
        reach(first.height, first.row_stride);
        reach(first.width, first.pixel_stride);
        reach(first.channels, first.channel_stride);
        return end;
    }
};

using BatchView = BasicBatchView<const std::byte>;
using MutableBatchView = BasicBatchView<std::byte>;

}  // namespace batchwarp
