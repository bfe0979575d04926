#include "image_maker.hpp"

#include <algorithm>
#include <iterator>
#include <type_traits>

#include "color/normalize.hpp"
#include "color/pixel_steps.hpp"
#include "pixels.hpp"
#include "resize/reduction.hpp"
#include "simd/kernels.hpp"
#include "simd/portable.hpp"
#include "spline/spline.hpp"
#include "spline/spline_warp.hpp"
#include "warp/border.hpp"
#include "warp/warp_bytes.hpp"

namespace batchwarp {
namespace {

// Whether images can be made where they are stored: packed values of this type.
template <class T>
bool holds_images(const MutableBatchView& target) noexcept {
    constexpr DType dtype = std::is_same_v<T, float> ? DType::f32 : DType::f64;
    return target.first.dtype == dtype && target.first.is_packed() &&
           (reinterpret_cast<std::uintptr_t>(target.first.data) |
            static_cast<std::uintptr_t>(target.image_stride)) %
                   alignof(T) ==
               0;
}

}  // namespace

ImageMaker::ImageMaker(const Plan& plan, const BatchRequest& request)
    : plan_(plan),
      request_(request),
      // The plan's pair per channel, in the precision of the kernels.
      shift_(plan.shift().begin(), plan.shift().end()),
      scale_(plan.scale().begin(), plan.scale().end()),
      source_end_(request.source.memory_end()),
      fetched_bytes_(plan.source_elements() *
                     static_cast<std::int64_t>(item_size(request.source.first.dtype))) {
    const PlanOptions& o = plan.options();
    const ImageView& source = request.source.first;
    // Small images come from random places of a large array, large ones one after the other.
    if (fetched_bytes_ > 16384 || !source.is_packed()) fetched_bytes_ = 0;
    kind_.height = plan.target_height();
    kind_.width = plan.target_width();
    kind_.order = o.order;
    kind_.border = border_rule(o.fill_mode);
    kind_.cval = o.cval;
    if (o.order == 1 && !o.channels_first && holds_images<float>(request.target) &&
        kernels_take(kind_, o.height, o.width, o.channels) && is_small_kind(kind_, source))
        small_.emplace(kind_, source);
    if (o.order < 2) return;
    prepare_splines({o.height, o.width}, spline_);
    // All images that are reduced have one size.
    for (std::int64_t i = 0; i < request.target.count && !reduced_spline_; ++i)
        if (const Coordinates from = plan.coordinates(row_of(i)); from.reduces)
            prepare_splines(from.reduced, reduced_spline_);
}

bool ImageMaker::splits_into_bands() const noexcept {
    if (plan_.options().channels_first) return false;
    for (std::int64_t i = 0; i < request_.target.count; ++i)
        if (plan_.needs_whole_image(row_of(i))) return false;
    return true;
}

void ImageMaker::make_rows(std::int64_t i, std::int64_t row_begin, std::int64_t row_end) const {
    Placement placed(plan_, row_of(i), kind_);
    place(placed);
    make_rows(i, placed, row_begin, row_end);
}

void ImageMaker::make_rows(std::int64_t i, const Placement& placed, std::int64_t row_begin,
                           std::int64_t row_end) const {
    if (request_.target.first.dtype == DType::f64)
        make<double>(i, placed, row_begin, row_end);
    else
        make<float>(i, placed, row_begin, row_end);
}

void ImageMaker::make_images(std::int64_t begin, std::int64_t end) const {
    std::optional<SmallWarp::Run> run;  // as long as images are small
    for (std::int64_t i = begin; i < end; ++i) {
        fetch(i + 1);
        Placement placed(plan_, row_of(i), kind_);
        place(placed);
        if (small_ && placed.is_small) {
            if (!run) run.emplace(*small_);
            make_small(i, placed, *run);
        } else {
            run.reset();
            make_rows(i, placed, 0, height());
        }
    }
}

void ImageMaker::make_small(std::int64_t i, const Placement& placed, SmallWarp::Run& run) const {
    const double* row = row_of(i);
    const MutableImageView target = request_.target[i];
    auto* const out = reinterpret_cast<float*>(target.data);
    const bool changes = plan_.changes_pixels(row);
    const bool fused = plan_.scales() && !plan_.needs_moments() && !changes;
    run.warp(
        source_image(i).data, placed.geometry,
        {out, 0, target.height, fused ? shift_.data() : nullptr, fused ? scale_.data() : nullptr});
    finish<float>(row, {out, 1, target.height * target.width, target.channels, target.width, 0},
                  fused, changes, nullptr);
}

void ImageMaker::fetch(std::int64_t i) const noexcept {
    if (i >= request_.target.count) return;
    const std::byte* data = source_image(i).data;
    for (std::int64_t b = 0; b < fetched_bytes_; b += 64) BATCHWARP_PREFETCH(data + b);
}

// The target's own memory, if it can hold the image while it is being made.
template <class T>
T* ImageMaker::in_place(const MutableImageView& target) const noexcept {
    const bool same = target.dtype == (std::is_same_v<T, float> ? DType::f32 : DType::f64);
    if (!same || reinterpret_cast<std::uintptr_t>(target.data) % alignof(T) != 0) return nullptr;
    if (!plan_.options().channels_first)
        return target.is_packed() ? reinterpret_cast<T*>(target.data) : nullptr;
    const auto item = static_cast<std::int64_t>(sizeof(T));
    const bool planes_packed =
        target.plane(0).is_packed() &&
        (target.channels == 1 || target.channel_stride == item * target.height * target.width);
    return planes_packed ? reinterpret_cast<T*>(target.data) : nullptr;
}

void ImageMaker::prepare_splines(const Size& size, std::optional<SplinePlane>& plane) const {
    const PlanOptions& o = plan_.options();
    if (size.height > 1 && size.width > 1)
        plane.emplace(size.height, size.width, o.channels_first ? 1 : o.channels, o.order,
                      border_rule(o.fill_mode), o.cval);
}

void ImageMaker::place(Placement& placed) const noexcept {
    const PlanOptions& o = plan_.options();
    const Coordinates& from = placed.from;
    placed.sampled = from.reduces ? from.reduced : Size{o.height, o.width};
    if (!from.warps) return;
    WarpGeometry& geometry = placed.geometry;
    geometry.affine = from.affine;
    geometry.divisor = from.divisor;
    geometry.projects = from.projects;
    if (from.displaces) geometry.displacement = &from.displacement;
    geometry.flip_horizontal = from.flip_horizontal;
    geometry.flip_vertical = from.flip_vertical;
    // Keras' matrix samples always: beside a sample that is not finite the result is not, either.
    const DType dtype = request_.source.first.dtype;
    if (has_whole_steps(from.affine) &&
        (from.composed || dtype == DType::u8 || dtype == DType::u16))
        placed.move = whole_move(geometry, placed.sampled);
    placed.is_small = small_ && !placed.move && !from.reduces && !from.projects &&
                      !from.displaces && fits_fixed_point(geometry, o.height, o.width);
    placed.has_kernel = placed.is_small || (!placed.move && has_kernel(placed));
}

// Whether a warp into single precision has a kernel.
bool ImageMaker::has_kernel(const Placement& placed) const noexcept {
    const PlanOptions& o = plan_.options();
    const auto [height, width] = placed.sampled;
    if (o.order < 2)
        return kernels_take(placed.geometry, height, width, o.channels_first ? 1 : o.channels);
    const SplinePlane* spline = spline_of(placed);
    return spline != nullptr && spline_takes(*spline, placed.geometry, height, width);
}

bool ImageMaker::prepare(std::int64_t i, int threads) {
    prepared_ = nullptr;
    if (plan_.options().order < 2) return true;
    Placement placed(plan_, row_of(i), kind_);
    place(placed);
    if (!placed.from.warps || placed.move) return true;
    if (placed.from.reduces || request_.target.first.dtype == DType::f64 || !placed.has_kernel ||
        !spline_)
        return false;
    float* coefficients = shared_.reserve(spline_->buffer_size());
    filter_image(*spline_, source_image(i), coefficients, threads, request_.interrupted);
    prepared_ = coefficients;
    return true;
}

namespace {

// Rows of an image of which no pixel is sampled.
ImageView unmoved_rows(const ImageView& image, const Coordinates& from, std::int64_t row_begin,
                       std::int64_t row_end) noexcept {
    ImageView rows = image.flipped(from.flip_horizontal, from.flip_vertical);
    rows.data += row_begin * rows.row_stride;
    rows.height = row_end - row_begin;
    return rows;
}

// They, if what changes them may read them: packed bytes.
const std::uint8_t* unread_bytes(const ImageView& rows) noexcept {
    return rows.dtype == DType::u8 && rows.is_packed()
               ? reinterpret_cast<const std::uint8_t*>(rows.data)
               : nullptr;
}

// Rows of bytes of which none is between two others.
void move_bytes(const ImageView& source, const Placement& placed, const MutableImageView& target,
                std::int64_t row_begin, std::int64_t row_end) {
    auto* out = reinterpret_cast<std::uint8_t*>(target.at(row_begin, 0, 0));
    if (!placed.move) return pack_bytes(unmoved_rows(source, placed.from, row_begin, row_end), out);
    WarpGeometry geometry = placed.geometry;
    geometry.cval = byte_of(geometry.cval);
    move_pixels(source, *placed.move, geometry, row_begin, row_end, out);
}

}  // namespace

// Bytes that are only moved, as masks are. False if these are none, or have to be weighed, or their
// warp has no kernel.
bool ImageMaker::copy_bytes(std::int64_t i, const Placement& placed, std::int64_t row_begin,
                            std::int64_t row_end) const {
    const PlanOptions& o = plan_.options();
    const ImageView source = source_image(i);
    const MutableImageView target = request_.target[i];
    if (source.dtype != DType::u8 || target.dtype != DType::u8 || placed.from.reduces ||
        plan_.scales() || plan_.changes_pixels(row_of(i)))
        return false;
    const std::int64_t planes = o.channels_first ? o.channels : 1;
    const auto part_of = [&](const auto& image, std::int64_t p) {
        return o.channels_first ? image.plane(p) : image;
    };
    if (placed.move || !placed.from.warps) {
        if (!part_of(target, 0).is_packed()) return false;
        for (std::int64_t p = 0; p < planes; ++p)
            move_bytes(part_of(source, p), placed, part_of(target, p), row_begin, row_end);
        return true;
    }
    if (!placed.has_kernel || !takes_bytes(part_of(source, 0), part_of(target, 0), placed.geometry))
        return false;
    for (std::int64_t p = 0; p < planes; ++p)
        warp_bytes({part_of(source, p), source_end_, nullptr}, placed.geometry, part_of(target, p),
                   row_begin, row_end);
    return true;
}

// Changes and normalises an image that is placed.
// @param normalized  it has been while it was sampled
template <class T>
void ImageMaker::finish(const double* row, const Planes<T>& image, bool normalized, bool changes,
                        const std::uint8_t* unread) const {
    if (changes) normalized = change_pixels(plan_, row, image, unread) || normalized;
    if (!normalized && plan_.scales()) normalize_image(plan_, image);
}

template <class T>
void ImageMaker::make(std::int64_t i, const Placement& placed, std::int64_t row_begin,
                      std::int64_t row_end) const {
    const PlanOptions& o = plan_.options();
    const ImageView source = source_image(i);
    const MutableImageView target = request_.target[i];
    const double* row = row_of(i);
    if (std::is_same_v<T, float> && copy_bytes(i, placed, row_begin, row_end)) return;
    Scratch& scratch = Scratch::of_this_thread();
    const std::int64_t rows = row_end - row_begin;
    const std::int64_t planes = o.channels_first ? o.channels : 1;
    const std::int64_t channels = o.channels_first ? 1 : o.channels;
    T* direct = in_place<T>(target);
    T* work = direct != nullptr ? direct + row_begin * target.width * channels : nullptr;
    if (work == nullptr) {
        if constexpr (std::is_same_v<T, float>)
            work = scratch.work.reserve(plan_.target_elements());
        else
            work = scratch.work64.reserve(plan_.target_elements());
    }
    const Planes<T> image{work, planes, rows * target.width, channels, target.width, row_begin};

    // Normalisation that does not depend on the image goes into the kernels' own write.
    const bool to_bytes = target.dtype == DType::u8, changes = plan_.changes_pixels(row);
    const bool to_kerases = to_bytes && !o.round_bytes;
    const bool fused = std::is_same_v<T, float> && placed.has_kernel && plan_.scales() &&
                       !plan_.needs_moments() && !changes && !to_kerases;
    const std::uint8_t* const unread =
        std::is_same_v<T, float> && changes && planes == 1 && !placed.from.warps &&
                !placed.from.reduces
            ? unread_bytes(unmoved_rows(source, placed.from, row_begin, row_end))
            : nullptr;
    // The thread will probably go on with the next image: its kernel may fetch that one early.
    const bool goes_on = planes == 1 && row_end == target.height && i + 1 < request_.target.count;
    const std::byte* next = goes_on ? source_image(i + 1).data : nullptr;
    for (std::int64_t p = 0; unread == nullptr && p < planes; ++p) {
        const KernelImage plane{o.channels_first ? source.plane(p) : source, source_end_, next};
        const float* shift = fused ? shift_.data() + p : nullptr;
        const float* scale = fused ? scale_.data() + p : nullptr;
        sample<T>(plane, placed, row_begin, row_end, shift, scale,
                  work + p * image.pixels * channels);
    }
    // Keras' interpolated values become bytes before they are changed, if that is not what is
    // stored.
    const bool interpolated = to_kerases && (placed.from.warps || placed.from.reduces);
    const bool stored = !changes && !plan_.scales();
    if (interpolated && !stored) round_to_bytes(work, image.count());
    finish<T>(row, image, fused, changes, unread);

    if (direct == nullptr) {
        const bool rounded = (to_bytes && o.round_bytes) || (interpolated && stored);
        for (std::int64_t p = 0; p < planes; ++p) {
            MutableImageView band = o.channels_first ? target.plane(p) : target;
            band.data += row_begin * band.row_stride;
            band.height = rows;
            store_pixels(work + p * image.pixels * channels, band,
                         rounded ? Rounding::halves_up : Rounding::towards_zero);
        }
    }
}

namespace {

// Those rows of a reduced image that rows [row_begin, row_end) of the target are made of.
template <class T>
KernelImage reduced(const ImageView& source, const Placement& placed, std::int64_t row_begin,
                    std::int64_t row_end) {
    const auto [height, width] = placed.sampled;
    const std::int64_t row = width * source.channels;
    const auto slack = warp_read_slack / static_cast<std::int64_t>(sizeof(T));
    Scratch& scratch = Scratch::of_this_thread();
    T* values;
    if constexpr (std::is_same_v<T, float>)
        values = scratch.reduced.reserve(height * row + slack);
    else
        values = scratch.reduced64.reserve(height * row + slack);
    const RowRange rows = placed.geometry.order > 1 || placed.move
                              ? RowRange{0, height - 1}
                              : source_rows(placed.geometry, height, row_begin, row_end);
    Reduction<T>(source, placed.from.window, placed.sampled, false, false)
        .make_rows(rows.first, rows.last + 1, values + rows.first * row);
    ImageView image = source;
    image.data = reinterpret_cast<const std::byte*>(values);
    image.dtype = std::is_same_v<T, float> ? DType::f32 : DType::f64;
    image.height = height;
    image.width = width;
    image.channel_stride = static_cast<std::int64_t>(sizeof(T));
    image.pixel_stride = image.channel_stride * source.channels;
    image.row_stride = image.pixel_stride * width;
    return {image, reinterpret_cast<const std::byte*>(values + height * row + slack), nullptr};
}

}  // namespace

// Rows of one plane, up to where what changes pixels begins.
template <class T>
void ImageMaker::sample(const KernelImage& source, const Placement& placed, std::int64_t row_begin,
                        std::int64_t row_end, const float* shift, const float* scale,
                        T* out) const {
    const Coordinates& from = placed.from;
    if (from.reduces && !from.warps)
        return Reduction<T>(source.image, from.window, from.reduced, from.flip_horizontal,
                            from.flip_vertical)
            .make_rows(row_begin, row_end, out);
    const KernelImage image =
        from.reduces ? reduced<T>(source.image, placed, row_begin, row_end) : source;
    if (placed.move)
        return move_pixels(image.image, *placed.move, placed.geometry, row_begin, row_end, out);
    if (from.warps) return warp<T>(image, placed, row_begin, row_end, shift, scale, out);
    load_pixels(unmoved_rows(image.image, from, row_begin, row_end), out);
}

template <class T>
void ImageMaker::warp(const KernelImage& source, const Placement& placed, std::int64_t row_begin,
                      std::int64_t row_end, const float* shift, const float* scale, T* out) const {
    const WarpGeometry& geometry = placed.geometry;
    const ImageView& image = source.image;
    if constexpr (std::is_same_v<T, float>) {
        if (placed.has_kernel) {
            const WarpTarget target{out, row_begin, row_end, shift, scale};
            if (geometry.order < 2) return warp_samples(source, geometry, target);
            const SplinePlane& spline = *spline_of(placed);
            const float* filtered = prepared_ != nullptr ? prepared_ : filter_image(spline, image);
            return warp_spline(spline, filtered, image, geometry, target);
        }
    }
    if (geometry.order > 1) return warp_spline_exactly(image, geometry, row_begin, row_end, out);
    Scratch& scratch = Scratch::of_this_thread();
    const std::int64_t count = image.height * image.width * image.channels;
    T* values;
    if constexpr (std::is_same_v<T, float>)
        values = scratch.source.reserve(count);
    else
        values = scratch.source64.reserve(count);
    load_pixels(image, values);
    const WarpSource<T> packed{values, image.height, image.width, image.channels, 0};
    warp_general(packed, geometry, row_begin, row_end, out);
}

}  // namespace batchwarp
