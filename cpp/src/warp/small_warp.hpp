// Warps of order 1 of small images, which are copied into the first-level cache first, with what
// lies beyond their last column and row. An image takes less than a microsecond: what those of a
// batch share is settled once.
#pragma once

#include <cstddef>
#include <cstdint>

#include "batchwarp/image.hpp"
#include "simd/kernels.hpp"
#include "warp/readable.hpp"
#include "warp/warp.hpp"
#include "warp/warp_kernels.hpp"

namespace batchwarp {

/// Whether an edge-padded copy of the image pays, and kernels of orders 0 and 1 bring coordinates
/// inside as this border wants it; the map does not matter.
bool is_small_kind(const WarpGeometry& geometry, const ImageView& source) noexcept;

/// Whether besides its coordinates fit the kernels' fixed point.
bool is_small(const WarpGeometry& geometry, const ImageView& source) noexcept;

/// Whether the coordinates of an affine map fit the kernels' fixed point: see `WarpJob::small`.
bool fits_fixed_point(const WarpGeometry& geometry, std::int64_t height,
                      std::int64_t width) noexcept;

/// What the warps of some images share. Threads may share it, too.
class SmallWarp {
  public:
    /// @param geometry  of one of them, which is a small kind of order 1
    /// @param source  the image: others have its type and strides
    SmallWarp(const WarpGeometry& geometry, const ImageView& source) noexcept;

    /// Images one after the other, in the memory of this thread: nothing else may warp meanwhile.
    class Run {
      public:
        explicit Run(const SmallWarp& shared);

        /// @param geometry  is small, and like the shared one but for its map and its mirroring
        void warp(const std::byte* source, const WarpGeometry& geometry, const WarpTarget& target);

      private:
        void copy(const std::byte* source) const;

        const SmallWarp& shared_;
        WarpJob job_;
        float* values_ = nullptr;
        std::uint8_t* bytes_ = nullptr;
    };

  private:
    // What becomes of pixels: bytes stay bytes if they may, and those of one channel are copied
    // together with the row below.
    enum class Copy : unsigned char { bytes, byte_pairs, values, pairs, pairs_of_bytes };

    static Copy copy_of(const WarpGeometry& geometry, const ImageView& source) noexcept;
    bool keeps_bytes() const noexcept { return copy_ == Copy::bytes || copy_ == Copy::byte_pairs; }

    ImageView source_;
    Copy copy_;
    WarpJob job_{};
    WarpKernel kernel_;
};

}  // namespace batchwarp
