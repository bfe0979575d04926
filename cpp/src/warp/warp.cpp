#include "warp/warp.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <type_traits>

#include "warp/displacement.hpp"
#include "warp/taps.hpp"

namespace batchwarp {
namespace {

// The weighted sum of one channel's samples. Only some borders have taps outside of the image, and
// to ask for each tap costs as much as to read it.
template <bool Outside, int Order, class S>
double sum_of_taps(const S* samples, const Taps<Order, double>& ty, const Taps<Order, double>& tx,
                   std::int64_t row_step, std::int64_t channels, double cval) noexcept {
    double sum = 0;
    for (int i = 0; i <= Order; ++i) {
        const S* row = samples + ty.index[i] * row_step;
        for (int j = 0; j <= Order; ++j) {
            const bool inside = !Outside || (ty.index[i] >= 0 && tx.index[j] >= 0);
            const double value = inside ? static_cast<double>(row[tx.index[j] * channels]) : cval;
            if constexpr (Order == 0)
                sum = value;
            else
                sum += value * ty.weight[i] * tx.weight[j];
        }
    }
    return sum;
}

template <int Order, class S, class T>
void warp_rows(const WarpSource<S>& source, const WarpGeometry& g, std::int64_t row_begin,
               std::int64_t row_end, T* out) {
    const std::int64_t channels = source.channels, row_step = source.width * channels;
    Taps<Order, double> ty, tx;
    std::optional<PlacedRows> placed;
    if (g.displacement != nullptr) placed.emplace(g);
    for (std::int64_t r = row_begin; r < row_end; ++r) {
        const double rr = static_cast<double>(g.flip_vertical ? g.height - 1 - r : r);
        const double* y = placed ? placed->make(r, r + 1) : nullptr;
        const double* x = placed ? y + placed->columns() : nullptr;
        for (std::int64_t c = 0; c < g.width; ++c, out += channels) {
            const double cc = static_cast<double>(g.flip_horizontal ? g.width - 1 - c : c);
            const WarpGeometry::Place at =
                placed ? WarpGeometry::Place{y[c], x[c]} : g.place(rr, cc);
            ty.place(at.y, source.height, source.padding, g.border);
            if (!ty.outside) tx.place(at.x, source.width, source.padding, g.border);
            if (ty.outside || tx.outside) {
                std::fill_n(out, channels, static_cast<T>(g.cval));
                continue;
            }
            const auto sum_up = [&](auto outside) {
                for (std::int64_t k = 0; k < channels; ++k)
                    out[k] = static_cast<T>(sum_of_taps<decltype(outside)::value>(
                        source.data + k, ty, tx, row_step, channels, g.cval));
            };
            if (g.border.taps == Extension::constant)
                sum_up(std::true_type());
            else
                sum_up(std::false_type());
        }
    }
}

}  // namespace

template <class S, class T>
void warp_general(const WarpSource<S>& source, const WarpGeometry& geometry, std::int64_t row_begin,
                  std::int64_t row_end, T* out) {
    const auto run = [&](auto order) {
        warp_rows<decltype(order)::value>(source, geometry, row_begin, row_end, out);
    };
    switch (geometry.order) {
        case 0:
            return run(std::integral_constant<int, 0>());
        case 1:
            return run(std::integral_constant<int, 1>());
        case 2:
            return run(std::integral_constant<int, 2>());
        case 3:
            return run(std::integral_constant<int, 3>());
        case 4:
            return run(std::integral_constant<int, 4>());
        default:
            return run(std::integral_constant<int, 5>());
    }
}

template void warp_general(const WarpSource<float>&, const WarpGeometry&, std::int64_t,
                           std::int64_t, float*);
template void warp_general(const WarpSource<double>&, const WarpGeometry&, std::int64_t,
                           std::int64_t, float*);
template void warp_general(const WarpSource<double>&, const WarpGeometry&, std::int64_t,
                           std::int64_t, double*);

RowRange source_rows(const WarpGeometry& g, std::int64_t height, std::int64_t row_begin,
                     std::int64_t row_end) noexcept {
    const RowRange all{0, height - 1};
    const double rows[2] = {
        static_cast<double>(g.flip_vertical ? g.height - 1 - row_begin : row_begin),
        static_cast<double>(g.flip_vertical ? g.height - row_end : row_end - 1)};
    if (g.projects && g.displacement != nullptr) return all;
    double low = INFINITY, high = -INFINITY;
    // Corners are the extremes of projective maps, too, where all is in front of the horizon.
    for (const double r : rows)
        for (const double c : {0.0, static_cast<double>(g.width - 1)}) {
            if (g.projects && !(g.divisor.at(r, c) > horizon)) return all;
            low = std::min(low, g.place(r, c).y);
            high = std::max(high, g.place(r, c).y);
        }
    if (g.displacement != nullptr) {
        const double reach = reach_of(*g.displacement);
        low -= reach;
        high += reach;
    }
    const double last = static_cast<double>(height - 1);
    if (!(low <= high) || (!clamps(g.border) && (low < 1 || high > last - 1))) return all;
    // One row of margin for the second tap and for rounding. The kernels read two rows always, the
    // one that does not count with weight 0: it has to be there, since 0 times NaN is NaN.
    const double before_last = std::max(0.0, last - 1), second = std::min(1.0, last);
    return {static_cast<std::int64_t>(std::clamp(std::floor(low) - 1, 0.0, before_last)),
            static_cast<std::int64_t>(std::clamp(std::floor(high) + 2, second, last))};
}

}  // namespace batchwarp
