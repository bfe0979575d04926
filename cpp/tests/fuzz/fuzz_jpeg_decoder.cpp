// Any file, any part of it: what the decoder makes is what the same library makes of all of it.
#include <algorithm>
#include <cstring>
#include <vector>

#include "batchwarp/jpeg_decoder.hpp"
#include "fuzzing.hpp"

using namespace batchwarp;
using testing::below;
using testing::JpegBytes;
using testing::Random;

namespace {

// Which pixels are asked for, and what they must be.
struct Part {
    JpegPixels wanted;
    std::vector<std::int64_t> rows, columns;
};

std::vector<std::int64_t> some(Random& random, std::int64_t extent) {
    // Some of all of it, or of a part, in order or not.
    const auto end = static_cast<std::int64_t>(1 + below(random, static_cast<std::size_t>(extent)));
    const auto begin = static_cast<std::int64_t>(below(random, static_cast<std::size_t>(end)));
    std::vector<std::int64_t> places(1 + below(random, 40));
    for (std::int64_t& place : places)
        place =
            begin + static_cast<std::int64_t>(below(random, static_cast<std::size_t>(end - begin)));
    if (below(random, 4) != 0) std::sort(places.begin(), places.end());
    return places;
}

Part any_part(Random& random, const JpegHeader& header) {
    Part part;
    part.wanted.grey = header.components == 1 && below(random, 2) == 0;
    part.wanted.scale = below(random, 2) == 0 ? 8 : 1 + static_cast<int>(below(random, 16));
    const Size size = scaled_size(header, part.wanted.scale);
    if (below(random, 2) == 0) {
        part.rows = some(random, size.height);
        part.columns = some(random, size.width);
        return part;
    }
    const auto interval = [&random](std::int64_t extent, std::int64_t& begin, std::int64_t& end) {
        end = static_cast<std::int64_t>(1 + below(random, static_cast<std::size_t>(extent)));
        begin = static_cast<std::int64_t>(below(random, static_cast<std::size_t>(end)));
    };
    Box& window = part.wanted.window;
    interval(size.height, window.top, window.bottom);
    interval(size.width, window.left, window.right);
    if (below(random, 4) == 0) window = {0, 0, size.width, size.height};
    return part;
}

}  // namespace

void testing::check(const JpegBytes& file, Random& random) {
    ++counts.runs;
    const auto header = ordinary_jpeg(file);
    if (!header || std::int64_t{header->height} * header->width > most_pixels) return;
    ++counts.ordinary;
    Part part = any_part(random, *header);
    JpegPixels& wanted = part.wanted;
    wanted.rows = part.rows;
    wanted.columns = part.columns;
    const bool picks = !part.rows.empty();
    const std::int64_t height = picks ? std::ssize(part.rows) : wanted.window.height();
    const std::int64_t width = picks ? std::ssize(part.columns) : wanted.window.width();
    const std::int64_t channels = wanted.grey ? 1 : 3;
    // Of exactly that size, so that sanitizers see what is written beyond its end.
    std::vector<std::byte> pixels(static_cast<std::size_t>(height * width * channels));
    MutableImageView target{pixels.data(), DType::u8,        height,   width,
                            channels,      width * channels, channels, 1};
    if (!picks && channels == 3 && below(random, 2) == 0) {
        target.pixel_stride = 1;
        target.channel_stride = width;
    }
    const bool done = decode_jpeg(file, *header, wanted, target) == Decoded::done;
    const auto whole = testing::decode_plainly(file, wanted.grey, wanted.scale);
    counts.whole += whole.has_value();
    if (!done) return;
    ++counts.done;
    if (!whole) fails("decoded in part, and not as a whole");
    for (std::int64_t y = 0; y < height; ++y)
        for (std::int64_t x = 0; x < width; ++x) {
            const auto row = picks ? part.rows[static_cast<std::size_t>(y)] : y + wanted.window.top;
            const auto column =
                picks ? part.columns[static_cast<std::size_t>(x)] : x + wanted.window.left;
            for (std::int64_t c = 0; c < channels; ++c)
                if (*target.at(y, x, c) != whole->at(row, column)[c])
                    fails("a part has other pixels than the whole");
        }
}
