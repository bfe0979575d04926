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
int scale_for(const JpegHeader& header, const FileDecoding& decoding) noexcept {
    if (!decoding.scaled) return 8;
    const Box box = part_of({header.height, header.width}, decoding);
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

// One JPEG file at the scale that was chosen for it.
class JpegImage {
  public:
    JpegImage(Bytes file, const JpegHeader& header, const FileDecoding& decoding,
              FileScratch& scratch) noexcept
        : file_(file),
          header_(header),
          decoding_(decoding),
          scratch_(scratch),
          scale_(scale_for(header, decoding)),
          size_(scaled_size(header, scale_)),
          box_(part_of(size_, decoding)),
          grey_(header.components == 1 && decoding.channels == 1) {}

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
        return decode_jpeg(file_, header_, {grey_, scale_, window, {}, {}}, to) == Decoded::done;
    }

    // In the colours that are decoded.
    bool resized(const MutableImageView& target) {
        if (size_ == decoding_.size) return decode({0, 0, size_.width, size_.height}, target);
        if (decoding_.interpolation == Interpolation::nearest && chooses()) {
            const Box all{0, 0, size_.width, size_.height};
            const JpegPixels wanted{grey_, scale_, all, scratch_.rows, scratch_.columns};
            return decode_jpeg(file_, header_, wanted, target) == Decoded::done;
        }
        const MutableImageView image = packed_image(scratch_.decoded, size_, target.channels);
        const Box needed = window();
        if (!decode(needed, part(image, needed))) return false;
        resize(image, target, decoding_.interpolation, box_, decoding_.pillow);
        return true;
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

    Bytes file_;
    const JpegHeader& header_;
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

std::optional<JpegHeader> readable_header(Bytes file, const FileDecoding& decoding) noexcept {
    const std::optional<JpegHeader> header = ordinary_jpeg(file);
    if (!header) return {};
    const Size size{header->height, header->width};
    if (decoding.max_pixels > 0 && size.height * size.width > decoding.max_pixels) return {};
    if (decoding.turns_upright && header->has_exif) return {};
    if (is_empty(part_of(size, decoding))) return {};
    return header;
}

bool decode_part(Bytes file, const JpegHeader& header, const Box& box,
                 const MutableImageView& image, FileScratch& scratch) {
    const bool grey = header.components == 1 && image.channels == 1;
    const MutableImageView target = part(image, box);
    const JpegPixels wanted{grey, 8, box, {}, {}};
    const std::int64_t decoded = grey ? 1 : 3;
    if (image.channels == decoded)
        return decode_jpeg(file, header, wanted, target) == Decoded::done;
    const MutableImageView colours =
        packed_image(scratch.resized, {box.height(), box.width()}, decoded);
    if (decode_jpeg(file, header, wanted, colours) != Decoded::done) return false;
    recolour(colours, target);
    return true;
}

bool decode_file(Bytes file, const JpegHeader& header, const FileDecoding& decoding,
                 const MutableImageView& target, FileScratch& scratch) {
    return JpegImage(file, header, decoding, scratch).make(target);
}

}  // namespace batchwarp
