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

std::uint8_t byte_of(double cval) noexcept {
    const auto value = static_cast<float>(cval);
    std::uint8_t byte = 0;
    kernels().store_bytes(&value, 1, 0.5f, &byte);
    return byte;
}

namespace {

// Of those that kernels take.
bool is_readable(const ImageView& source, const WarpGeometry& g) noexcept {
    if (g.order != 0 || g.projects || g.displacement != nullptr || !is_interleaved(source) ||
        source.row_stride < 0 || source.row_stride > point_max_stride ||
        source.channels > point_max_stride)
        return false;
    const double last = static_cast<double>(g.width + warp_column_slots(0));
    return Reach(g).is_within(point_max_coordinate) &&
           std::abs(last * g.affine.m01) < point_max_coordinate &&
           std::abs(last * g.affine.m11) < point_max_coordinate;
}

// All but where it writes to.
PointBytesJob job_of(const KernelImage& from, const WarpGeometry& geometry,
                     const WarpTarget& target) {
    const ImageView& source = from.image;
    PointBytesJob job{};
    fill_warp_job(job.place, source, geometry, target);
    job.place.source_row_stride = source.row_stride;
    job.place.pixel_step = static_cast<std::int32_t>(source.channels);
    job.source = reinterpret_cast<const std::uint8_t*>(source.data);
    job.reads_behind =
        source.data + (source.height - 1) * source.row_stride + source.width * source.channels <
        from.memory_end;
    job.fill = byte_of(geometry.cval);
    const Reach reach(geometry);
    job.down = halves_of(reach.top, reach.bottom);
    job.across = halves_of(reach.left, reach.right);
    const std::int32_t groups = point_group_slots(job.place.target_width / warp_block + 1);
    job.down.offset = Scratch::of_this_thread().halves.reserve(job.down.count + job.across.count +
                                                               std::int64_t{5} * groups);
    job.across.offset = job.down.offset + job.down.count;
    std::int32_t* const slots = job.across.offset + job.across.count;
    job.groups = {slots, slots + groups, slots + 2 * groups, slots + 3 * groups,
                  slots + 4 * groups};
    const std::int32_t columns = warp_column_slots(job.place.target_width);
    std::uint16_t* const words =
        Scratch::of_this_thread().point_columns.reserve(std::int64_t{3} * columns);
    job.columns = {words, words + columns, words + 2 * columns};
    return job;
}

}  // namespace

bool takes_bytes(const ImageView& source, const MutableImageView& target,
                 const WarpGeometry& g) noexcept {
    return is_interleaved(target) && is_readable(source, g);
}

PointBytesJob bytes_job(const KernelImage& source, const WarpGeometry& geometry,
                        const MutableImageView& target, std::int64_t row_begin,
                        std::int64_t row_end) {
    PointBytesJob job = job_of(source, geometry, {nullptr, row_begin, row_end, nullptr, nullptr});
    job.target = reinterpret_cast<std::uint8_t*>(target.at(row_begin, 0, 0));
    job.target_row_stride = target.row_stride;
    return job;
}

void warp_bytes(const KernelImage& source, const WarpGeometry& geometry,
                const MutableImageView& target, std::int64_t row_begin, std::int64_t row_end) {
    kernels().point_bytes(bytes_job(source, geometry, target, row_begin, row_end));
}

bool warp_bytes_to_values(const KernelImage& source, const WarpGeometry& geometry,
                          const WarpTarget& target) {
    // What the border fills with is a byte first.
    const bool fills_alike =
        !fills(geometry.border) || static_cast<double>(byte_of(geometry.cval)) == geometry.cval;
    // Samples of one channel are picked many at a time; others one by one, for which coordinates in
    // floats are as good.
    if (!fills_alike || source.image.channels != 1 || !is_readable(source.image, geometry))
        return false;
    PointBytesJob job = job_of(source, geometry, target);
    job.to_values = true;
    job.target = Scratch::of_this_thread().point_row.reserve(geometry.width);
    kernels().point_bytes(job);
    return true;
}

}  // namespace batchwarp
