// The reduction of a window of an image by a filter that sees every pixel: what Pillow and
// torchvision call bilinear and antialiased, into floats that are never rounded.
#pragma once

#include <cstdint>
#include <vector>

#include "batchwarp/coordinates.hpp"
#include "batchwarp/image.hpp"
#include "resize/resize_taps.hpp"
#include "runtime/scratch.hpp"

namespace batchwarp {

/// That part of a window that lies in an image of this size, one pixel of it at least.
Window clipped(const Window& window, const Size& size) noexcept;

/// Rows of one reduced image. A row depends on the source alone, so that any band gives the same.
/// T is float, by kernels, or double.
template <class T>
class Reduction {
  public:
    /// @param image   any dtype and strides; it has to outlive this
    /// @param window  what is reduced; nothing outside of it is seen
    /// @param size    of all of the result; rows and columns of it may be fewer than the window's,
    ///                or more
    /// @param flip_horizontal, flip_vertical  whether the result is mirrored
    Reduction(const ImageView& image, const Window& window, const Size& size, bool flip_horizontal,
              bool flip_vertical);

    /// Makes rows [begin, end), interleaved and packed; `out` is where row `begin` starts.
    void make_rows(std::int64_t begin, std::int64_t end, T* out);

  private:
    // From rows of the window, of which `values` has `first_row` first.
    template <class S>
    void make(std::int64_t begin, std::int64_t end, const S* values, std::int64_t first_row,
              std::int64_t row_stride, T* out);
    void tabulate(bool flip);
    std::int64_t filtered_row(std::int64_t row) const noexcept {
        return flip_vertical_ ? size_.height - 1 - row : row;
    }

    ImageView part_;  // the window
    Size size_;
    bool flip_vertical_;
    TapsOfAxis vertical_, horizontal_;
    // For each output column its taps.
    std::vector<std::int64_t> first_;
    std::vector<std::int32_t> taps_;
    std::vector<T> weights_;  // as many for each as the one with most has
    Buffer<T> lines_, row_weights_;
};

}  // namespace batchwarp
