#include "batchwarp/file_batch.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <new>

#include "batch_check.hpp"
#include "batchwarp/batch.hpp"
#include "batchwarp/draws.hpp"
#include "batchwarp/parallel.hpp"
#include "files/file_pixels.hpp"
#include "files/footprint.hpp"
#include "files/open_file.hpp"
#include "runtime/refuse.hpp"

namespace batchwarp {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::int64_t max_extent = std::int64_t{1} << 31;

void check_decoding(const FileBatchRequest& request) {
    const FileDecoding& decoding = request.decoding;
    const auto [height, width] = decoding.size;
    const bool is_sized = request.plans != nullptr && height == 0 && width == 0;
    if (!is_sized && (height < 1 || width < 1 || height >= max_extent || width >= max_extent))
        refuse("`size` must be a height and a width from 1 to 2^31 - 1. Received: ", height, ", ",
               width);
    if (decoding.channels != 1 && decoding.channels != 3 && decoding.channels != 4)
        refuse("`channels` must be 1, 3 or 4. Received: ", decoding.channels);
}

void check_contents(const FileBatchRequest& request) {
    if (!request.contents.empty() && request.contents.size() != request.paths.size())
        refuse("`contents` must be one for each of ", request.paths.size(),
               " files. Received: ", request.contents.size());
    for (const FileContent& content : request.contents)
        if (content.orientation < 1 || content.orientation > 8)
            refuse("`orientations` must be from 1 to 8. Received: ", content.orientation);
}

void check_images(const FileBatchRequest& request) {
    const ImageView& image = request.images.first;
    const FileDecoding& decoding = request.decoding;
    if (image.data == nullptr) return;
    if (image.dtype != DType::u8 || !image.has_packed_pixels())
        refuse("`images` must be uint8, the pixels of a row without gaps");
    if (request.images.count != std::ssize(request.paths) || image.height != decoding.size.height ||
        image.width != decoding.size.width || image.channels != decoding.channels)
        refuse("`images` must hold one of ", decoding.size.height, " x ", decoding.size.width,
               " x ", decoding.channels, " for each of ", request.paths.size(),
               " files. Received: ", request.images.count, " of ", image.height, " x ", image.width,
               " x ", image.channels);
}

// Decoded images as `augment_batch` takes them: any of them may be one image alone.
BatchView decoded(const std::byte* data, const FileDecoding& decoding, std::int64_t row_stride,
                  std::int64_t count) noexcept {
    const auto [height, width] = decoding.size;
    const ImageView first{data,       DType::u8,         height, width, decoding.channels,
                          row_stride, decoding.channels, 1};
    return {first, count, height * row_stride};
}

void check_target(const FileBatchRequest& request) {
    if (request.plan == nullptr && request.plans == nullptr) return;
    const std::int64_t count = std::ssize(request.paths);
    if (request.target.count != count)
        refuse("`dst` must hold an image for each of ", count,
               " files. Received: ", request.target.count);
    if (request.plans != nullptr) {  // the rest is for each of them to say
        if (request.samples.size() != request.paths.size())
            refuse("`samples` must be one for each of ", count,
                   " files. Received: ", request.samples.size());
        return;
    }
    BatchRequest batch;
    batch.source = decoded(nullptr, request.decoding,
                           request.decoding.size.width * request.decoding.channels, count);
    batch.params = request.params;
    batch.target = request.target;
    check_batch(*request.plan, batch);
}

std::int64_t number_of_this_thread() noexcept {
    static std::atomic<std::int64_t> count{0};
    static thread_local const std::int64_t number = count.fetch_add(1, std::memory_order_relaxed);
    return number;
}

// What notes when the phases of a file end, if somebody wants to know.
class Phases {
  public:
    Phases(const FileBatchRequest& request, Clock::time_point start, std::int64_t i) noexcept
        : start_(start) {
        if (request.times.empty()) return;
        times_ = &request.times[static_cast<std::size_t>(i)];
        times_->thread = number_of_this_thread();
        times_->begun = times_->read = times_->decoded = now();
    }
    Phases(const Phases&) = delete;
    Phases& operator=(const Phases&) = delete;
    ~Phases() {
        if (times_ != nullptr) times_->done = now();
    }

    void read() const noexcept {
        if (times_ != nullptr) times_->read = times_->decoded = now();
    }
    void decoded() const noexcept {
        if (times_ != nullptr) times_->decoded = now();
    }

  private:
    std::int64_t now() const noexcept {
        return std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - start_).count();
    }

    Clock::time_point start_;
    FileTimes* times_ = nullptr;
};

// The whole content of a file that begins as a JPEG file does; nothing for others, of which no more
// is read than that, and for those that change meanwhile.
std::optional<std::span<const std::byte>> content_of(OpenFile& file, FileScratch& scratch) {
    constexpr std::int64_t looked_at = 3;
    constexpr std::byte start[looked_at] = {std::byte{0xFF}, std::byte{0xD8}, std::byte{0xFF}};
    std::byte found[looked_at];
    if (file.bytes() < looked_at || file.read(found, looked_at) != looked_at ||
        !std::equal(start, start + looked_at, found))
        return {};
    std::byte* content = scratch.content.reserve(file.bytes() + 1);
    std::copy_n(found, looked_at, content);
    const std::int64_t rest = file.bytes() - looked_at;
    if (file.read(content + looked_at, rest + 1) != rest) return {};
    return std::span<const std::byte>(content, static_cast<std::size_t>(file.bytes()));
}

