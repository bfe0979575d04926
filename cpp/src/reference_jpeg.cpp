#include "reference_jpeg.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdlib>

// Written from what libjpeg computes, whole numbers throughout, one sample at a time: what its flow
// graphs amount to are matrices. Nothing is shared with the kernels.

namespace batchwarp {
namespace {

using Int = std::int64_t;
using Matrix = std::array<std::array<Int, 8>, 8>;

// Rows are frequencies: 8192 times sqrt(8) times what is orthonormal. What is alike is made of
// sums of rounded weights, and may differ by one.
constexpr Matrix weights = {{{8192, 8192, 8192, 8192, 8192, 8192, 8192, 8192},
                             {11363, 9633, 6437, 2260, -2260, -6437, -9633, -11363},
                             {10703, 4433, -4433, -10703, -10703, -4433, 4433, 10703},
                             {9633, -2259, -11362, -6436, 6436, 11362, 2259, -9633},
                             {8192, -8192, -8192, 8192, 8192, -8192, -8192, 8192},
                             {6437, -11362, 2261, 9633, -9633, -2261, 11362, -6437},
                             {4433, -10704, 10704, -4433, -4433, 10704, -10704, 4433},
                             {2260, -6436, 9633, -11363, 11363, -9633, 6436, -2260}}};

constexpr Matrix luma_steps = {{{16, 11, 10, 16, 24, 40, 51, 61},
                                {12, 12, 14, 19, 26, 58, 60, 55},
                                {14, 13, 16, 24, 40, 57, 69, 56},
                                {14, 17, 22, 29, 51, 87, 80, 62},
                                {18, 22, 37, 56, 68, 109, 103, 77},
                                {24, 35, 55, 64, 81, 104, 113, 92},
                                {49, 64, 78, 87, 103, 121, 120, 101},
                                {72, 92, 95, 98, 112, 100, 103, 99}}};
constexpr Matrix chroma_steps = {{{17, 18, 24, 47, 99, 99, 99, 99},
                                  {18, 21, 26, 66, 99, 99, 99, 99},
                                  {24, 26, 56, 99, 99, 99, 99, 99},
                                  {47, 66, 99, 99, 99, 99, 99, 99},
                                  {99, 99, 99, 99, 99, 99, 99, 99},
                                  {99, 99, 99, 99, 99, 99, 99, 99},
                                  {99, 99, 99, 99, 99, 99, 99, 99},
                                  {99, 99, 99, 99, 99, 99, 99, 99}}};

Matrix transposed(const Matrix& m) {
    Matrix result;
    for (std::size_t r = 0; r < 8; ++r)
        for (std::size_t c = 0; c < 8; ++c) result[r][c] = m[c][r];
    return result;
}

Int rounded(Int value, int bits) {  // halves up
    return (value + (Int{1} << (bits - 1))) >> bits;
}

// a * b, without so many bits behind the point.
Matrix product(const Matrix& a, const Matrix& b, int bits) {
    Matrix result;
    for (std::size_t r = 0; r < 8; ++r)
        for (std::size_t c = 0; c < 8; ++c) {
            Int sum = 0;
            for (std::size_t k = 0; k < 8; ++k) sum += a[r][k] * b[k][c];
            result[r][c] = rounded(sum, bits);
        }
    return result;
}

class Plane {
  public:
    Plane(Int height, Int width)
        : height_(height), width_(width), values_(static_cast<std::size_t>(height * width)) {}

    Int height() const { return height_; }
    Int width() const { return width_; }
    Int& at(Int r, Int c) { return values_[static_cast<std::size_t>(r * width_ + c)]; }
    // Beyond the edges it is as at them.
    Int near(Int r, Int c) const {
        r = std::clamp<Int>(r, 0, height_ - 1);
        c = std::clamp<Int>(c, 0, width_ - 1);
        return values_[static_cast<std::size_t>(r * width_ + c)];
    }

