#include "batchwarp/resize.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <new>
#include <optional>
#include <string>
#include <vector>

#include "resize/horizontal_pass.hpp"
#include "resize/resize_nearest.hpp"
#include "resize/resize_taps.hpp"
#include "runtime/refuse.hpp"
#include "runtime/scratch.hpp"
#include "simd/kernels.hpp"

namespace batchwarp {
namespace {

constexpr std::int64_t max_extent = std::numeric_limits<std::int32_t>::max();

void check_extents(const char* name, const ImageView& view) {
    if (view.dtype != DType::u8) refuse("`", name, "` must be uint8");
    for (const std::int64_t extent : {view.height, view.width})
        if (extent < 1 || extent > max_extent)
            refuse("`", name, "` must have extents from 1 to 2^31 - 1. Received: height ",
                   view.height, ", width ", view.width);
}

void check_target(const ImageView& target) {
    if (!target.has_packed_pixels())
        refuse("`dst` must have the pixels of a row without gaps. Received: strides of ",
               target.pixel_stride, " and ", target.channel_stride, " bytes for ", target.channels,
               " channels");
}

void check(const ImageView& source, const ImageView& target, const Box& box) {
    check_extents("src", source);
    check_extents("dst", target);
    if (source.channels != 1 && source.channels != 3 && source.channels != 4)
        refuse("`src` must have 1, 3 or 4 channels. Received: ", source.channels);
    if (target.channels != source.channels)
        refuse("`dst` must have as many channels as `src`, ", source.channels,
               ". Received: ", target.channels);
    check_target(target);
    if (box.left < 0 || box.top < 0 || box.right > source.width || box.bottom > source.height ||
        box.left >= box.right || box.top >= box.bottom)
        refuse("`box` must be (left, top, right, bottom) with at least one pixel, all inside of a ",
               "source of width ", source.width, " and height ", source.height, ". Received: (",
               box.left, ", ", box.top, ", ", box.right, ", ", box.bottom, ")");
}

// Bytes of `rows` rows.
std::int64_t times(std::int64_t rows, std::int64_t row_bytes) {
    if (rows > std::numeric_limits<std::int64_t>::max() / row_bytes) throw std::bad_alloc();
    return rows * row_bytes;
}

std::uint8_t* as_bytes(std::byte* at) noexcept { return reinterpret_cast<std::uint8_t*>(at); }
const std::uint8_t* as_bytes(const std::byte* at) noexcept {
    return reinterpret_cast<const std::uint8_t*>(at);
}

// The source's rows as kernels take them: packed, and with alpha multiplied in if asked for; or
// planar, if they are to be left so.
class SourceRows {
  public:
    SourceRows(const ImageView& view, bool premultiplied, bool planar = false) noexcept
        : view_(view),
          premultiplied_(premultiplied),
          packed_(planar || view.has_packed_pixels()),
          end_(BatchView{view, 1, 0}.memory_end()) {}

    std::int64_t bytes() const noexcept { return view_.width * view_.channels; }

    /// The row where it lies, if it is fit as it is and `slack` bytes behind it can be read; else
    /// null.
    const std::uint8_t* in_place(std::int64_t y, std::int64_t slack) const noexcept {
        const std::byte* row = view_.at(y, 0, 0);
        const bool fits = packed_ && !premultiplied_ && end_ - row >= bytes() + slack;
        return fits ? as_bytes(row) : nullptr;
    }

    void load(std::int64_t y, std::uint8_t* to) const noexcept {
        if (packed_ && premultiplied_)
            kernels().premultiply(as_bytes(view_.at(y, 0, 0)), to, view_.width);
        else if (packed_)
            std::memcpy(to, view_.at(y, 0, 0), static_cast<std::size_t>(bytes()));
        else
            gather(y, to);
    }

  private:
    void gather(std::int64_t y, std::uint8_t* to) const noexcept {
        std::uint8_t* out = to;
        for (std::int64_t x = 0; x < view_.width; ++x)
            for (std::int64_t c = 0; c < view_.channels; ++c)
                *out++ = std::to_integer<std::uint8_t>(*view_.at(y, x, c));
        if (premultiplied_) kernels().premultiply(to, to, view_.width);
    }

    ImageView view_;
    bool premultiplied_, packed_;
    const std::byte* end_;
};

// Memory for some rows at a time; row y takes the place of an earlier one.
class RowRing {
  public:
    RowRing(std::int64_t rows, std::int64_t row_bytes)
        : rows_(rows), row_bytes_(row_bytes), first_(memory_.reserve(times(rows, row_bytes))) {}

    std::uint8_t* operator[](std::int64_t y) const noexcept {
        return first_ + y % rows_ * row_bytes_;
    }