// One file of a batch.
class FileTask {
  public:
    FileTask(const FileBatchRequest& request, std::int64_t i, const Phases& phases)
        : request_(request),
          i_(i),
          phases_(phases),
          report_(request.reports[static_cast<std::size_t>(i)]),
          scratch_(FileScratch::of_this_thread()) {}
    FileTask(const FileTask&) = delete;
    FileTask& operator=(const FileTask&) = delete;
    ~FileTask() { scratch_.let_go(); }

    void run() {
        try {
            report_.made = read() && decode();
        } catch (const std::bad_alloc&) {  // another way may need less, or say which file it was
            report_.made = false;
        }
        if (report_.made && plan_ != nullptr) augment();
    }

  private:
    bool read() {
        if (!request_.contents.empty()) {
            const FileContent& given = request_.contents[static_cast<std::size_t>(i_)];
            if (!given.data.empty()) {
                content_ = given.data;
                orientation_ = given.orientation;
                report_.bytes = std::ssize(content_);
                phases_.read();
                return true;
            }
        }
        const NativePath& path = request_.paths[static_cast<std::size_t>(i_)];
        if (path.empty()) return false;
        OpenFile file(path);
        if (!file.is_regular()) return false;
        report_.bytes = file.bytes();
        report_.modified_ns = file.modified_ns();
        const auto content = content_of(file, scratch_);
        phases_.read();
        if (!content) return false;
        content_ = *content;
        return true;
    }

    bool decode() {
        const std::optional<JpegFile> file = readable(content_, orientation_, request_.decoding);
        if (!file) return false;
        const Size size = file->size();
        if (request_.plans != nullptr) {
            kept_ = request_.plans->find(size);
            report_.size = size;
            if (kept_ == nullptr) return false;
            plan_ = &kept_->plan;
        }
        const bool done = request_.plans != nullptr ? decode_sized(*file) : decode_resized(*file);
        phases_.decoded();
        report_.size = done ? size : Size{};
        return done;
    }

    bool decode_resized(const JpegFile& file) {
        const FileDecoding& decoding = request_.decoding;
        plan_ = request_.plan;
        if (plan_ != nullptr && request_.params != nullptr)
            row_ = request_.params + i_ * std::ssize(plan_->columns());
        pixels_ = request_.images.first.data != nullptr
                      ? request_.images[i_]
                      : packed_image(scratch_.finished, decoding.size, decoding.channels);
        return decode_file(file, decoding, pixels_, scratch_);
    }

    bool decode_sized(const JpegFile& file) {
        if (!plan_->columns().empty()) {
            double* const row = scratch_.row.reserve(std::ssize(plan_->columns()));
            draw_rows(*plan_, &request_.samples[static_cast<std::size_t>(i_)], 1, request_.key,
                      row);
            if (!kept_->before) put_first(row);
            row_ = row;
        }
        pixels_ = packed_image(scratch_.finished, file.size(), request_.decoding.channels);
        if (!kept_->before) return decode_part(file, footprint(*plan_, row_), pixels_, scratch_);
        double* const row = scratch_.before.reserve(std::ssize(kept_->before->columns()));
        std::ranges::copy(kept_->before->neutral_row(), row);
        put_first(row);
        before_row_ = row;
        between_ = image_between();
        return decode_part(file, footprint(*kept_->before, row), pixels_, scratch_);
    }

    // Of the size of the file's.
    MutableImageView image_between() {
        const auto item = static_cast<std::int64_t>(item_size(kept_->between));
        const std::int64_t pixel = item * pixels_.channels, row = pixel * pixels_.width;
        MutableImageView image = pixels_;
        image.data = scratch_.between.reserve(row * pixels_.height);
        image.dtype = kept_->between;
        image.row_stride = row;
        image.pixel_stride = pixel;
        image.channel_stride = item;
        return image;
    }

    // What was drawn before the size was known.
    void put_first(double* row) const noexcept {
        if (request_.params == nullptr) return;
        const double* const params = request_.params + i_ * request_.plans->params();
        for (std::size_t k = 0; k < kept_->columns.size(); ++k)
            row[k] = params[kept_->columns[k]] * kept_->factors[k];
    }

    void augment() {
        if (kept_ != nullptr && kept_->before) {
            augment_by(*kept_->before, before_row_, pixels_, between_);
            pixels_ = between_;
        }
        augment_by(*plan_, row_, pixels_, request_.target[i_]);
    }

    static void augment_by(const Plan& plan, const double* row, const ImageView& from,
                           const MutableImageView& to) {
        BatchRequest batch;
        batch.source = {from, 1, 0};
        batch.params = row;
        batch.target = {to, 1, 0};
        batch.threads = 1;
        augment_batch(plan, batch);
    }

    const FileBatchRequest& request_;
    std::int64_t i_;
    const Phases& phases_;
    FileReport& report_;
    FileScratch& scratch_;
    std::span<const std::byte> content_;
    std::optional<int> orientation_;  // if somebody has said it
    MutableImageView pixels_;
    MutableImageView between_;               // of what one plan has made, before the other
    std::shared_ptr<const SizedPlan> kept_;  // if it is one of several
    const Plan* plan_ = nullptr;
    const double* row_ = nullptr;
    const double* before_row_ = nullptr;
};

}  // namespace

void make_files(const FileBatchRequest& request) {
    check_decoding(request);
    check_contents(request);
    check_images(request);
    check_target(request);
    const int threads =
        request.threads > 0 ? std::min(request.threads, num_threads()) : num_threads();
    std::ranges::fill(request.reports, FileReport());
    const Clock::time_point start = request.times.empty() ? Clock::time_point() : Clock::now();
    parallel_for(
        std::ssize(request.paths), threads,
        [&](std::int64_t i) { FileTask(request, i, Phases(request, start, i)).run(); },
        request.interrupted);
}

}  // namespace batchwarp
