// Any file, made an image of in any way: by the task of a batch of files as step by step, from all
// of its pixels.
#include <algorithm>
#include <cstring>
#include <vector>

#include "batchwarp/file_batch.hpp"
#include "batchwarp/jpeg_decoder.hpp"
#include "files/file_pixels.hpp"
#include "fuzzing.hpp"

using namespace batchwarp;
using testing::below;
using testing::JpegBytes;
using testing::Random;

namespace {

struct Image {
    Size size;
    std::int64_t channels = 0;
    std::vector<std::byte> pixels;

    Image(const Size& size_, std::int64_t channels_)
        : size(size_),
          channels(channels_),
          pixels(static_cast<std::size_t>(size.height * size.width * channels)) {}
    MutableImageView view() {
        return {pixels.data(), DType::u8, size.height, size.width, channels, size.width * channels,
                channels,      1};
    }
};

FileDecoding any_decoding(Random& random) {
    constexpr std::int64_t channels[] = {1, 3, 4};
    FileDecoding how;
    how.size = {1 + static_cast<std::int64_t>(below(random, 60)),
                1 + static_cast<std::int64_t>(below(random, 60))};
    how.channels = channels[below(random, 3)];
    how.interpolation = static_cast<Interpolation>(
        below(random, 2) == 0 ? 0 : below(random, std::size(interpolation_names)));
    how.keeps_proportions = below(random, 2) == 0;
    how.turns_upright = below(random, 2) == 0;
    how.scaled = below(random, 3) == 0;
    how.max_pixels = testing::most_pixels;
    return how;
}

// What EXIF says of each number, from its own words: which side the first row and column are.
Image turned_upright(const testing::Decoding& stored, int orientation) {
    const bool transposed = orientation >= 5;
    const Size size =
        transposed ? Size{stored.width, stored.height} : Size{stored.height, stored.width};
    constexpr bool bottom[] = {false, false, true, true, false, false, true, true};
    constexpr bool right[] = {false, true, true, false, false, true, true, false};
    Image image(size, stored.channels);
    for (std::int64_t y = 0; y < size.height; ++y)
        for (std::int64_t x = 0; x < size.width; ++x) {
            std::int64_t row = bottom[orientation - 1] ? size.height - 1 - y : y;
            std::int64_t column = right[orientation - 1] ? size.width - 1 - x : x;
            if (transposed) std::swap(row, column);
            std::copy_n(stored.at(row, column), stored.channels, image.view().at(y, x, 0));
        }
    return image;
}

Image resized(Image image, const FileDecoding& how) {
    if (image.size == how.size) return image;
    Image result(how.size, image.channels);
    resize(image.view(), result.view(), how.interpolation, part_of(image.size, how), how.pillow);
    return result;
}

Image grey_of(Image image) {
    Image result(image.size, 1);
    luma(image.view(), result.view());
    return result;
}

// As Keras: colours first.
Image in_colours(Image image, const FileDecoding& how) {
    if (how.channels == image.channels) return resized(std::move(image), how);
    if (how.channels == 1) return resized(grey_of(std::move(image)), how);
    const Image colours = resized(std::move(image), how);
    Image result(how.size, 4);
    for (std::size_t i = 0; i * 3 < colours.pixels.size(); ++i) {
        std::copy_n(colours.pixels.data() + i * 3, 3, result.pixels.data() + i * 4);
        result.pixels[i * 4 + 3] = std::byte{255};
    }
    return result;
}

}  // namespace

void testing::check(const JpegBytes& file, Random& random) {
    ++counts.runs;
    const FileDecoding how = any_decoding(random);
    FileContent content{file, 1};
    if (!how.turns_upright) content.orientation = 1 + static_cast<int>(below(random, 8));
    // Whoever has the bytes says how they are turned; those of a file say it themselves.
    const std::optional<int> orientation =
        how.turns_upright ? jpeg_orientation(file) : std::optional<int>(content.orientation);
    if (orientation && (*orientation < 1 || *orientation > 8)) fails("no orientation");
    if (how.turns_upright && orientation) content.orientation = *orientation;
    Image made(how.size, how.channels);
    FileReport report;
    FileBatchRequest request;
    const NativePath path;
    request.paths = {&path, 1};
    request.contents = {&content, 1};
    request.decoding = how;
    request.images = {made.view(), 1, 0};
    request.reports = {&report, 1};
    request.threads = 1;
    make_files(request);
    const auto header = ordinary_jpeg(file);
    if (!header) {
        if (report.made) fails("made of no ordinary file");
        return;
    }
    if (std::int64_t{header->height} * header->width > testing::most_pixels) {
        if (report.made) fails("more pixels than are wanted");
        return;
    }
    ++counts.ordinary;
    if (!orientation) return;
    const JpegFile stored{file, *header, *orientation};
    int scale = 8;
    if (how.scaled) {
        const Box part = part_of(stored.size(), how);
        if (part.width() > 0 && part.height() > 0)
            scale = covering_scale({part.height(), part.width()}, how.size);
    }
    const bool grey = header->components == 1 && how.channels == 1;
    const auto whole = testing::decode_plainly(file, grey, scale);
    counts.whole += whole.has_value();
    if (!report.made) return;
    ++counts.done;
    if (!whole) fails("made, and not decoded as a whole");
    if (report.size != stored.size()) fails("another size");
    if (in_colours(turned_upright(*whole, *orientation), how).pixels != made.pixels)
        fails("other pixels than step by step");
}