  private:
    std::int64_t rows_, row_bytes_;
    Buffer<std::uint8_t> memory_;
    std::uint8_t* first_;
};

// The rows that a vertical pass reads: the source's, or what a horizontal pass makes of them. Made
// as they come to be needed, and kept for as long as the taps of an output row may ask for them.
class Rows {
  public:
    /// @param horizontal  null: rows are as wide as the source
    /// @param kept        how many rows are needed at the same time
    /// @param end         one past the last row that will be needed
    Rows(const SourceRows& source, HorizontalPass* horizontal, std::int64_t kept, std::int64_t end)
        : source_(source),
          horizontal_(horizontal),
          end_(end),
          ring_(kept + resize_rows - 1,
                horizontal != nullptr ? horizontal->row_bytes() : source.bytes()),
          loaded_(resize_rows, source.bytes() + resize_read_slack) {}

    /// Makes rows [first, end). Neither ever decreases.
    void make(std::int64_t first, std::int64_t end) {
        made_ = std::max(made_, first);
        while (made_ < end) {
            const std::int64_t count = std::min<std::int64_t>(resize_rows, end_ - made_);
            if (horizontal_ != nullptr)
                make_horizontally(count);
            else
                for (std::int64_t y = made_; y < made_ + count; ++y)
                    if (source_.in_place(y, 0) == nullptr) source_.load(y, ring_[y]);
            made_ += count;
        }
    }

    /// A row that has been made, and is no more than `kept` rows before the last one asked for.
    const std::uint8_t* operator[](std::int64_t y) const noexcept {
        const std::uint8_t* there = horizontal_ != nullptr ? nullptr : source_.in_place(y, 0);
        return there != nullptr ? there : ring_[y];
    }

  private:
    void make_horizontally(std::int64_t count) {
        const std::uint8_t* from[resize_rows];
        std::uint8_t* to[resize_rows];
        for (std::int64_t i = 0; i < count; ++i) {
            from[i] = source_.in_place(made_ + i, resize_read_slack);
            if (from[i] == nullptr) {
                source_.load(made_ + i, loaded_[i]);
                from[i] = loaded_[i];
            }
            to[i] = ring_[made_ + i];
        }
        horizontal_->make(count, from, to);
    }

    const SourceRows& source_;
    HorizontalPass* horizontal_;
    std::int64_t end_, made_ = 0;
    RowRing ring_, loaded_;
};

// Makes rows of the target's height.
class VerticalPass {
  public:
    VerticalPass(Interpolation method, std::int64_t extent, const Box& box, std::int64_t outputs)
        : axis_(method, extent, box.top, box.bottom, outputs) {}

    const TapsOfAxis& axis() const noexcept { return axis_; }

    /// Makes row y of the target, `bytes` of it, from as many bytes of each row from `left` on.
    void make(std::int64_t y, Rows& from, std::int64_t left, std::int64_t bytes, std::uint8_t* to) {
        const Taps taps = axis_.of(y);
        from.make(taps.first, taps.end());
        const std::int64_t steps = (taps.count + 1) / 2;
        std::int16_t* weights = weights_.reserve((axis_.most() + 1) * 2);
        rows_.resize(static_cast<std::size_t>(axis_.most() + 1));
        // An odd number of taps gets one that weighs nothing.
        for (std::int64_t i = 0; i < steps * 2; ++i) {
            const bool real = i < taps.count;
            rows_[static_cast<std::size_t>(i)] = from[real ? taps.first + i : taps.first] + left;
            const SplitWeight weight(real ? taps.weights[i] : 0);
            std::int16_t* step = weights + i / 2 * 4 + i % 2;
            step[0] = weight.high;
            step[2] = weight.low;
        }
        kernels().resize_columns(rows_.data(), weights, steps, bytes, to);
    }

  private:
    TapsOfAxis axis_;
    std::vector<const std::uint8_t*> rows_;
    Buffer<std::int16_t> weights_;
};

void copy(const ImageView& source, const MutableImageView& target) {
    const SourceRows rows(source, false);
    for (std::int64_t y = 0; y < target.height; ++y) rows.load(y, as_bytes(target.at(y, 0, 0)));
}

// Rows of channels to pixels.
void interleave(const std::uint8_t* planes, std::int64_t width, std::int64_t channels,
                std::uint8_t* to) noexcept {
    if (channels == 3) {  // where compilers know the stride
        const std::uint8_t *red = planes, *green = red + width, *blue = green + width;
        for (std::int64_t x = 0; x < width; ++x, to += 3) {
            to[0] = red[x];
            to[1] = green[x];
            to[2] = blue[x];
        }
        return;
    }
    for (std::int64_t x = 0; x < width; ++x)
        for (std::int64_t c = 0; c < channels; ++c) *to++ = planes[c * width + x];
}

// One resize by any method but `nearest`. Without a change of width or of height, there is no such
// pass.
class FilteredResize {
  public:
    FilteredResize(const ImageView& source, const MutableImageView& target, Interpolation method,
                   const Box& box)
        : target_(target),
          box_(box),
          premultiplied_(source.channels == 4),
          planar_(source.has_planar_rows() && !premultiplied_ && box.width() != target.width),
          source_(source, premultiplied_, planar_),
          bytes_(target.width * target.channels) {
        if (box.width() != target.width)
            horizontal_.emplace(source, planar_, method, box, target.width);
        if (box.height() != target.height)
            vertical_.emplace(method, source.height, box, target.height);
    }

