#include "warp/warp_bytes.hpp"

#include <algorithm>
#include <cmath>

#include "pixels.hpp"
#include "runtime/scratch.hpp"
#include "simd/kernels.hpp"
#include "warp/warp_kernels.hpp"

namespace batchwarp {
namespace {

// The smallest and the largest coordinates of what kernels place: columns run past both ends, since
// a mirrored image ends where others begin.
struct Reach {
    double top = INFINITY, left = INFINITY, bottom = -INFINITY, right = -INFINITY;

    explicit Reach(const WarpGeometry& g) noexcept {
        const double past = static_cast<double>(warp_column_slots(0));
        for (const double r : {0.0, static_cast<double>(g.height - 1)})
            for (const double c : {-past, static_cast<double>(g.width) + past}) {
                const double y = g.affine.y(r, c), x = g.affine.x(r, c);
                top = std::min(top, y);
                bottom = std::max(bottom, y);
                left = std::min(left, x);
                right = std::max(right, x);
            }
    }
    // Not of what is not a number.
    bool is_within(double most) const noexcept {
        return top >= -most && left >= -most && bottom <= most && right <= most;
    }
};

bool is_interleaved(const ImageView& image) noexcept {
    return image.dtype == DType::u8 && image.has_packed_pixels();
}

// From the half before what holds the lowest coordinate to the one after the highest one's.
PointHalves halves_of(double low, double high) noexcept {
    const auto first = static_cast<std::int32_t>(std::floor(2 * low)) - 1,
               last = static_cast<std::int32_t>(std::floor(2 * high)) + 3;
    return {nullptr, first, last - first + 1};
}

}  // namespace

bool takes_bytes(const ImageView& source, const MutableImageView& target,
                 const WarpGeometry& g) noexcept {
    if (g.order != 0 || g.projects || g.displacement != nullptr || !is_interleaved(source) ||
        !is_interleaved(target) || source.row_stride < 0 || source.row_stride > point_max_stride ||
        source.channels > point_max_stride)
        return false;
    const double last = static_cast<double>(g.width + warp_column_slots(0));
    return Reach(g).is_within(point_max_coordinate) &&
           std::abs(last * g.affine.m01) < point_max_coordinate &&
           std::abs(last * g.affine.m11) < point_max_coordinate;
}

void warp_bytes(const ImageView& source, const WarpGeometry& geometry,
                const MutableImageView& target, std::int64_t row_begin, std::int64_t row_end) {
    PointBytesJob job{};
    fill_warp_job(job.place, source, geometry, {nullptr, row_begin, row_end, nullptr, nullptr});
    job.place.source_row_stride = source.row_stride;
    job.place.pixel_step = static_cast<std::int32_t>(source.channels);
    job.source = reinterpret_cast<const std::uint8_t*>(source.data);
    job.target = reinterpret_cast<std::uint8_t*>(target.at(row_begin, 0, 0));
    job.target_row_stride = target.row_stride;
    const auto fill = static_cast<float>(geometry.cval);
    kernels().store_bytes(&fill, 1, 0.5f, &job.fill);
    const Reach reach(geometry);
    job.down = halves_of(reach.top, reach.bottom);
    job.across = halves_of(reach.left, reach.right);
    job.down.offset = Scratch::of_this_thread().halves.reserve(job.down.count + job.across.count);
    job.across.offset = job.down.offset + job.down.count;
    kernels().point_bytes(job);
}

}  // namespace batchwarp
