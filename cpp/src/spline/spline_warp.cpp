#include "spline/spline_warp.hpp"

#include <algorithm>

#include "batchwarp/parallel.hpp"
#include "pixels.hpp"
#include "runtime/scratch.hpp"
#include "spline/spline.hpp"
#include "warp/small_warp.hpp"

namespace batchwarp {

bool spline_takes(const SplinePlane& plane, const WarpGeometry& geometry, std::int64_t height,
                  std::int64_t width) noexcept {
    return !geometry.projects && geometry.displacement == nullptr &&
           plane.buffer_size() <= warp_max_offset && kernels_take(geometry, height, width, 1);
}

const float* filter_image(const SplinePlane& plane, const ImageView& source) {
    Scratch& scratch = Scratch::of_this_thread();
    float* coefficients = scratch.coefficients.reserve(plane.buffer_size());
    float* panel = scratch.panel.reserve(plane.panel_size());
    for (std::int64_t g = 0; g < plane.row_groups(); ++g)
        plane.filter_rows(source, g, coefficients, panel);
    for (std::int64_t g = 0; g < plane.column_groups(); ++g) plane.filter_columns(g, coefficients);
    plane.extend(coefficients);
    return coefficients;
}

void filter_image(const SplinePlane& plane, const ImageView& source, float* coefficients,
                  int threads, const std::function<bool()>& interrupted) {
    const auto rows = [&](std::int64_t group) {
        float* panel = Scratch::of_this_thread().panel.reserve(plane.panel_size());
        plane.filter_rows(source, group, coefficients, panel);
    };
    parallel_for(plane.row_groups(), threads, rows, interrupted);
    const auto columns = [&](std::int64_t group) { plane.filter_columns(group, coefficients); };
    parallel_for(plane.column_groups(), threads, columns, interrupted);
    plane.extend(coefficients);
}

void warp_spline(const SplinePlane& plane, const float* coefficients, const ImageView& source,
                 const WarpGeometry& geometry, const WarpTarget& target) {
    SplineJob job{};
    const std::int64_t one_tap = plane.row_stride() + source.channels;
    job.source = plane.origin(coefficients) - geometry.order / 2 * one_tap;
    job.source_row_stride = plane.row_stride();
    job.small = plane.row_stride() <= warp_max_small_stride &&
                source.channels <= warp_max_small_stride &&
                fits_fixed_point(geometry, source.height, source.width);
    job.pixel_step = static_cast<std::int32_t>(source.channels);
    fill_warp_job(job, source, geometry, target);
    job.order = geometry.order;
    job.padding = static_cast<std::int32_t>(plane.padding());
    constexpr std::int64_t weights = 2 * spline_taps * warp_chunk_slots;
    job.weights = Scratch::of_this_thread().spline_weights.reserve(weights + warp_chunk_slots);
    job.outside = job.weights + weights;
    kernels().spline(job);
}

template <class T>
void warp_spline_exactly(const ImageView& source, const WarpGeometry& geometry,
                         std::int64_t row_begin, std::int64_t row_end, T* out) {
    const BorderRule border = geometry.border;
    const std::int64_t pad = spline_padding(geometry.order, border);
    const std::int64_t channels = source.channels;
    const std::int64_t height = source.height + 2 * pad, width = source.width + 2 * pad;
    const std::int64_t row = width * channels;
    const double* constant = border.taps == Extension::constant ? &geometry.cval : nullptr;
    double* coefficients = Scratch::of_this_thread().source64.reserve(height * row);
    for (std::int64_t r = 0; r < height; ++r) {
        double* to = coefficients + r * row;
        const std::int64_t inside = r - pad;
        const std::int64_t nearest = std::clamp<std::int64_t>(inside, 0, source.height - 1);
        if (constant != nullptr && inside != nearest)
            std::fill_n(to, row, *constant);
        else
            load_padded_row(source, nearest, pad, constant, to);
    }
    spline_prefilter(coefficients, height, width, channels, geometry.order, border.filter);
    const WarpSource<double> packed{coefficients, height, width, channels, pad};
    warp_general(packed, geometry, row_begin, row_end, out);
}

template void warp_spline_exactly(const ImageView&, const WarpGeometry&, std::int64_t, std::int64_t,
                                  float*);
template void warp_spline_exactly(const ImageView&, const WarpGeometry&, std::int64_t, std::int64_t,
                                  double*);

}  // namespace batchwarp
