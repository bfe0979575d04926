#include "color/linear_run.hpp"

#include <limits>
#include <utility>

#include "color/channels.hpp"
#include "simd/kernels.hpp"

namespace batchwarp {
namespace {

// A row of a matrix, and what its values are bounded by.
struct BoundedRow : ops::ColorRow {
    double low, high;
};

template <class T>
T bounded(double value, const BoundedRow& row) noexcept {
    value = value < row.low ? row.low : value;
    return static_cast<T>(value > row.high ? row.high : value);
}

// Three channels, of which each is made of all.

void mix(const std::vector<BoundedRow>& rows, const Planes<float>& image) noexcept {
    ColorMix mix;
    for (int c = 0; c < 3; ++c) {
        const BoundedRow& row = rows[static_cast<std::size_t>(c)];
        for (int k = 0; k < 3; ++k) mix.weights[c][k] = static_cast<float>(row.weights[k]);
        mix.offset[c] = static_cast<float>(row.offset);
        mix.low[c] = static_cast<float>(row.low);
        mix.high[c] = static_cast<float>(row.high);
    }
    if (image.planes == 1)
        kernels().mix_pixels(mix, image.data, image.pixels);
    else
        kernels().mix_planes(mix, image.plane(0), image.plane(1), image.plane(2), image.pixels);
}

void mix(const std::vector<BoundedRow>& rows, const Planes<double>& image) noexcept {
    const std::int64_t channel = image.planes == 1 ? 1 : image.pixels;
    const std::int64_t pixel = image.planes == 1 ? 3 : 1;
    for (std::int64_t i = 0; i < image.pixels; ++i) {
        double* at = image.data + i * pixel;
        const double old[3] = {at[0], at[channel], at[2 * channel]};
        for (const BoundedRow& row : rows) {
            const double value = row.offset + row.weights[0] * old[0] + row.weights[1] * old[1] +
                                 row.weights[2] * old[2];
            *at = bounded<double>(value, row);
            at += channel;
        }
    }
}

// Any other number of channels, of which each is made of itself.

void scale(const std::vector<BoundedRow>& rows, const Planes<float>& image) {
    std::vector<ColorScale> scales;
    scales.reserve(rows.size());
    for (const BoundedRow& row : rows)
        scales.push_back({0, static_cast<float>(row.weights[0]), static_cast<float>(row.offset),
                          static_cast<float>(row.low), static_cast<float>(row.high)});
    for (std::int64_t p = 0; p < image.planes; ++p)
        kernels().scale_channels(scales.data() + p * image.channels, image.plane(p), image.pixels,
                                 static_cast<std::int32_t>(image.channels));
}

void scale(const std::vector<BoundedRow>& rows, const Planes<double>& image) noexcept {
    for (std::int64_t p = 0; p < image.planes; ++p) {
        double* data = image.plane(p);
        const BoundedRow* row = rows.data() + p * image.channels;
        for (std::int64_t i = 0; i < image.pixels; ++i, data += image.channels)
            for (std::int64_t c = 0; c < image.channels; ++c)
                data[c] = bounded<double>(data[c] * row[c].weights[0] + row[c].offset, row[c]);
    }
}

// The row and its bounds, as (value - shift) * scale would come after them.
BoundedRow normalized(const BoundedRow& row, double shift, double scale) noexcept {
    const auto after = [=](double value) { return (value - shift) * scale; };
    BoundedRow result = row;
    for (double& weight : result.weights) weight *= scale;
    result.offset = after(row.offset);
    result.low = after(row.low);
    result.high = after(row.high);
    if (scale < 0) std::swap(result.low, result.high);
    return result;
}

}  // namespace

template <class T>
double LinearRun<T>::mean_grey() {
    if (means_.empty()) means_ = channel_means(image_);
    if (matrix_) return matrix_->mean_grey(means_.data());
    std::vector<ops::ColorRow> unchanged(means_.size());
    return ops::ColorMatrix(unchanged.data(), static_cast<int>(means_.size()))
        .mean_grey(means_.data());
}

template <class T>
ops::ColorMatrix& LinearRun<T>::next() {
    constexpr double infinity = std::numeric_limits<double>::infinity();
    if (matrix_ && !plan_.options().fused) apply({-infinity, infinity}, false);
    if (!matrix_) {
        rows_.resize(static_cast<std::size_t>(image_.all_channels()));
        matrix_.emplace(rows_.data(), static_cast<int>(rows_.size()));
    }
    return *matrix_;
}

template <class T>
void LinearRun<T>::finish(bool normalizes) {
    if (matrix_) apply({plan_.options().low, plan_.options().high}, normalizes);
    means_.clear();  // what comes between changes the pixels as well
}

template <class T>
void LinearRun<T>::apply(Bounds bounds, bool normalizes) {
    std::vector<BoundedRow> rows;
    rows.reserve(rows_.size());
    for (std::size_t c = 0; c < rows_.size(); ++c) {
        const BoundedRow row{rows_[c], bounds.low, bounds.high};
        rows.push_back(normalizes ? normalized(row, plan_.shift()[c], plan_.scale()[c]) : row);
    }
    if (!matrix_) return;
    if (matrix_->mixes())
        mix(rows, image_);
    else
        scale(rows, image_);
    matrix_.reset();
    means_.clear();
}

template class LinearRun<float>;
template class LinearRun<double>;

}  // namespace batchwarp
