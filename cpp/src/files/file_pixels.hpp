// The content of an image file to pixels: decoded, cropped, resized, in the wanted colours.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "batchwarp/file_batch.hpp"
#include "batchwarp/image.hpp"
#include "batchwarp/jpeg.hpp"
#include "runtime/scratch.hpp"

namespace batchwarp {

/// Memory that a thread keeps from file to file, unless it is much: pictures of cameras are rare
/// among small ones, and have never been kept.
struct FileScratch {
    Buffer<std::byte> content;   // of the file
    Buffer<std::byte> decoded;   // the image in it, or where parts of that have their places
    Buffer<std::byte> grey;      // its luma, in the same places
    Buffer<std::byte> lying;     // what is to be turned of it
    Buffer<std::byte> resized;   // of colours, before these change
    Buffer<std::byte> finished;  // for those that nobody keeps
    Buffer<std::byte> between;   // what is made of it before it is made smaller
    Buffer<double> row, before;  // parameters that are drawn
    std::vector<std::int64_t> rows, columns;  // which of the decoded image are wanted

    static FileScratch& of_this_thread() {
        static thread_local FileScratch scratch;
        return scratch;
    }

    void let_go() noexcept {
        constexpr std::int64_t most = std::int64_t{4} << 20;
        for (Buffer<std::byte>* buffer :
             {&content, &decoded, &grey, &lying, &resized, &finished, &between})
            buffer->keep_at_most(most);
    }
};

/// An image in memory of a thread, without gaps.
MutableImageView packed_image(Buffer<std::byte>& memory, const Size& size, std::int64_t channels);

/// What is resized of an image of this size: all of it, or the greatest centred part that has the
/// proportions of `decoding.size`, as Keras. Of images of very different proportions it is empty.
Box part_of(const Size& image, const FileDecoding& decoding) noexcept;

/// The size of an image that is turned upright by EXIF's orientation, from 1 to 8.
Size turned(const Size& size, int orientation) noexcept;

/// The content of a file that this can decode.
struct JpegFile {
    std::span<const std::byte> content;
    JpegHeader header;
    int orientation = 1;  ///< as in `FileContent`

    /// Of the image, upright.
    Size size() const noexcept { return turned({header.height, header.width}, orientation); }
};

/// A file that this can decode, of an image of a size that is wanted; nothing for those that are
/// left, see `FileReport`.
///
/// @param orientation  if it is known: nothing in the file can change it
std::optional<JpegFile> readable(std::span<const std::byte> content,
                                 const std::optional<int>& orientation,
                                 const FileDecoding& decoding) noexcept;

/// Decodes a part of an image, in the size that it has, into its place.
///
/// @param box    the part, not empty, within the image
/// @param image  uint8, of the whole size and of 1, 3 or 4 channels, the pixels of a row without
///               gaps; nothing is written beside the part
/// @returns whether it could be done
/// @throws std::bad_alloc
bool decode_part(const JpegFile& file, const Box& box, const MutableImageView& image,
                 FileScratch& scratch);

/// Decodes and resizes an image.
///
/// @param target  uint8, `decoding.size` x `decoding.channels`, the pixels of a row without gaps
/// @returns whether it could be done
/// @throws std::bad_alloc
bool decode_file(const JpegFile& file, const FileDecoding& decoding, const MutableImageView& target,
                 FileScratch& scratch);

}  // namespace batchwarp
