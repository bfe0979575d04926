#include "spline/spline.hpp"

#include <algorithm>
#include <cmath>

namespace batchwarp {
namespace {

// One recursive filter pair runs along `length` groups of `lanes` adjacent values; group i starts
// at data[i * step]. The groups' lanes are independent, which is what lets the compiler use
// vectors. Theory: M. Unser, A. Aldroubi, M. Eden, "Fast B-spline transforms for continuous image
// representation and interpolation", IEEE PAMI 13 (1991).
class Line {
  public:
    Line(double* data, std::int64_t length, std::int64_t step, std::int64_t lanes) noexcept
        : data_(data), length_(length), step_(step), lanes_(lanes) {}

    void filter(double pole, FilterBoundary boundary) const noexcept {
        start_causal(pole, boundary);
        for (std::int64_t i = 1; i < length_; ++i)
            each(i, i - 1, [pole](double& here, double before) { here += pole * before; });
        start_anticausal(pole, boundary);
        for (std::int64_t i = length_ - 2; i >= 0; --i)
            each(i, i + 1, [pole](double& here, double after) { here = pole * (after - here); });
    }

  private:
    template <class F>
    void each(std::int64_t to, std::int64_t from, F&& update) const noexcept {
        double* a = data_ + to * step_;
        const double* b = data_ + from * step_;
        for (std::int64_t k = 0; k < lanes_; ++k) update(a[k], b[k]);
    }
    template <class F>
    void one(std::int64_t at, F&& update) const noexcept {
        double* a = data_ + at * step_;
        for (std::int64_t k = 0; k < lanes_; ++k) update(a[k]);
    }

    // Samples farther than this from an end weigh less than 1e-20 in the sum that starts there.
    std::int64_t horizon(double z) const noexcept {
        return std::min(length_,
                        static_cast<std::int64_t>(std::log(1e-20) / std::log(std::abs(z))) + 1);
    }

    // The first causal value is an infinite sum over the extended signal, in closed form.
    void start_causal(double z, FilterBoundary boundary) const noexcept {
        const std::int64_t n = length_, near = horizon(z);
        double power = z;
        switch (boundary) {
            case FilterBoundary::whole_symmetric: {
                const double far = std::pow(z, static_cast<double>(n - 1));
                each(0, n - 1, [far](double& first, double last) { first += far * last; });
                for (std::int64_t i = 1; i < std::min(near, n - 1); ++i, power *= z) {
                    each(0, i, [power](double& first, double v) { first += power * v; });
                    each(0, n - 1 - i,
                         [p = power * far](double& first, double v) { first += p * v; });
                }
                one(0, [norm = 1 - far * far](double& first) { first /= norm; });
                return;
            }
            case FilterBoundary::periodic:
                for (std::int64_t i = 1; i < near; ++i, power *= z)
                    each(0, n - i, [power](double& first, double v) { first += power * v; });
                one(0, [norm = 1 - std::pow(z, static_cast<double>(n))](double& first) {
                    first /= norm;
                });
                return;
            case FilterBoundary::half_symmetric: {
                // c[0] + z / (1 - far^2) * sum_i z^i (c[i] + far * c[n-1-i])
                const double far = std::pow(z, static_cast<double>(n));
                const double gain = z / (1 - far * far);
                double* first = data_;
                for (std::int64_t k = 0; k < lanes_; ++k) {
                    double sum = first[k] + far * first[(n - 1) * step_ + k], p = z;
                    for (std::int64_t i = 1; i < near; ++i, p *= z) {
                        // SciPy sums in place: its last term meets the sum, not c[0]. It shows when
                        // there are two or three samples.
                        const double mirrored = i < n - 1 ? first[(n - 1 - i) * step_ + k] : sum;
                        sum += p * (first[i * step_ + k] + far * mirrored);
                    }
                    first[k] += sum * gain;
                }
                return;
            }
        }
    }

    void start_anticausal(double z, FilterBoundary boundary) const noexcept {
        const std::int64_t n = length_;
        switch (boundary) {
            case FilterBoundary::whole_symmetric:
                each(n - 1, n - 2, [z](double& last, double before) {
                    last = (z * before + last) * z / (z * z - 1);
                });
                return;
            case FilterBoundary::periodic: {
                double power = z;
                for (std::int64_t i = 0; i < std::min(horizon(z), n - 1); ++i) {
                    each(n - 1, i, [power](double& last, double v) { last += power * v; });
                    power *= z;
                }
                one(n - 1, [gain = z / (std::pow(z, static_cast<double>(n)) - 1)](double& last) {
                    last *= gain;
                });
                return;
            }
            case FilterBoundary::half_symmetric:
                one(n - 1, [gain = z / (z - 1)](double& last) { last *= gain; });
                return;
        }
    }

    double* data_;
    std::int64_t length_, step_, lanes_;
};

}  // namespace

void spline_prefilter(double* data, std::int64_t height, std::int64_t width, std::int64_t channels,
                      int order, FilterBoundary boundary) noexcept {
    const SplinePoles poles = spline_poles(order);
    const std::int64_t row = width * channels;
    double gain = 1;
    for (int i = 0; i < poles.count; ++i) gain *= (1 - poles.z[i]) * (1 - 1 / poles.z[i]);
    // An axis of one sample is not filtered.
    const double total = (height > 1 ? gain : 1) * (width > 1 ? gain : 1);
    for (std::int64_t i = 0; i < height * row; ++i) data[i] *= total;

    for (int i = 0; i < poles.count; ++i) {
        // Down the columns in tiles that stay in the first-level cache from row to row.
        constexpr std::int64_t tile = 32;
        if (height > 1)
            for (std::int64_t at = 0; at < row; at += tile)
                Line(data + at, height, row, at + tile < row ? tile : row - at)
                    .filter(poles.z[i], boundary);
        if (width > 1)
            for (std::int64_t r = 0; r < height; ++r)
                Line(data + r * row, width, channels, channels).filter(poles.z[i], boundary);
    }
}

}  // namespace batchwarp
