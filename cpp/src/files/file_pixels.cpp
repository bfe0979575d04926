#include "files/file_pixels.hpp"

#include <algorithm>
#include <utility>

#include "batchwarp/jpeg.hpp"
#include "batchwarp/jpeg_decoder.hpp"
#include "resize/resize_nearest.hpp"
#include "resize/resize_taps.hpp"

namespace batchwarp {
namespace {

using Bytes = std::span<const std::byte>;

MutableImageView part(const MutableImageView& image, const Box& box) noexcept {
    MutableImageView view = image;
    view.data = image.at(box.top, box.left, 0);
    view.height = box.height();
    view.width = box.width();
    return view;
}

bool is_empty(const Box& box) noexcept { return box.width() <= 0 || box.height() <= 0; }

// At how many eighths of its size an image is decoded.
int scale_for(const Size& size, const FileDecoding& decoding) noexcept {
    if (!decoding.scaled) return 8;
    const Box box = part_of(size, decoding);
    return covering_scale({box.height(), box.width()}, decoding.size);
}

// The pixels along an axis that "nearest" takes. False if it takes some from beyond the image.
bool nearest_pixels(std::int64_t begin, std::int64_t end, std::int64_t extent, std::int64_t outputs,
                    std::vector<std::int64_t>& pixels) {
    pixels.resize(static_cast<std::size_t>(outputs));
    NearestSteps steps(begin, end, outputs);
    for (std::int64_t& pixel : pixels) pixel = steps.next();
    return pixels.back() < extent;
}

// Those that a filter takes along an axis, as the first and one past the last.
std::pair<std::int64_t, std::int64_t> filtered_pixels(Interpolation method, std::int64_t begin,
                                                      std::int64_t end, std::int64_t extent,
                                                      std::int64_t outputs) noexcept {
    if (end - begin == outputs) return {begin, end};
    const TapsOfAxis axis(method, extent, begin, end, outputs);
    return {axis.begin(), axis.end()};
}

// RGB to grey, or to RGB and an opaque alpha channel.
void recolour(const ImageView& from, const MutableImageView& to) {
    if (to.channels == 1) return luma(from, to);
    for (std::int64_t y = 0; y < from.height; ++y) {
        const std::byte* in = from.at(y, 0, 0);
        std::byte* out = to.at(y, 0, 0);
        for (std::int64_t x = 0; x < from.width; ++x, in += 3, out += 4) {
            std::copy_n(in, 3, out);
            out[3] = std::byte{255};
        }
    }
}

// What EXIF's numbers mean: an image is transposed first, then mirrored.
bool is_transposed(int orientation) noexcept { return orientation >= 5; }
bool is_upside_down(int orientation) noexcept {
    return orientation == 3 || orientation == 4 || orientation >= 7;
}
bool is_mirrored(int orientation) noexcept {
    return orientation == 2 || orientation == 3 || orientation == 6 || orientation == 7;
}

// Where a part of an upright image lies in its file, whose image has this size.
Box lying(const Box& box, int orientation, const Size& stored) noexcept {
    const Size size = turned(stored, orientation);
    Box from = box;
    if (is_upside_down(orientation)) {
        from.top = size.height - box.bottom;
        from.bottom = size.height - box.top;
    }
    if (is_mirrored(orientation)) {
        from.left = size.width - box.right;
        from.right = size.width - box.left;
    }
    return is_transposed(orientation) ? Box{from.top, from.left, from.bottom, from.right} : from;
}

// Copies an image that is turned. The rows of what is transposed are read in squares, which the
// first cache holds.
template <std::int64_t channels>
void turn(const ImageView& from, const MutableImageView& to, int orientation) noexcept {
    ImageView upright = from;
    if (is_transposed(orientation)) {
        std::swap(upright.height, upright.width);
        std::swap(upright.row_stride, upright.pixel_stride);
    }
    upright = upright.flipped(is_mirrored(orientation), is_upside_down(orientation));
    constexpr std::int64_t side = 64;
    for (std::int64_t top = 0; top < to.height; top += side)
        for (std::int64_t left = 0; left < to.width; left += side)
            for (std::int64_t y = top; y < std::min(top + side, to.height); ++y) {
                const std::int64_t right = std::min(left + side, to.width);
                const std::byte* in = upright.at(y, left, 0);
                std::byte* out = to.at(y, left, 0);
                for (std::int64_t x = left; x < right; ++x, in += upright.pixel_stride)
                    out = std::copy_n(in, channels, out);
            }
}

// Decodes pixels as they are in the file, and turns them upright.
bool decode(const JpegFile& file, const JpegPixels& stored, const MutableImageView& to,
            FileScratch& scratch) {
    if (file.orientation == 1)
        return decode_jpeg(file.content, file.header, stored, to) == Decoded::done;
    const MutableImageView image =
        packed_image(scratch.lying, turned({to.height, to.width}, file.orientation), to.channels);
    if (decode_jpeg(file.content, file.header, stored, image) != Decoded::done) return false;
    to.channels == 1 ? turn<1>(image, to, file.orientation) : turn<3>(image, to, file.orientation);
    return true;
}

// Decodes a part of the upright image, at a scale.
bool decode(const JpegFile& file, int scale, const Box& box, const MutableImageView& to,
            FileScratch& scratch) {
    const Box stored = lying(box, file.orientation, scaled_size(file.header, scale));
    return decode(file, {to.channels == 1, scale, stored, {}, {}}, to, scratch);
}

// Says of places along an axis where they lie if it is read from its other end.
void turn_round(std::vector<std::int64_t>& places, std::int64_t extent) noexcept {
    std::ranges::reverse(places);
    for (std::int64_t& place : places) place = extent - 1 - place;
}

// One JPEG file at the scale that was chosen for it.
class JpegImage {
  public:
    JpegImage(const JpegFile& file, const FileDecoding& decoding, FileScratch& scratch) noexcept
        : file_(file),
          decoding_(decoding),
          scratch_(scratch),
          scale_(scale_for(file.size(), decoding)),
          size_(turned(scaled_size(file.header, scale_), file.orientation)),
          box_(part_of(size_, decoding)),
          grey_(file.header.components == 1 && decoding.channels == 1) {}

