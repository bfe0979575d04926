// Where the pixels of a row lie that a field displaces: plain loops over some pixels at a time, of
// which compilers make vectors, and for the sums over points, whose addresses differ from pixel to
// pixel, vectors of two neighbouring points. All in double: these places decide which taps count.

namespace batchwarp {
namespace {

// Down and right of two points. A register has them both only with AVX.
#if defined(__AVX__) && !(defined(_MSC_VER) && !defined(__clang__))
typedef double TwoPoints __attribute__((vector_size(32)));
BATCHWARP_INLINE TwoPoints two_points(double a, double b) { return TwoPoints{a, a, b, b}; }
#else
#if defined(_MSC_VER) && !defined(__clang__)
struct Point {
    double lane[2];

    BATCHWARP_INLINE double operator[](int k) const { return lane[k]; }
};
BATCHWARP_INLINE Point operator*(Point a, Point b) { return {{a[0] * b[0], a[1] * b[1]}}; }
BATCHWARP_INLINE Point operator+(Point a, Point b) { return {{a[0] + b[0], a[1] + b[1]}}; }
#else
typedef double Point __attribute__((vector_size(16)));
#endif
struct TwoPoints {
    Point first, second;

    BATCHWARP_INLINE double operator[](int k) const { return k < 2 ? first[k] : second[k - 2]; }
};
BATCHWARP_INLINE TwoPoints two_points(double a, double b) { return {Point{a, a}, Point{b, b}}; }
BATCHWARP_INLINE TwoPoints operator*(const TwoPoints& a, const TwoPoints& b) {
    return {a.first * b.first, a.second * b.second};
}
BATCHWARP_INLINE TwoPoints operator+(const TwoPoints& a, const TwoPoints& b) {
    return {a.first + b.first, a.second + b.second};
}
#endif

constexpr int32_t field_piece = 64;  // pixels

// The points around some pixels, along an axis: the first of each, and what they weigh.
struct FieldTaps {
    int32_t first[field_piece];
    double weight[4][field_piece];
};

BATCHWARP_INLINE double on_line(const double (&line)[3], double r, double c) {
    return (line[2] + r * line[0]) + c * line[1];
}

// From places along an axis, in pixels.
template <int Order>
BATCHWARP_INLINE void weigh_points(const Field::Axis& axis, const double* __restrict places,
                                   int32_t count, FieldTaps& taps) {
    const double origin = axis.origin, density = axis.density, extent = axis.extent;
    int32_t* __restrict first = taps.first;
    double* __restrict w0 = taps.weight[0];
    double* __restrict w1 = taps.weight[1];
    double* __restrict w2 = taps.weight[2];
    double* __restrict w3 = taps.weight[3];
    for (int32_t k = 0; k < count; ++k) {
        const double point = places[k] * density, above = point > 0 ? point : 0;  // NaN, too
        const double at = origin + (above < extent ? above : extent);
        const int32_t whole = static_cast<int32_t>(at);  // which is not below 0
        const double x = at - static_cast<double>(whole), z = 1 - x;
        first[k] = whole - Order / 2;
        if constexpr (Order == 1) {
            w0[k] = z;
            w1[k] = x;
        } else {
            w0[k] = z * z * z * (1.0 / 6);
            w1[k] = x * x * (0.5 * x - 1) + 2.0 / 3;
            w2[k] = z * z * (0.5 * z - 1) + 2.0 / 3;
            w3[k] = x * x * x * (1.0 / 6);
        }
    }
}

// What the points around each pixel come to: over the rows first, both axes of two columns side by
// side.
template <int Order>
BATCHWARP_INLINE void sum_points(const FieldJob& job, const FieldTaps& rows,
                                 const FieldTaps& columns, int32_t count, double* __restrict down,
                                 double* __restrict right) {
    const int64_t stride = 2 * job.row_points;
    for (int32_t k = 0; k < count; ++k) {
        const double* from = job.points + rows.first[k] * stride + 2 * int64_t{columns.first[k]};
        TwoPoints sum{};
        for (int j = 0; j <= Order; j += 2, from += 4) {
            TwoPoints over_rows{};
            for (int i = 0; i <= Order; ++i) {
                TwoPoints two;
                memcpy(&two, from + i * stride, sizeof two);
                const double w = rows.weight[i][k];
                over_rows = over_rows + two_points(w, w) * two;
            }
            const double a = columns.weight[j][k], b = columns.weight[j + 1][k];
            sum = sum + two_points(a, b) * over_rows;
        }
        down[k] = sum[0] + sum[2];
        right[k] = sum[1] + sum[3];
    }
}

// How far pixels from column `begin` on are displaced in the field's own image.
template <int Order>
void displace_piece(const FieldJob& job, double r, int64_t begin, int32_t count, double* down,
                    double* right) {
    const auto& to_field = job.displacement->to_field.m;
    const double first = job.first + job.direction * static_cast<double>(begin);
    double y[field_piece], x[field_piece];
    FieldTaps rows, columns;
    for (int32_t k = 0; k < count; ++k) {
        const double c = first + job.direction * k;
        y[k] = on_line(to_field[0], r, c);
        x[k] = on_line(to_field[1], r, c);
    }
    if (to_field[2][0] != 0 || to_field[2][1] != 0 || to_field[2][2] != 1)
        for (int32_t k = 0; k < count; ++k) {
            const double w = on_line(to_field[2], r, first + job.direction * k);
            y[k] = projected(y[k], w);
            x[k] = projected(x[k], w);
        }
    weigh_points<Order>(job.displacement->field.y, y, count, rows);
    weigh_points<Order>(job.displacement->field.x, x, count, columns);
    sum_points<Order>(job, rows, columns, count, down, right);
}

// Of rows of points that have been interpolated at the columns already.
template <int Order>
BATCHWARP_INLINE void blend_piece(const double* const* lines, const double* weights, int64_t begin,
                                  int32_t count, double* __restrict to) {
    const double* a = lines[0] + begin;
    const double* b = lines[1] + begin;
    const double* c = lines[Order - 1] + begin;
    const double* d = lines[Order] + begin;
    const double w0 = weights[0], w1 = weights[1];
    const double w2 = weights[Order - 1], w3 = weights[Order];
    for (int32_t k = 0; k < count; ++k) {
        const double two = w0 * a[k] + w1 * b[k];
        to[k] = Order == 1 ? two : two + w2 * c[k] + w3 * d[k];
    }
}

// Turns: by the map of what comes before the field, if that is not the identity. What is displaced
// are homogeneous coordinates.
template <bool Turns, bool Projects>
BATCHWARP_NOINLINE void place_piece(const FieldJob& job, double r, int64_t begin, int32_t count,
                                    const double* __restrict by_down,
                                    const double* __restrict by_right, double* __restrict to_y,
                                    double* __restrict to_x) {
    const auto& on = job.displacement->from_field.m;
    const auto& to_field = job.displacement->to_field.m;
    const Affine& affine = job.affine;
    const double base_y = affine.o0 + r * affine.m00, slope_y = affine.m01;
    const double base_x = affine.o1 + r * affine.m10, slope_x = affine.m11;
    const double base_w = job.divisor.one + r * job.divisor.r, slope_w = job.divisor.c;
    const double field_w = to_field[2][2] + r * to_field[2][0], field_slope_w = to_field[2][1];
    const double y_down = on[0][0], y_right = on[0][1], x_down = on[1][0], x_right = on[1][1];
    const double w_down = on[2][0], w_right = on[2][1];
    const double direction = job.direction;
    const double first = job.first + direction * static_cast<double>(begin);
    for (int32_t k = 0; k < count; ++k) {
        const double c = first + direction * k;
        double down = by_down[k], right = by_right[k];
        if constexpr (Projects) {
            const double times = field_w + c * field_slope_w;
            down *= times;
            right *= times;
        }
        const double by_y = Turns ? down * y_down + right * y_right : down;
        const double by_x = Turns ? down * x_down + right * x_right : right;
        const double y = base_y + c * slope_y + by_y, x = base_x + c * slope_x + by_x;
        const double w = base_w + c * slope_w + (down * w_down + right * w_right);
        to_y[k] = Projects ? projected(y, w) : y;
        to_x[k] = Projects ? projected(x, w) : x;
    }
}

// Some pixels after the other: `displace` says how far, down and to the right.
template <class Displace>
BATCHWARP_INLINE void place_pieces(const FieldJob& job, double r, double* to, Displace&& displace) {
    const auto& on = job.displacement->from_field.m;
    const bool turns = on[0][0] != 1 || on[0][1] != 0 || on[1][0] != 0 || on[1][1] != 1;
    const auto place = job.projects ? place_piece<true, true>
                       : turns      ? place_piece<true, false>
                                    : place_piece<false, false>;
    double down[field_piece], right[field_piece];
    for (int64_t begin = 0; begin < job.columns; begin += field_piece) {
        const int64_t rest = job.columns - begin;
        const int32_t count = static_cast<int32_t>(rest < field_piece ? rest : field_piece);
        displace(begin, count, down, right);
        place(job, r, begin, count, down, right, to + begin, to + job.columns + begin);
    }
}

void place_row(const FieldJob& job, double r, double* to) {
    const auto displace =
        job.displacement->field.order == 1 ? displace_piece<1> : displace_piece<3>;
    place_pieces(job, r, to, [&](int64_t begin, int32_t count, double* down, double* right) {
        displace(job, r, begin, count, down, right);
    });
}

template <int Order>
void place_blended(const FieldJob& job, double r, const double* const* lines, const double* weights,
                   double* to) {
    place_pieces(job, r, to, [&](int64_t begin, int32_t count, double* down, double* right) {
        blend_piece<Order>(lines, weights, begin, count, down);
        blend_piece<Order>(lines, weights, job.columns + begin, count, right);
    });
}

void place_blended_row(const FieldJob& job, double r, const double* const* lines,
                       const double* weights, double* to) {
    job.displacement->field.order == 1 ? place_blended<1>(job, r, lines, weights, to)
                                       : place_blended<3>(job, r, lines, weights, to);
}

}  // namespace
}  // namespace batchwarp