  private:
    Int height_, width_;
    std::vector<Int> values_;
};

// Rounds the frequencies of each block of 8 x 8. Rows come before columns in one direction, after
// them in the other; in between there are two bits behind the point.
Plane quantized(const Plane& from, const Matrix& base, Int quality) {
    const Int percent = quality < 50 ? 5000 / quality : 200 - 2 * quality;
    const Matrix back = transposed(weights);
    Plane to(from.height(), from.width());
    for (Int top = 0; top < from.height(); top += 8)
        for (Int left = 0; left < from.width(); left += 8) {
            Matrix block;
            for (Int r = 0; r < 8; ++r)
                for (Int c = 0; c < 8; ++c)
                    block[static_cast<std::size_t>(r)][static_cast<std::size_t>(c)] =
                        from.near(top + r, left + c) - 128;
            block = product(weights, product(block, back, 11), 15);
            for (std::size_t r = 0; r < 8; ++r)
                for (std::size_t c = 0; c < 8; ++c) {
                    const Int step = std::clamp<Int>((base[r][c] * percent + 50) / 100, 1, 255);
                    // Eight times the frequency, which is rounded with halves away from zero.
                    const Int steps = (std::abs(block[r][c]) + 4 * step) / (8 * step);
                    block[r][c] = (block[r][c] < 0 ? -steps : steps) * step;
                }
            block = product(product(back, block, 11), weights, 18);
            for (Int r = top; r < std::min(top + 8, to.height()); ++r)
                for (Int c = left; c < std::min(left + 8, to.width()); ++c)
                    to.at(r, c) = std::clamp<Int>(block[static_cast<std::size_t>(r - top)]
                                                       [static_cast<std::size_t>(c - left)] +
                                                      128,
                                                  0, 255);
        }
    return to;
}

// Means of two by two, rounded down and up in turns. Columns go on beyond the edge before that,
// rows beyond a last one without a partner: it has itself.
Plane halved(const Plane& from) {
    Plane to((from.height() + 1) / 2, (from.width() + 15) / 16 * 8);
    for (Int r = 0; r < to.height(); ++r)
        for (Int c = 0; c < to.width(); ++c) {
            const Int sum = from.near(2 * r, 2 * c) + from.near(2 * r, 2 * c + 1) +
                            from.near(2 * r + 1, 2 * c) + from.near(2 * r + 1, 2 * c + 1);
            to.at(r, c) = (sum + 1 + c % 2) / 4;
        }
    return to;
}

// A sample between those of a plane that has `columns` columns: 3 parts of the nearest and 1 of the
// next one, down and to the right. Very narrow ones are repeated.
Int between(const Plane& plane, Int columns, Int r, Int c) {
    const auto sample = [&](Int row, Int column) {
        return plane.near(row, std::min(column, columns - 1));
    };
    if (columns <= 2) return sample(r / 2, c / 2);
    const auto column = [&](Int at) {
        return 3 * sample(r / 2, at) + sample(r % 2 == 0 ? r / 2 - 1 : r / 2 + 1, at);
    };
    return c % 2 == 0 ? (3 * column(c / 2) + column(c / 2 - 1) + 8) / 16
                      : (3 * column(c / 2) + column(c / 2 + 1) + 7) / 16;
}

}  // namespace

void reference_jpeg(std::vector<Int>& levels, Int height, Int width, Int channels, Int quality) {
    const auto at = [&](Int r, Int c, Int k) -> Int& {
        return levels[static_cast<std::size_t>((r * width + c) * channels + k)];
    };
    Plane luma(height, width), blue = luma, red = luma;
    const auto each = [&](auto&& visit) {
        for (Int r = 0; r < height; ++r)
            for (Int c = 0; c < width; ++c) visit(r, c);
    };
    if (channels == 1) {
        each([&](Int r, Int c) { luma.at(r, c) = at(r, c, 0); });
        luma = quantized(luma, luma_steps, quality);
        each([&](Int r, Int c) { at(r, c, 0) = luma.at(r, c); });
        return;
    }
    // Halves are rounded up in luma, down in chroma.
    each([&](Int r, Int c) {
        const Int x = at(r, c, 0), y = at(r, c, 1), z = at(r, c, 2);
        luma.at(r, c) = (19595 * x + 38470 * y + 7471 * z + 32768) / 65536;
        blue.at(r, c) = (-11059 * x - 21709 * y + 32768 * z + 65536 * 128 + 32767) / 65536;
        red.at(r, c) = (32768 * x - 27439 * y - 5329 * z + 65536 * 128 + 32767) / 65536;
    });
    luma = quantized(luma, luma_steps, quality);
    blue = quantized(halved(blue), chroma_steps, quality);
    red = quantized(halved(red), chroma_steps, quality);
    const Int columns = (width + 1) / 2;
    each([&](Int r, Int c) {
        const Int y = luma.at(r, c), b = between(blue, columns, r, c) - 128,
                  d = between(red, columns, r, c) - 128;
        const Int more[3] = {rounded(91881 * d, 16), rounded(-22554 * b - 46802 * d, 16),
                             rounded(116130 * b, 16)};
        for (Int k = 0; k < 3; ++k) at(r, c, k) = std::clamp<Int>(y + more[k], 0, 255);
    });
}

}  // namespace batchwarp
