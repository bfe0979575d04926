// A batch from image files: each read, decoded, resized, augmented and stored by one thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>

#include "batchwarp/draws.hpp"
#include "batchwarp/image.hpp"
#include "batchwarp/plan.hpp"
#include "batchwarp/plans_by_size.hpp"
#include "batchwarp/resize.hpp"

namespace batchwarp {

/// What is made of a file.
struct FileDecoding {
    Size size;                  ///< of every image; 0 x 0: that of its file
    std::int64_t channels = 3;  ///< 1: grey, 3: RGB, 4: RGB and an opaque alpha channel
    Interpolation interpolation = Interpolation::nearest;
    bool keeps_proportions = false;  ///< crops to those of `size` first
    bool turns_upright = false;      ///< as EXIF's orientation says
    bool scaled = false;             ///< may be decoded smaller than it is, where that is enough
    PillowVersion pillow = {};
    std::int64_t max_pixels = 0;  ///< files with more are left; 0: none is
};

/// What became of a file.
struct FileReport {
    /// False: left to the caller, who knows more formats and can say what is wrong. Nothing has
    /// been written for it, or something of no meaning.
    bool made = false;
    std::int64_t bytes = 0;        ///< the file's size
    std::int64_t modified_ns = 0;  ///< when it was last changed, since 1970; 0 for a content
    /// Of the image in it. If the file is left, it is only said where there is no plan for it.
    Size size;
};

/// When something was done to a file, in nanoseconds since the call began.
struct FileTimes {
    std::int64_t begun = 0;
    std::int64_t read = 0;     ///< its bytes were in memory
    std::int64_t decoded = 0;  ///< its pixels were, resized
    std::int64_t done = 0;     ///< all was
    std::int64_t thread = 0;   ///< by which thread; another number for each of the process
};

/// A path as the system takes it.
using NativePath = std::filesystem::path::string_type;

/// The bytes of a file that somebody has read already.
struct FileContent {
    std::span<const std::byte> data;  ///< without any: the file is read by its path
    /// How it is turned upright, as EXIF numbers it, from 1 (not at all) to 8; whatever is in the
    /// bytes, nobody looks.
    int orientation = 1;
};

struct FileBatchRequest {
    /// An empty one is left.
    std::span<const NativePath> paths;
    /// None, or one for each path.
    std::span<const FileContent> contents;
    FileDecoding decoding;
    /// Where images go as they were decoded and resized, uint8, the pixels of a row without gaps.
    /// Without data: nowhere.
    MutableBatchView images;
    /// What is done to images then; null: nothing.
    const Plan* plan = nullptr;
    /// As in `BatchRequest`, if there is a plan; for several, a row of as many numbers for each
    /// file as they have been promised, or null if none is drawn.
    const double* params = nullptr;
    /// Instead of one plan, where images have the sizes of their files: those of other sizes are
    /// left. Rows are drawn by `key` for `samples`, one for each path, and only that part of a file
    /// is decoded that its image is made of. There is nothing in `images` then.
    PlansBySize* plans = nullptr;
    DrawKey key;
    std::span<const std::uint64_t> samples;
    MutableBatchView target;
    /// One for each path.
    std::span<FileReport> reports;
    /// Likewise, where somebody wants to know; empty: no clock is read.
    std::span<FileTimes> times;
    /// As in `BatchRequest`.
    int threads = 0;
    std::function<bool()> interrupted;
};

/// Makes a batch of files. One that is no ordinary JPEG file, that cannot be read or decoded, or
/// for which memory is lacking, is left.
///
/// @throws InvalidArgument if the views do not fit each other or the plan, before a file is opened;
///         if they do not fit one of several plans, before that one is used
/// @throws Interrupted if `request.interrupted` returned true
void make_files(const FileBatchRequest& request);

}  // namespace batchwarp
