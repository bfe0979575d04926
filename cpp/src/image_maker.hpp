// How the images of a batch are made, each by one thread or some rows by each: placed, sampled,
// changed, normalised, stored.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "batchwarp/batch.hpp"
#include "color/planes.hpp"
#include "runtime/scratch.hpp"
#include "spline/spline_plane.hpp"
#include "warp/small_warp.hpp"
#include "warp/warp.hpp"
#include "warp/warp_kernels.hpp"
#include "warp/whole_move.hpp"

namespace batchwarp {

/// Where the pixels of an image come from. Its parts point to each other: there are no copies.
struct Placement {
    /// @param kind  the geometry that images share
    Placement(const Plan& plan, const double* row, const WarpGeometry& kind)
        : from(plan.coordinates(row)), geometry(kind) {}
    Placement(const Placement&) = delete;
    Placement& operator=(const Placement&) = delete;

    Coordinates from;
    Size sampled;  // of what `from` samples: the image, or what it is reduced to
    WarpGeometry geometry;
    std::optional<WholeMove> move;  // all that there is to do to what is sampled
    bool has_kernel = false;        // if it is to be warped into single precision
    bool is_small = false;          // in the way that the batch has for small images
};

/// Makes the images of one call. What these share is settled when it is constructed.
class ImageMaker {
  public:
    ImageMaker(const Plan& plan, const BatchRequest& request);

    /// Of what is made.
    std::int64_t height() const noexcept { return plan_.target_height(); }

    /// Whether rows of an image can be made independently of each other, once it is prepared.
    bool splits_into_bands() const noexcept;

    /// Orders 2 to 5 need the whole image filtered first; bands of it share the coefficients, until
    /// the next image is prepared. False if only one thread can make image `i`.
    bool prepare(std::int64_t i, int threads);

    void make_rows(std::int64_t i, std::int64_t row_begin, std::int64_t row_end) const;

    /// All rows of images [begin, end).
    void make_images(std::int64_t begin, std::int64_t end) const;

  private:
    ImageView source_image(std::int64_t i) const noexcept {
        return request_.source[request_.indices != nullptr ? request_.indices[i] : i];
    }

    // The parameters of image `i`, or null.
    const double* row_of(std::int64_t i) const noexcept {
        return request_.params != nullptr ? request_.params + i * std::ssize(plan_.columns())
                                          : nullptr;
    }
    void fetch(std::int64_t i) const noexcept;
    void prepare_splines(const Size& size, std::optional<SplinePlane>& plane) const;
    void place(Placement& placed) const noexcept;
    const SplinePlane* spline_of(const Placement& placed) const noexcept {
        const std::optional<SplinePlane>& plane = placed.from.reduces ? reduced_spline_ : spline_;
        return plane ? &*plane : nullptr;
    }
    bool has_kernel(const Placement& placed) const noexcept;
    void make_rows(std::int64_t i, const Placement& placed, std::int64_t row_begin,
                   std::int64_t row_end) const;
    template <class T>
    void make(std::int64_t i, const Placement& placed, std::int64_t row_begin,
              std::int64_t row_end) const;
    void make_small(std::int64_t i, const Placement& placed, SmallWarp::Run& run) const;
    template <class T>
    void finish(const double* row, const Planes<T>& image, bool normalized, bool changes,
                const std::uint8_t* unread) const;
    bool copy_bytes(std::int64_t i, const Placement& placed, std::int64_t row_begin,
                    std::int64_t row_end) const;
    template <class T>
    T* in_place(const MutableImageView& target) const noexcept;
    template <class T>
    void sample(const KernelImage& source, const Placement& placed, std::int64_t row_begin,
                std::int64_t row_end, const float* shift, const float* scale, T* out) const;
    template <class T>
    void warp(const KernelImage& source, const Placement& placed, std::int64_t row_begin,
              std::int64_t row_end, const float* shift, const float* scale, T* out) const;

    const Plan& plan_;
    const BatchRequest& request_;
    std::vector<float> shift_, scale_;
    const std::byte* source_end_;
    std::int64_t fetched_bytes_;      // of the next image, early
    WarpGeometry kind_;               // without where pixels lie
    std::optional<SmallWarp> small_;  // of images that are made where they are stored
    // Orders 2 to 5, sizes that can be filtered: of whole images, and of reduced ones.
    std::optional<SplinePlane> spline_, reduced_spline_;
    Buffer<float> shared_;             // what `prepare` computed
    const float* prepared_ = nullptr;  // the same, or null
};

}  // namespace batchwarp