    // Keras converts colours before it resizes. Nearest pixels can be chosen before they become
    // grey, and an opaque alpha channel changes nothing in the others and stays opaque.
    bool make(const MutableImageView& target) {
        const std::int64_t decoded = grey_ ? 1 : 3;
        if (target.channels == decoded) return resized(target);
        const bool is_filtered =
            decoding_.interpolation != Interpolation::nearest && size_ != decoding_.size;
        if (target.channels == 1 && is_filtered) return luma_resized(target);
        const MutableImageView colours = packed_image(scratch_.resized, decoding_.size, decoded);
        if (!resized(colours)) return false;
        recolour(colours, target);
        return true;
    }

  private:
    bool decode(const Box& window, const MutableImageView& to) const {
        return batchwarp::decode(file_, scale_, window, to, scratch_);
    }

    // In the colours that are decoded.
    bool resized(const MutableImageView& target) {
        if (size_ == decoding_.size) return decode({0, 0, size_.width, size_.height}, target);
        if (decoding_.interpolation == Interpolation::nearest && chooses()) return chosen(target);
        const MutableImageView image = decoded_image(target.channels);
        const Box needed = window();
        if (!decode(needed, part(image, needed))) return false;
        resize(image, target, decoding_.interpolation, box_, decoding_.pillow);
        return true;
    }

    // As the library's samples become colours: in planes, where the resize that follows takes them.
    MutableImageView decoded_image(std::int64_t channels) const {
        MutableImageView image = packed_image(scratch_.decoded, size_, channels);
        if (channels == 3 && decoding_.interpolation != Interpolation::nearest &&
            file_.orientation == 1 && box_.width() != decoding_.size.width) {
            image.pixel_stride = 1;
            image.channel_stride = size_.width;
        }
        return image;
    }

    bool luma_resized(const MutableImageView& target) {
        const MutableImageView image = packed_image(scratch_.decoded, size_, 3);
        const Box needed = window();
        if (!decode(needed, part(image, needed))) return false;
        const MutableImageView grey = packed_image(scratch_.grey, size_, 1);
        luma(part(image, needed), part(grey, needed));
        resize(grey, target, decoding_.interpolation, box_, decoding_.pillow);
        return true;
    }

