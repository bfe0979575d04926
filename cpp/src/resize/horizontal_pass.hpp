// Rows of a resize to the target's width.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "batchwarp/image.hpp"
#include "batchwarp/resize.hpp"
#include "resize/resize_taps.hpp"
#include "simd/kernels.hpp"

namespace batchwarp {

class HorizontalPass {
  public:
    /// @param planar  rows have one channel behind the other, and are made so
    HorizontalPass(const ImageView& source, bool planar, Interpolation method, const Box& box,
                   std::int64_t outputs);

    /// Bytes of a row that is made, with the slack that the kernel asks for.
    std::int64_t row_bytes() const noexcept {
        return planes_ * outputs_ * channels_ + resize_write_slack;
    }

    /// @param source  `count` rows, at most `resize_rows`, with `resize_read_slack` behind them
    /// @param target  as many of `row_bytes()`
    void make(std::int64_t count, const std::uint8_t* const* source, std::uint8_t* const* target);

  private:
    bool tabulate_windows(TapsOfAxis& axis);
    void tabulate(TapsOfAxis& axis);

    std::int64_t planes_, channels_, width_, outputs_;
    bool by_windows_;
    std::vector<std::int64_t> offset_;
    std::vector<std::int16_t> weights_;
    std::vector<std::uint8_t> tables_;
    ResizeRowsJob rows_{};
    ResizeWindowsJob windows_{};
};

}  // namespace batchwarp
