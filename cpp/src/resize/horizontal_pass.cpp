#include "resize/horizontal_pass.hpp"

#include <algorithm>

namespace batchwarp {
namespace {

std::int64_t rounded_up(std::int64_t count, std::int64_t to) noexcept {
    return (count + to - 1) / to * to;
}

}  // namespace

HorizontalPass::HorizontalPass(const ImageView& source, bool planar, Interpolation method,
                               const Box& box, std::int64_t outputs)
    : planes_(planar ? source.channels : 1),
      channels_(source.channels / planes_),
      width_(source.width),
      outputs_(outputs) {
    TapsOfAxis axis(method, source.width, box.left, box.right, outputs);
    by_windows_ = kernels().resize_windows != nullptr && tabulate_windows(axis);
    if (!by_windows_) tabulate(axis);
}

void HorizontalPass::make(std::int64_t count, const std::uint8_t* const* source,
                          std::uint8_t* const* target) {
    // What is written behind a plane is where the next one comes to be.
    for (std::int64_t plane = 0; plane < planes_; ++plane) {
        const auto fill = [&](auto& job) {
            for (std::int64_t i = 0; i < resize_rows; ++i) {  // rows that lack repeat the last
                job.source[i] = source[std::min(i, count - 1)] + plane * width_;
                job.target[i] = target[std::min(i, count - 1)] + plane * outputs_;
            }
        };
        if (by_windows_) {
            fill(windows_);
            kernels().resize_windows(windows_);
        } else {
            fill(rows_);
            kernels().resize_rows(rows_);
        }
    }
}

// Lanes of some outputs, all channels of each, find their taps in a window of the row. False if
// there is a group that needs a larger one.
bool HorizontalPass::tabulate_windows(TapsOfAxis& axis) {
    const std::int64_t each = resize_lanes / channels_, groups = (outputs_ + each - 1) / each;
    const std::int64_t row = width_ * channels_;
    std::int64_t window = resize_window;
    offset_.resize(static_cast<std::size_t>(groups));
    for (std::int64_t g = 0; g < groups; ++g) {
        const std::int64_t last = std::min((g + 1) * each, outputs_) - 1;
        const std::int64_t end = axis.range(last).end() * channels_;
        std::int64_t& begin = offset_[static_cast<std::size_t>(g)];
        begin = axis.range(g * each).first * channels_;
        if (end - begin > 2 * resize_window) return false;
        if (end - begin > window) window = 2 * resize_window;
    }
    for (std::int64_t& begin : offset_)
        begin = std::max<std::int64_t>(std::min(begin, row - window), 0);
    const std::int64_t steps = (axis.most() + resize_lane_taps - 1) / resize_lane_taps;
    constexpr std::int64_t step_bytes = std::int64_t{4} * resize_window;
    tables_.assign(static_cast<std::size_t>(groups * steps * step_bytes), 0);
    for (std::int64_t x = 0; x < outputs_; ++x) {
        const Taps taps = axis.of(x);
        const std::int64_t group = x / each, lane = x % each * channels_;
        const std::int64_t from = taps.first * channels_ - offset_[static_cast<std::size_t>(group)];
        for (std::int64_t i = 0; i < taps.count; ++i) {
            const WeightBytes weight(taps.weights[i]);
            std::uint8_t* const step = tables_.data() +
                                       (group * steps + i / resize_lane_taps) * step_bytes +
                                       lane * resize_lane_taps + i % resize_lane_taps;
            for (std::int64_t c = 0; c < channels_; ++c) {
                std::uint8_t* const at = step + c * resize_lane_taps;
                at[0] = static_cast<std::uint8_t>(from + i * channels_ + c);
                for (int k = 0; k < 3; ++k) at[(k + 1) * resize_window] = weight.bytes[k];
            }
        }
    }
    windows_.groups = groups;
    windows_.steps = steps;
    windows_.written = each * channels_;
    windows_.two = window > resize_window;
    windows_.offset = offset_.data();
    windows_.tables = tables_.data();
    return true;
}

// Every output gets as many taps as the one that has most. What that adds lies behind its own taps
// or, at the right edge, in front of them, and weighs nothing.
void HorizontalPass::tabulate(TapsOfAxis& axis) {
    const std::int32_t step_taps = resize_step_taps(channels_);
    rows_.channels = static_cast<std::int32_t>(channels_);
    rows_.outputs = outputs_;
    rows_.steps = (axis.most() + step_taps - 1) / step_taps;
    const std::int64_t taps = rows_.steps * step_taps, slots = rounded_up(outputs_, resize_outputs);
    offset_.assign(static_cast<std::size_t>(slots), 0);
    weights_.assign(static_cast<std::size_t>(slots * taps * 2), 0);
    for (std::int64_t x = 0; x < outputs_; ++x) {
        const Taps own = axis.of(x);
        const std::int64_t first = std::max<std::int64_t>(std::min(own.first, width_ - taps), 0);
        offset_[static_cast<std::size_t>(x)] = first * channels_;
        for (std::int64_t i = 0; i < own.count; ++i) {
            const std::int64_t tap = own.first - first + i;
            const SplitWeight weight(own.weights[i]);
            std::int16_t* step = weights_.data() + (x * taps + tap / step_taps * step_taps) * 2;
            step[tap % step_taps] = weight.high;
            step[tap % step_taps + step_taps] = weight.low;
        }
    }
    rows_.offset = offset_.data();
    rows_.weights = weights_.data();
}

}  // namespace batchwarp