    bool chooses() {
        const auto [height, width] = decoding_.size;
        return nearest_pixels(box_.top, box_.bottom, size_.height, height, scratch_.rows) &&
               nearest_pixels(box_.left, box_.right, size_.width, width, scratch_.columns);
    }

    // The pixels that were chosen.
    bool chosen(const MutableImageView& target) {
        std::vector<std::int64_t>&rows = scratch_.rows, &columns = scratch_.columns;
        if (is_upside_down(file_.orientation)) turn_round(rows, size_.height);
        if (is_mirrored(file_.orientation)) turn_round(columns, size_.width);
        if (is_transposed(file_.orientation)) std::swap(rows, columns);
        const auto [height, width] = turned(size_, file_.orientation);
        const JpegPixels stored{grey_, scale_, {0, 0, width, height}, rows, columns};
        return batchwarp::decode(file_, stored, target, scratch_);
    }

    // The pixels that a resize reads. They are decoded into their places in an image of the whole
    // size, since the rounding of its weights depends on that. The rest of it is not touched.
    Box window() const noexcept {
        if (decoding_.interpolation == Interpolation::nearest) return box_;
        const auto [top, bottom] = filtered_pixels(decoding_.interpolation, box_.top, box_.bottom,
                                                   size_.height, decoding_.size.height);
        const auto [left, right] = filtered_pixels(decoding_.interpolation, box_.left, box_.right,
                                                   size_.width, decoding_.size.width);
        return {left, top, right, bottom};
    }

    const JpegFile& file_;
    const FileDecoding& decoding_;
    FileScratch& scratch_;
    int scale_;
    Size size_;
    Box box_;
    bool grey_;
};

}  // namespace

MutableImageView packed_image(Buffer<std::byte>& memory, const Size& size, std::int64_t channels) {
    const auto [height, width] = size;
    std::byte* data = memory.reserve(height * width * channels);
    return {data, DType::u8, height, width, channels, width * channels, channels, 1};
}

Box part_of(const Size& image, const FileDecoding& decoding) noexcept {
    const auto [height, width] = decoding.size;
    if (!decoding.keeps_proportions || image == decoding.size || height == 0)
        return {0, 0, image.width, image.height};
    const std::int64_t part_height = std::min(image.height, image.width * height / width);
    const std::int64_t part_width = std::min(image.width, image.height * width / height);
    const std::int64_t left = (image.width - part_width) / 2;
    const std::int64_t top = (image.height - part_height) / 2;
    return {left, top, left + part_width, top + part_height};
}

Size turned(const Size& size, int orientation) noexcept {
    return is_transposed(orientation) ? Size{size.width, size.height} : size;
}

std::optional<JpegFile> readable(Bytes content, const std::optional<int>& orientation,
                                 const FileDecoding& decoding) noexcept {
    const std::optional<JpegHeader> header = ordinary_jpeg(content);
    if (!header) return {};
    const std::optional<int> found = orientation || !decoding.turns_upright
                                         ? orientation.value_or(1)
                                         : jpeg_orientation(content);
    if (!found) return {};
    const JpegFile file{content, *header, *found};
    const Size size = file.size();
    if (decoding.max_pixels > 0 && size.height * size.width > decoding.max_pixels) return {};
    if (is_empty(part_of(size, decoding))) return {};
    return file;
}

bool decode_part(const JpegFile& file, const Box& box, const MutableImageView& image,
                 FileScratch& scratch) {
    const std::int64_t decoded = file.header.components == 1 && image.channels == 1 ? 1 : 3;
    const MutableImageView target = part(image, box);
    if (image.channels == decoded) return decode(file, 8, box, target, scratch);
    const MutableImageView colours =
        packed_image(scratch.resized, {box.height(), box.width()}, decoded);
    if (!decode(file, 8, box, colours, scratch)) return false;
    recolour(colours, target);
    return true;
}

bool decode_file(const JpegFile& file, const FileDecoding& decoding, const MutableImageView& target,
                 FileScratch& scratch) {
    return JpegImage(file, decoding, scratch).make(target);
}

}  // namespace batchwarp
