#include "resize/resize_nearest.hpp"

#include <cstring>

#include "runtime/scratch.hpp"

namespace batchwarp {
namespace {

// Bytes from a row's start to the pixels that make an output row. From where the steps have passed
// the source's end, Pillow leaves zeros, and so do we.
struct Columns {
    Buffer<std::int64_t> memory;
    std::int64_t* offset;
    std::int64_t inside = 0;

    Columns(const ImageView& source, const Box& box, std::int64_t outputs)
        : offset(memory.reserve(outputs)) {
        NearestSteps steps(box.left, box.right, outputs);
        for (; inside < outputs; ++inside) {
            const std::int64_t pixel = steps.next();
            if (pixel >= source.width) break;
            offset[inside] = pixel * source.pixel_stride;
        }
    }
};

template <int Channels>
void copy_pixels(const std::byte* row, const Columns& columns, std::byte* to) {
    for (std::int64_t x = 0; x < columns.inside; ++x, to += Channels)
        std::memcpy(to, row + columns.offset[x], Channels);
}

// Four bytes are copied as fast as one, three are not: each pixel is written with a byte too many,
// which the next one overwrites, as long as neither row ends there.
void copy_rgb(const ImageView& source, const std::byte* row, const Columns& columns,
              std::byte* to) {
    const std::int64_t last = (source.width - 1) * source.pixel_stride;
    std::int64_t x = 0;
    for (; x + 1 < columns.inside && columns.offset[x] < last; ++x, to += 3)
        std::memcpy(to, row + columns.offset[x], 4);
    for (; x < columns.inside; ++x, to += 3) std::memcpy(to, row + columns.offset[x], 3);
}

void copy_scattered(const ImageView& source, const std::byte* row, const Columns& columns,
                    std::byte* to) {
    for (std::int64_t x = 0; x < columns.inside; ++x)
        for (std::int64_t c = 0; c < source.channels; ++c)
            *to++ = row[columns.offset[x] + c * source.channel_stride];
}

void copy_row(const ImageView& source, const std::byte* row, const Columns& columns,
              std::byte* to) {
    if (source.channels == 1)
        copy_pixels<1>(row, columns, to);
    else if (source.channel_stride != 1)
        copy_scattered(source, row, columns, to);
    else if (source.channels == 3)
        copy_rgb(source, row, columns, to);
    else
        copy_pixels<4>(row, columns, to);
}

}  // namespace

void resize_nearest(const ImageView& source, const MutableImageView& target, const Box& box) {
    const Columns columns(source, box, target.width);
    const auto row_bytes = static_cast<std::size_t>(target.width * target.channels);
    const auto inside_bytes = static_cast<std::size_t>(columns.inside * target.channels);
    NearestSteps steps(box.top, box.bottom, target.height);
    std::int64_t before = -1;  // the row above is made of
    for (std::int64_t y = 0; y < target.height; ++y) {
        const std::int64_t row = steps.next();
        std::byte* to = target.at(y, 0, 0);
        if (row == before) {
            std::memcpy(to, target.at(y - 1, 0, 0), row_bytes);
        } else if (row < source.height) {
            copy_row(source, source.at(row, 0, 0), columns, to);
            std::memset(to + inside_bytes, 0, row_bytes - inside_bytes);
        } else {
            std::memset(to, 0, row_bytes);
        }
        before = row;
    }
}

}  // namespace batchwarp
