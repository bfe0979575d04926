// Memory that a thread keeps from image to image.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <utility>

namespace batchwarp {

/// Grows, never shrinks, does not keep its content when it grows; aligned to cache lines.
template <class T>
class Buffer {
  public:
    T* reserve(std::int64_t count) {
        const auto wanted = static_cast<std::size_t>(count);
        if (wanted > size_) {
            data_.reset();
            size_ = 0;
            data_.reset(static_cast<T*>(::operator new(wanted * sizeof(T), alignment)));
            size_ = wanted;
        }
#ifdef BATCHWARP_POISON_SCRATCH  // sanitizer builds: stale or missing values become NaN
        std::memset(static_cast<void*>(data_.get()), 0xff, wanted * sizeof(T));
#endif
        return data_.get();
    }

    /// Gives the memory back if it is for more than `count`.
    void keep_at_most(std::int64_t count) noexcept {
        if (std::cmp_less_equal(size_, count)) return;
        data_.reset();
        size_ = 0;
    }

  private:
    static constexpr std::align_val_t alignment{64};
    struct Release {
        void operator()(T* data) const noexcept { ::operator delete(data, alignment); }
    };
    std::unique_ptr<T, Release> data_;
    std::size_t size_ = 0;
};

struct Scratch {
    Buffer<float> source;               // a source image as packed float32, read slack included
    Buffer<float> padded;               // a small source image with its last column and row doubled
    Buffer<std::uint8_t> padded_bytes;  // the same of an image of bytes
    Buffer<float> surrounded;           // a small source image with samples around it
    Buffer<float> reduced;              // what is sampled instead of the source image
    Buffer<float> work;                 // the image being made, where the target cannot hold it
    Buffer<double> source64;   // the same for float64 targets; `source64` also holds spline
    Buffer<double> reduced64;  // coefficients
    Buffer<double> work64;
    Buffer<float> coefficients;  // of orders 2 to 5
    Buffer<float> panel;         // of rows that are filtered
    Buffer<float> columns;       // tables of the linear kernels
    Buffer<std::int32_t> column_indices;
    Buffer<double> column_products;
    Buffer<float> weights;
    Buffer<float> spline_weights;
    Buffer<std::int32_t> offsets;
    Buffer<std::int32_t> halves;  // of pixels of bytes, which samples stand for them
    Buffer<std::uint16_t> point_columns;
    Buffer<std::uint8_t> point_row;  // of bytes that become values
    Buffer<float> lines;             // of an image that is blurred
    Buffer<double> lines64;
    Buffer<std::int16_t> samples;  // of rows that JPEG compresses
    Buffer<double> field, places;  // points of a field, pixels that it displaces
    Buffer<std::int64_t> field_columns;
    Buffer<std::uint8_t> levels;   // of an image that is equalized
    Buffer<double> numbers;        // random ones, of some images
    Buffer<float> mixture, chain;  // an image that is mixed, and one to mix it with
    Buffer<double> mixture64, chain64;
    Buffer<std::uint8_t> pasted;  // parts of images

    static Scratch& of_this_thread() {
        static thread_local Scratch scratch;
        return scratch;
    }
};

}  // namespace batchwarp
