#include "batch_check.hpp"

#include <cmath>
#include <cstdint>
#include <iterator>
#include <vector>

#include "runtime/refuse.hpp"

namespace batchwarp {
namespace {

// Half-open byte range that a batch touches.
struct Extent {
    std::uintptr_t begin, end;

    template <class Byte>
    static Extent of(const BasicBatchView<Byte>& view) noexcept {
        std::uintptr_t begin = reinterpret_cast<std::uintptr_t>(view.first.data);
        const auto reach = [&begin](std::int64_t extent, std::int64_t stride) {
            if (extent > 1 && stride < 0)
                begin -= static_cast<std::uintptr_t>((extent - 1) * -stride);
        };
        reach(view.count, view.image_stride);
        reach(view.first.height, view.first.row_stride);
        reach(view.first.width, view.first.pixel_stride);
        reach(view.first.channels, view.first.channel_stride);
        return {begin, reinterpret_cast<std::uintptr_t>(view.memory_end())};
    }
    bool overlaps(const Extent& other) const noexcept {
        return begin < other.end && other.begin < end;
    }
};

bool same_view(const BatchView& a, const MutableBatchView& b) noexcept {
    const ImageView x = a.first, y = b.first;
    return x.data == y.data && x.dtype == y.dtype && x.row_stride == y.row_stride &&
           x.pixel_stride == y.pixel_stride && x.channel_stride == y.channel_stride &&
           a.image_stride == b.image_stride;
}

void check_shape(const char* name, const ImageView& view, const Size& size, std::int64_t channels) {
    if (view.height != size.height || view.width != size.width || view.channels != channels)
        refuse("`", name, "` must hold images of the plan's height x width x channels, ",
               size.height, " x ", size.width, " x ", channels, ". Received: ", view.height, " x ",
               view.width, " x ", view.channels);
}

void check_row(const std::vector<Column>& columns, const double* row, std::int64_t image) {
    double zero = 0;  // as long as all are finite, which nearly all are
    for (std::size_t i = 0; i < columns.size(); ++i) zero += row[i] * 0;
    if (zero == 0) return;
    for (const Column& column : columns) {
        const double value = *row++;
        const bool allowed =
            std::isfinite(value) || (std::isnan(value) && std::isnan(column.neutral));
        if (!allowed)
            refuse("`params` must be finite. Received: ", column.name, " = ", value, " for image ",
                   image);
    }
}

}  // namespace

void check_batch(const Plan& plan, const BatchRequest& request) {
    const PlanOptions& o = plan.options();
    check_shape("src", request.source.first, {o.height, o.width}, o.channels);
    check_shape("dst", request.target.first, {plan.target_height(), plan.target_width()},
                o.channels);
    const std::int64_t n = request.target.count;
    if (request.target.first.dtype == DType::u16)
        refuse("`dst` must be uint8, float16, float32 or float64. Received: uint16");
    if (request.indices == nullptr) {
        if (n > request.source.count)
            refuse("`dst` must not hold more images than `src` when `indices` is None. Received: ",
                   n, " and ", request.source.count);
    } else {
        for (std::int64_t i = 0; i < n; ++i)
            if (request.indices[i] < 0 || request.indices[i] >= request.source.count)
                refuse<IndexOutOfRange>("`indices` must be from 0 to ", request.source.count - 1,
                                        ". Received: ", request.indices[i], " at position ", i);
    }
    const std::vector<Column>& columns = plan.columns();
    if (request.params != nullptr)
        for (std::int64_t i = 0; i < n; ++i)
            check_row(columns, request.params + i * std::ssize(columns), i);
    // What is yet to be decoded lies nowhere.
    const bool has_source = n > 0 && request.source.first.data != nullptr;
    if (has_source && Extent::of(request.source).overlaps(Extent::of(request.target))) {
        const Coordinates from = plan.coordinates(nullptr);
        const bool in_place =
            request.params == nullptr && request.indices == nullptr && !from.warps && !from.reduces;
        if (!in_place || !same_view(request.source, request.target))
            refuse(
                "`dst` must not overlap `src`, unless it is the same array and neither `indices` "
                "nor `params` are given");
    }
}

}  // namespace batchwarp
