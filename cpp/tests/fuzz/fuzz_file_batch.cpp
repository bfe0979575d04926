// Any file, made an image of in any way, and augmented: by the task of a batch of files as step by
// step, from all of its pixels.
#include <algorithm>
#include <cstring>
#include <random>
#include <vector>

#include "batchwarp/file_batch.hpp"
#include "batchwarp/jpeg_decoder.hpp"
#include "batchwarp/plans_by_size.hpp"
#include "batchwarp/reference.hpp"
#include "files/file_pixels.hpp"
#include "fuzzing.hpp"
#include "images.hpp"

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

// Whether images have the sizes of their files, for plans of that size.
bool is_sized(const FileDecoding& how) { return how.size.height == 0; }

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
    how.pillow = {below(random, 2) == 0 ? 13 : 11, 0};
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
    if (is_sized(how) || image.size == how.size) return image;
    Image result(how.size, image.channels);
    reference_resize(image.view(), result.view(), how.interpolation, part_of(image.size, how),
                     how.pillow);
    return result;
}

// As Pillow's `convert("L")` says it.
Image grey_of(const Image& image) {
    Image result(image.size, 1);
    const auto sample = [&](std::size_t at) { return std::to_integer<int>(image.pixels[at]); };
    for (std::size_t i = 0; i < result.pixels.size(); ++i)
        result.pixels[i] =
            static_cast<std::byte>((sample(i * 3) * 19595 + sample(i * 3 + 1) * 38470 +
                                    sample(i * 3 + 2) * 7471 + 32768) >>
                                   16);
    return result;
}

// As Keras: colours first.
Image in_colours(Image image, const FileDecoding& how) {
    if (how.channels == image.channels) return resized(std::move(image), how);
    if (how.channels == 1) return resized(grey_of(image), how);
    const Image colours = resized(std::move(image), how);
    Image result(colours.size, 4);
    for (std::size_t i = 0; i * 3 < colours.pixels.size(); ++i) {
        std::copy_n(colours.pixels.data() + i * 3, 3, result.pixels.data() + i * 4);
        result.pixels[i * 4 + 3] = std::byte{255};
    }
    return result;
}

// What is done to images of a size, and the row of its parameters.
struct Augmentation {
    Plan plan;
    std::vector<double> row;

    std::vector<float> target() const {
        return std::vector<float>(static_cast<std::size_t>(plan.target_elements()), -1);
    }
    MutableBatchView view(std::vector<float>& target) const {
        const std::int64_t pixel = plan.options().channels * 4, line = plan.target_width() * pixel;
        return {{reinterpret_cast<std::byte*>(target.data()), DType::f32, plan.target_height(),
                 plan.target_width(), plan.options().channels, line, pixel, 4},
                1,
                0};
    }
    std::vector<float> of(Image image) const {
        std::vector<float> result = target();
        BatchRequest request;
        request.source = {image.view(), 1, 0};
        request.params = row.data();
        request.target = view(result);
        request.threads = 1;
        augment_batch(plan, request);
        return result;
    }
};

Augmentation any_augmentation(Random& random, const Size& size, std::int64_t channels) {
    std::mt19937 numbers(static_cast<std::uint32_t>(random()));
    PlanOptions options{.height = size.height, .width = size.width, .channels = channels};
    options.order = static_cast<int>(below(random, 2));
    options.fill_mode = testing::all_modes[below(random, std::size(testing::all_modes))];
    if (below(random, 2) == 0) {
        Plan plan(options);
        std::vector<double> row = plan.neutral_row();
        const testing::KerasRow drawn =
            testing::random_row(numbers, size.height, size.width, below(random, 4) == 0);
        std::copy_n(drawn.data(), 8, row.begin());
        return {std::move(plan), std::move(row)};
    }
    const auto number = [&](std::int64_t least, std::int64_t most) {
        return static_cast<double>(std::uniform_int_distribution(least, most)(numbers));
    };
    options.steps = {
        {"random_resized_crop",
         {{"height", {number(1, 40)}}, {"width", {number(1, 40)}}, {"antialias", {number(0, 1)}}}}};
    const double top = number(0, size.height - 1), left = number(0, size.width - 1);
    const double height = number(1, size.height - static_cast<std::int64_t>(top));
    return {Plan(options),
            {top, left, height, number(1, size.width - static_cast<std::int64_t>(left))}};
}

}  // namespace

void testing::check(const JpegBytes& file, Random& random) {
    ++counts.runs;
    FileDecoding how = any_decoding(random);
    const bool is_augmented = below(random, 2) == 0;
    if (is_augmented && below(random, 2) == 0) how.size = {};
    if (is_sized(how)) how.scaled = false;
    FileContent content{file, 1};
    if (!how.turns_upright) content.orientation = 1 + static_cast<int>(below(random, 8));
    // Whoever has the bytes says how they are turned; those of a file say it themselves.
    const std::optional<int> orientation =
        how.turns_upright ? jpeg_orientation(file) : std::optional<int>(content.orientation);
    if (orientation && (*orientation < 1 || *orientation > 8)) fails("no orientation");
    if (how.turns_upright && orientation) content.orientation = *orientation;
    const auto header = ordinary_jpeg(file);
    const bool is_too_large =
        header && std::int64_t{header->height} * header->width > testing::most_pixels;
    // Of the file's size, there is a plan for each that is not refused before.
    const Size stored_size = header ? Size{header->height, header->width} : Size{1, 1};
    const Size size = is_sized(how) ? turned(stored_size, content.orientation) : how.size;

    Image made(how.size, how.channels);
    FileReport report;
    FileBatchRequest request;
    const NativePath path;
    request.paths = {&path, 1};
    request.contents = {&content, 1};
    request.decoding = how;
    if (!is_sized(how)) request.images = {made.view(), 1, 0};
    request.reports = {&report, 1};
    request.threads = 1;
    std::optional<Augmentation> augmentation;
    std::vector<float> augmented;
    PlansBySize plans(1, is_augmented ? 10 : 0);
    constexpr std::uint64_t sample = 1;
    if (is_augmented) {
        augmentation = any_augmentation(random, size, how.channels);
        augmented = augmentation->target();
        request.target = augmentation->view(augmented);
        request.plan = &augmentation->plan;
        request.params = augmentation->row.data();
    }
    if (is_sized(how)) {
        SizedPlan sized{augmentation->plan, {}, {}};
        for (std::size_t i = 0; i < augmentation->row.size(); ++i) {
            sized.columns.push_back(static_cast<std::int64_t>(i));
            sized.factors.push_back(1);
        }
        plans.add(std::move(sized));
        request.plan = nullptr;
        request.plans = &plans;
        request.samples = {&sample, 1};
    }
    make_files(request);
    if (!header) {
        if (report.made) fails("made of no ordinary file");
        return;
    }
    if (is_too_large) {
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
    Image wanted = in_colours(turned_upright(*whole, *orientation), how);
    if (!is_sized(how) && wanted.pixels != made.pixels) fails("other pixels than step by step");
    if (is_augmented && augmentation->of(std::move(wanted)) != augmented)
        fails("augmented otherwise than the whole image");
}
