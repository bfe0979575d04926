// What kernels of Pillow's resize are asked for; part of kernels.hpp.
#pragma once

#include <stdint.h>

namespace batchwarp {

inline constexpr int32_t resize_bits = 22;         // of a weight, behind the point
inline constexpr int32_t resize_low_bits = 15;     // of these, in the low word of a split weight
inline constexpr int32_t resize_rows = 4;          // that are resized side by side
inline constexpr int32_t resize_outputs = 16;      // tables hold a multiple of it
inline constexpr int64_t resize_read_slack = 128;  // bytes past a row that may be read
inline constexpr int64_t resize_write_slack = 16;  // bytes past a row that may be written

/// Taps of a row that share a step of the kernels.
constexpr int32_t resize_step_taps(int64_t channels) { return channels == 1 ? 8 : 2; }

/// Make `resize_rows` rows of `outputs` pixels each. Every pixel has `steps` times
/// `resize_step_taps` weights, and each step has its high words first, then its low words.
struct ResizeRowsJob {
    const uint8_t* source[resize_rows];
    uint8_t* target[resize_rows];
    int32_t channels;
    int64_t outputs, steps;
    const int64_t* offset;  // of an output's first tap, in bytes
    const int16_t* weights;
};

inline constexpr int32_t resize_lanes = 16;     // values that are made at a time
inline constexpr int32_t resize_lane_taps = 4;  // of each of them in a step
inline constexpr int32_t resize_window = resize_lanes * resize_lane_taps;  // bytes

/// The same, where all taps of a group of values lie in a window of a row, or in two that follow
/// each other.
struct ResizeWindowsJob {
    const uint8_t* source[resize_rows];
    uint8_t* target[resize_rows];
    int64_t groups, steps, written;  // bytes that a group makes
    bool two;
    const int64_t* offset;  // of each group's window
    /// Of each group and step, `resize_window` bytes each: where taps are in the window, and the
    /// lowest, the middle and the highest byte of what they weigh, as in WeightBytes.
    const uint8_t* tables;
};

}  // namespace batchwarp