    void run(PillowVersion pillow, const ImageView& source) {
        if (horizontal_ && vertical_ && vertical_comes_first(source, target_, pillow))
            vertical_first(*horizontal_, *vertical_);
        else
            horizontal_first();
    }

  private:
    void horizontal_first() {
        Rows rows(source_, horizontal_ ? &*horizontal_ : nullptr,
                  vertical_ ? vertical_->axis().most() : 1,
                  vertical_ ? vertical_->axis().end() : box_.bottom);
        const std::int64_t left = horizontal_ ? 0 : box_.left * target_.channels;
        for (std::int64_t y = 0; y < target_.height; ++y) {
            if (vertical_ && planar_) {
                std::uint8_t* const made = made_.reserve(bytes_);
                vertical_->make(y, rows, left, bytes_, made);
                finish(y, made);
            } else if (vertical_) {
                vertical_->make(y, rows, left, bytes_, row(y));
                finish(y);
            } else {
                rows.make(box_.top + y, box_.top + y + 1);
                finish(y, rows[box_.top + y] + left);
            }
        }
    }

    void vertical_first(HorizontalPass& horizontal, VerticalPass& vertical) {
        Rows rows(source_, nullptr, vertical.axis().most(), vertical.axis().end());
        const RowRing between(resize_rows, source_.bytes() + resize_read_slack);
        const RowRing made(resize_rows, horizontal.row_bytes());
        for (std::int64_t y = 0; y < target_.height; y += resize_rows) {
            const std::int64_t count = std::min<std::int64_t>(resize_rows, target_.height - y);
            const std::uint8_t* from[resize_rows];
            std::uint8_t* to[resize_rows];
            for (std::int64_t i = 0; i < count; ++i) {
                vertical.make(y + i, rows, 0, source_.bytes(), between[i]);
                from[i] = between[i];
                to[i] = made[i];
            }
            horizontal.make(count, from, to);
            for (std::int64_t i = 0; i < count; ++i) finish(y + i, to[i]);
        }
    }

    std::uint8_t* row(std::int64_t y) const noexcept { return as_bytes(target_.at(y, 0, 0)); }

    void finish(std::int64_t y, const std::uint8_t* made) const noexcept {
        if (planar_)
            interleave(made, target_.width, target_.channels, row(y));
        else
            std::memcpy(row(y), made, static_cast<std::size_t>(bytes_));
        finish(y);
    }
    void finish(std::int64_t y) const noexcept {
        if (premultiplied_) kernels().unpremultiply(row(y), row(y), target_.width);
    }

    MutableImageView target_;
    Box box_;
    bool premultiplied_, planar_;
    SourceRows source_;
    std::int64_t bytes_;
    Buffer<std::uint8_t> made_;
    std::optional<HorizontalPass> horizontal_;
    std::optional<VerticalPass> vertical_;
};

}  // namespace

Interpolation interpolation_from_name(std::string_view name) {
    return from_name<Interpolation>("interpolation", name, interpolation_names);
}

bool vertical_comes_first(const ImageView& source, const ImageView& target,
                          PillowVersion pillow) noexcept {
    const std::int64_t fewer_rows = source.height - target.height;
    const std::int64_t fewer_columns = source.width - target.width;
    if (fewer_rows <= 0 || pillow < PillowVersion{12, 2}) return false;
    return pillow < PillowVersion{13, 0} ? source.height > 100 * source.width
                                         : fewer_rows > 2 * fewer_columns;
}

void resize(const ImageView& source, const MutableImageView& target, Interpolation method,
            const Box& box, PillowVersion pillow) {
    check(source, target, box);
    const bool same_size = source.height == target.height && source.width == target.width;
    if (same_size && box == whole(source))
        copy(source, target);
    else if (method == Interpolation::nearest)
        resize_nearest(source, target, box);
    else
        FilteredResize(source, target, method, box).run(pillow, source);
}

void luma(const ImageView& source, const MutableImageView& target) {
    check_extents("src", source);
    check_extents("dst", target);
    if (source.channels != 3) refuse("`src` must have 3 channels. Received: ", source.channels);
    if (target.height != source.height || target.width != source.width || target.channels != 1)
        refuse("`dst` must have the height and width of `src`, ", source.height, " x ",
               source.width, ", and 1 channel. Received: ", target.height, " x ", target.width,
               " x ", target.channels);
    check_target(target);
    const SourceRows rows(source, false);
    std::vector<std::uint8_t> loaded;
    for (std::int64_t y = 0; y < source.height; ++y) {
        const std::uint8_t* row = rows.in_place(y, 0);
        if (row == nullptr) {
            loaded.resize(static_cast<std::size_t>(rows.bytes()));
            rows.load(y, loaded.data());
            row = loaded.data();
        }
        kernels().luma(row, as_bytes(target.at(y, 0, 0)), source.width);
    }
}

}  // namespace batchwarp
