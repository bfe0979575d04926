#include "files/jpeg_decoder.hpp"

#include <algorithm>
#include <cstring>
#include <new>
#include <numeric>
#include <string>
#include <vector>

#include "batchwarp/errors.hpp"
#include "files/libjpeg.hpp"

namespace batchwarp {
namespace {

enum class Outcome : std::uint8_t { done, left, no_memory };

// ---- Between these functions and the library's jumps there is no object with a destructor. ----

Size size_of(JDIMENSION height, JDIMENSION width) { return {height, width}; }

// Begins to decode; false if the library reads the markers in another way than we did.
bool begin(const Libjpeg& library, jpeg_decompress_struct& info, const Job& job) {
    library.jpeg_mem_src(&info, reinterpret_cast<const unsigned char*>(job.file.data()),
                         static_cast<unsigned long>(job.file.size()));
    library.jpeg_read_header(&info, TRUE);
    if (size_of(info.image_height, info.image_width) != Size{job.header.height, job.header.width} ||
        info.num_components != job.header.components)
        return false;
    info.out_color_space = job.wanted.grey ? JCS_GRAYSCALE : JCS_RGB;
    info.scale_num = static_cast<unsigned>(job.wanted.scale);
    info.scale_denom = DCTSIZE;
    library.jpeg_start_decompress(&info);
    return size_of(info.output_height, info.output_width) ==
               scaled_size(job.header, job.wanted.scale) &&
           info.output_components == static_cast<int>(job.target.channels);
}

void read_row(const Libjpeg& library, jpeg_decompress_struct& info, std::byte* row) {
    auto* samples = reinterpret_cast<JSAMPROW>(row);
    library.jpeg_read_scanlines(&info, &samples, 1);
}

template <int channels>
void pick_columns(const std::byte* row, std::span<const std::int64_t> columns, std::byte* to) {
    for (const std::int64_t column : columns) {
        std::memcpy(to, row + column * channels, channels);
        to += channels;
    }
}

void read_window(const Libjpeg& library, jpeg_decompress_struct& info, const Job& job) {
    const Box& window = job.wanted.window;
    const auto channels = job.target.channels;
    const auto bytes = static_cast<std::size_t>(window.width() * channels);
    const bool whole_rows = window.width() == static_cast<std::int64_t>(info.output_width);
    for (std::int64_t y = 0; y < window.bottom; ++y) {
        std::byte* const to = y < window.top ? job.row : job.target.at(y - window.top, 0, 0);
        if (whole_rows || y < window.top) {
            read_row(library, info, to);
        } else {
            read_row(library, info, job.row);
            std::memcpy(to, job.row + window.left * channels, bytes);
        }
    }
}

void read_picked(const Libjpeg& library, jpeg_decompress_struct& info, const Job& job) {
    const auto pick = job.target.channels == 1 ? pick_columns<1> : pick_columns<3>;
    const auto bytes = static_cast<std::size_t>(job.target.width * job.target.channels);
    std::int64_t y = -1, made = 0;
    for (const std::int64_t i : job.order) {
        std::byte* const to = job.target.at(i, 0, 0);
        const std::int64_t row = job.wanted.rows[static_cast<std::size_t>(i)];
        if (row == y) {
            std::memcpy(to, job.target.at(made, 0, 0), bytes);
            continue;
        }
        for (; y < row; ++y) read_row(library, info, job.row);
        pick(job.row, job.wanted.columns, to);
        made = i;
    }
}

Outcome decode(const Libjpeg& library, Decompressor& decompressor, const Job& job) {
    if (setjmp(decompressor.on_error) != 0) {  // NOLINT: a C library's exceptions
        const bool no_memory = decompressor.errors.msg_code == JERR_OUT_OF_MEMORY;
        decompressor.destroy(library);
        return no_memory ? Outcome::no_memory : Outcome::left;
    }
    decompressor.create(library);
    const bool begun = begin(library, decompressor.info, job);
    // It ends with the last row that is wanted. In an ordinary file nothing follows that would be
    // an error: coded data, of which libjpeg forgives everything, and the end of the image.
    if (begun) (job.picks() ? read_picked : read_window)(library, decompressor.info, job);
    decompressor.destroy(library);
    return begun ? Outcome::done : Outcome::left;
}

// ---- From here on there may be. ----

bool all_within(std::span<const std::int64_t> values, std::int64_t end) {
    return std::all_of(values.begin(), values.end(),
                       [end](std::int64_t value) { return value >= 0 && value < end; });
}

void check(const Job& job) {
    const JpegPixels& wanted = job.wanted;
    if (wanted.scale < 1 || wanted.scale > 16)
        throw InvalidArgument("`scale` must be from 1 to 16. Received: " +
                              std::to_string(wanted.scale));
    if (wanted.rows.empty() != wanted.columns.empty())
        throw InvalidArgument(
            "`rows` and `columns` must be given together. Received: only one of them");
    const Size size = scaled_size(job.header, wanted.scale);
    const Box& window = wanted.window;
    if (!all_within(wanted.rows, size.height) || !all_within(wanted.columns, size.width) ||
        window.left < 0 || window.top < 0 || window.right > size.width ||
        window.bottom > size.height || window.width() <= 0 || window.height() <= 0)
        throw InvalidArgument("pixels of a JPEG file must lie within its image of " +
                              std::to_string(size.height) + " x " + std::to_string(size.width) +
                              " pixels. Received: others");
    const std::int64_t height = job.picks() ? std::ssize(wanted.rows) : window.height();
    const std::int64_t width = job.picks() ? std::ssize(wanted.columns) : window.width();
    const MutableImageView& target = job.target;
    if (target.dtype != DType::u8 || target.channels != (wanted.grey ? 1 : 3) ||
        target.height != height || target.width != width || !target.has_packed_pixels())
        throw InvalidArgument("the target of a JPEG file must be uint8 of shape (" +
                              std::to_string(height) + ", " + std::to_string(width) +
                              (wanted.grey ? ", 1)" : ", 3)") +
                              ", the pixels of a row without gaps. Received: another");
}

}  // namespace

Size scaled_size(const JpegHeader& header, int scale) noexcept {
    const auto scaled = [scale](std::int64_t extent) { return (extent * scale + 7) / 8; };
    return {scaled(header.height), scaled(header.width)};
}

int covering_scale(Size part, Size target) noexcept {
    for (int scale = 1; scale <= 16; ++scale)
        if (part.height * scale >= target.height * 8 && part.width * scale >= target.width * 8)
            return scale;
    return 8;
}

Decoded decode_jpeg(std::span<const std::byte> file, const JpegHeader& header,
                    const JpegPixels& wanted, const MutableImageView& target) {
    const Libjpeg* const library = libjpeg();
    if (library == nullptr || (wanted.grey && header.components != 1)) return Decoded::left;
    Job job{file, header, wanted, target, {}};
    const Size size = scaled_size(header, wanted.scale);
    if (wanted.window == Box{}) job.wanted.window = {0, 0, size.width, size.height};
    check(job);
    std::vector<std::int64_t> order(wanted.rows.size());
    std::iota(order.begin(), order.end(), 0);
    if (!std::is_sorted(wanted.rows.begin(), wanted.rows.end()))
        std::sort(order.begin(), order.end(), [&](std::int64_t a, std::int64_t b) {
            return wanted.rows[static_cast<std::size_t>(a)] <
                   wanted.rows[static_cast<std::size_t>(b)];
        });
    job.order = order;
    std::vector<std::byte> row(static_cast<std::size_t>(size.width * target.channels));
    job.row = row.data();
    Decompressor decompressor;
    switch (decode(*library, decompressor, job)) {
        case Outcome::done:
            return Decoded::done;
        case Outcome::left:
            return Decoded::left;
        case Outcome::no_memory:
            throw std::bad_alloc();
    }
    return Decoded::left;
}

}  // namespace batchwarp
