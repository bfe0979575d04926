// What linear operations on the colours of an image amount to, one after the other.
#pragma once

#include "ops/grey.hpp"

namespace batchwarp::ops {

/// How one channel is made of those before: a weighted sum of all of them if there are three, and
/// with any other number itself alone, times the first weight.
struct ColorRow {
    double weights[3];
    double offset;
};

/// A row for each channel, in memory of the caller's.
class ColorMatrix {
  public:
    /// Changes nothing.
    ColorMatrix(ColorRow* rows, int channels) noexcept : rows_(rows), channels_(channels) {
        for (int c = 0; c < channels; ++c) {
            rows[c] = {};
            rows[c].weights[diagonal(c)] = 1;
        }
    }

    int channels() const noexcept { return channels_; }
    /// Whether channels are made of each other.
    bool mixes() const noexcept { return channels_ == 3; }
    const ColorRow& operator[](int channel) const noexcept { return rows_[channel]; }
    /// The weight of a channel that is made of itself alone.
    double factor(int channel) const noexcept { return rows_[channel].weights[diagonal(channel)]; }

    // Each of these comes after all that is in the matrix.

    /// value = factor * value + offset
    void scale(int channel, double factor, double offset) noexcept {
        ColorRow& row = rows_[channel];
        for (double& weight : row.weights) weight *= factor;
        row.offset = row.offset * factor + offset;
    }
    /// In every channel: closer to `pivot`, or further from it.
    void scale_about(double pivot, double factor) noexcept {
        for (int c = 0; c < channels_; ++c) scale(c, factor, pivot - factor * pivot);
    }
    /// Three channels, each from the old ones. A channel's weights have the sum 1, so that grey
    /// stays grey and it does not matter which value is black.
    void mix(const double (&weights)[3][3]) noexcept {
        const ColorRow old[3] = {rows_[0], rows_[1], rows_[2]};
        for (int c = 0; c < 3; ++c) {
            rows_[c] = {};
            for (int k = 0; k < 3; ++k) {
                for (int i = 0; i < 3; ++i)
                    rows_[c].weights[i] += weights[c][k] * old[k].weights[i];
                rows_[c].offset += weights[c][k] * old[k].offset;
            }
        }
    }

    /// The mean grey after all of it, from the mean of each channel before: of three channels as
    /// the eye sees them, of any other number all the same.
    double mean_grey(const double* means) const noexcept {
        double grey = 0;
        for (int c = 0; c < channels_; ++c) {
            const ColorRow& row = rows_[c];
            double mean = row.offset;
            if (mixes())
                for (int k = 0; k < 3; ++k) mean += row.weights[k] * means[k];
            else
                mean += row.weights[0] * means[c];
            grey += mean * (mixes() ? grey_weights[c] : 1.0 / channels_);
        }
        return grey;
    }

  private:
    int diagonal(int channel) const noexcept { return mixes() ? channel : 0; }

    ColorRow* rows_;
    int channels_;
};

}  // namespace batchwarp::ops
