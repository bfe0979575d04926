// The warp by itself: kernels of every tier, and the general one, against a loop over pixels;
// source and target differ in size.
#include <algorithm>
#include <cmath>
#include <iterator>
#include <optional>

#include "batchwarp/cpu.hpp"
#include "images.hpp"
#include "pixels.hpp"
#include "simd/kernels.hpp"
#include "spline/spline.hpp"
#include "spline/spline_warp.hpp"
#include "testing.hpp"
#include "warp/byte_windows.hpp"
#include "warp/warp.hpp"
#include "warp/warp_kernels.hpp"

using namespace testing;

namespace {

template <class F>
void every_tier(F&& body) {
    for (const std::string& tier : available_tiers()) {
        select_tier(tier);
        body();
    }
}

constexpr double cval = 17;

WarpGeometry geometry(Size target, int order, FillMode mode) {
    WarpGeometry g;
    g.height = target.height;
    g.width = target.width;
    g.order = order;
    g.border = border_rule(mode);
    g.cval = cval;
    return g;
}

// About as much of the source as there is, turned; `wild` leaves most of it.
void place_randomly(WarpGeometry& g, Size source, std::mt19937& random, bool wild) {
    const double turn = uniform(random, -0.4, 0.4) * (wild ? 8 : 1);
    const double zoom = wild ? uniform(random, 0.2, 3) : uniform(random, 0.8, 1.2);
    const double down = zoom * static_cast<double>(source.height) / static_cast<double>(g.height);
    const double right = zoom * static_cast<double>(source.width) / static_cast<double>(g.width);
    Affine& a = g.affine;
    a = {down * std::cos(turn),
         -right * std::sin(turn),
         down * std::sin(turn),
         right * std::cos(turn),
         0,
         0};
    // The target's centre is the source's, more or less.
    const double r = static_cast<double>(g.height - 1) / 2,
                 c = static_cast<double>(g.width - 1) / 2;
    const double shift = wild ? 1.5 : 0.1;
    a.o0 = static_cast<double>(source.height) * (0.5 + uniform(random, -shift, shift)) - a.y(r, c);
    a.o1 = static_cast<double>(source.width) * (0.5 + uniform(random, -shift, shift)) - a.x(r, c);
    g.flip_horizontal = random() % 2 == 0;
    g.flip_vertical = random() % 2 == 0;
}

// The divisor is 1 at the target's centre; `wild` lets the horizon run through the target.
void project_randomly(WarpGeometry& g, std::mt19937& random, bool wild) {
    const double r = static_cast<double>(g.height), c = static_cast<double>(g.width);
    const double most = wild ? 2 : 0.4;
    g.projects = true;
    g.divisor.r = uniform(random, -most, most) / r;
    g.divisor.c = uniform(random, -most, most) / c;
    g.divisor.one = 1 - (r - 1) / 2 * g.divisor.r - (c - 1) / 2 * g.divisor.c;
}

// One pixel after the other, orders 0 and 1, as SciPy's documentation says.
std::vector<double> plainly(const ImageView& source, const WarpGeometry& g) {
    const auto sample = [&](double y, double x, std::int64_t k) {
        y = map_coordinate(bounded_coordinate(y), source.height, g.border.coordinates);
        x = map_coordinate(bounded_coordinate(x), source.width, g.border.coordinates);
        if (g.border.coordinates == Extension::constant && (y < 0 || x < 0)) return g.cval;
        const auto tap = [&](double row, double column) {
            const std::int64_t r =
                map_tap(static_cast<std::int64_t>(row), source.height, g.border.taps);
            const std::int64_t c =
                map_tap(static_cast<std::int64_t>(column), source.width, g.border.taps);
            if (r < 0 || c < 0) return g.cval;
            float value;
            std::memcpy(&value, source.at(r, c, k), sizeof value);
            return static_cast<double>(value);
        };
        if (g.order == 0) return tap(std::floor(y + 0.5), std::floor(x + 0.5));
        const double top = std::floor(y), left = std::floor(x), fy = y - top, fx = x - left;
        return (1 - fy) * ((1 - fx) * tap(top, left) + fx * tap(top, left + 1)) +
               fy * ((1 - fx) * tap(top + 1, left) + fx * tap(top + 1, left + 1));
    };
    std::vector<double> out;
    for (std::int64_t r = 0; r < g.height; ++r)
        for (std::int64_t c = 0; c < g.width; ++c) {
            const auto row = static_cast<double>(g.flip_vertical ? g.height - 1 - r : r);
            const auto column = static_cast<double>(g.flip_horizontal ? g.width - 1 - c : c);
            double y = g.affine.y(row, column), x = g.affine.x(row, column);
            if (g.projects) {
                const double w = g.divisor.at(row, column);
                const auto limited = [w](double v) {
                    const double far = v < 0 ? -farthest : farthest;
                    return w > horizon && std::abs(v / w) < farthest ? v / w : far;
                };
                y = limited(y);
                x = limited(x);
            }
            for (std::int64_t k = 0; k < source.channels; ++k) out.push_back(sample(y, x, k));
        }
    return out;
}

// By the general way, in double; packed samples.
std::vector<double> generally(const TestBatch& source, const WarpGeometry& g) {
    const ImageView image = readable(source.view).first;
    const std::vector<double> values = source.values();
    std::vector<double> out(static_cast<std::size_t>(g.height * g.width * image.channels));
    warp_general(WarpSource<double>{values.data(), image.height, image.width, image.channels, 0}, g,
                 0, g.height, out.data());
    return out;
}

// By the kernels of the tier in use, in bands of so many rows.
std::vector<double> by_kernels(const TestBatch& source, const WarpGeometry& g, std::int64_t band) {
    const BatchView batch = readable(source.view);
    const ImageView& image = batch.first;
    const std::int64_t row = g.width * image.channels;
    std::optional<SplinePlane> plane;
    if (g.order > 1)
        plane.emplace(image.height, image.width, image.channels, g.order, g.border, g.cval);
    std::vector<float> out(static_cast<std::size_t>(g.height * row));
    for (std::int64_t begin = 0; begin < g.height; begin += band) {
        const WarpTarget target{out.data() + begin * row, begin, std::min(begin + band, g.height),
                                nullptr, nullptr};
        if (plane)
            warp_spline(*plane, filter_image(*plane, image), image, g, target);
        else
            warp_samples({image, batch.memory_end(), nullptr}, g, target);
    }
    return {out.begin(), out.end()};
}

// The reference for splines: on coefficients, with the general way that orders 0 and 1 prove right.
std::vector<double> by_coefficients(const TestBatch& source, const WarpGeometry& g) {
    const ImageView image = readable(source.view).first;
    const std::int64_t pad = spline_padding(g.order, g.border), channels = image.channels;
    const std::int64_t height = image.height + 2 * pad, width = image.width + 2 * pad;
    const std::vector<double> values = source.values();
    std::vector<double> coefficients;
    for (std::int64_t r = -pad; r < image.height + pad; ++r)
        for (std::int64_t c = -pad; c < image.width + pad; ++c)
            for (std::int64_t k = 0; k < channels; ++k) {
                const std::int64_t y = map_tap(r, image.height, g.border.taps);
                const std::int64_t x = map_tap(c, image.width, g.border.taps);
                coefficients.push_back(
                    y < 0 || x < 0
                        ? g.cval
                        : values[static_cast<std::size_t>((y * image.width + x) * channels + k)]);
            }
    spline_prefilter(coefficients.data(), height, width, channels, g.order, g.border.filter);
    std::vector<double> out(static_cast<std::size_t>(g.height * g.width * channels));
    warp_general(WarpSource<double>{coefficients.data(), height, width, channels, pad}, g, 0,
                 g.height, out.data());
    return out;
}

double worst(const std::vector<double>& a, const std::vector<double>& b) {
    CHECK(a.size() == b.size());
    double most = 0;
    for (std::size_t i = 0; i < a.size(); ++i)
        most = std::abs(a[i] - b[i]) <= most ? most : std::abs(a[i] - b[i]);
    return most;
}

double allowed(int order) { return order == 0 ? 0 : tolerance(DType::f32, order); }

constexpr Size sizes[] = {{1, 1},   {1, 9},   {7, 1},     {2, 2},    {3, 5},
                          {33, 17}, {64, 64}, {129, 257}, {70, 600}, {611, 37}};

}  // namespace

namespace {

void check_any_size_to_any_other(bool projects) {
    std::mt19937 random(1);
    for (const Size from : sizes)
        for (const Size to : sizes)
            for (const FillMode mode : all_modes)
                for (const int order : {0, 1}) {
                    const auto channels = std::uniform_int_distribution<int>(1, 5)(random);
                    if (!sampled()) continue;
                    TestBatch source(DType::f32, 1, from.height, from.width, channels,
                                     random() % 2 == 0 ? Layout::nhwc : Layout::padded);
                    source.fill(random);
                    WarpGeometry g = geometry(to, order, mode);
                    place_randomly(g, from, random, random() % 3 == 0);
                    if (projects) project_randomly(g, random, random() % 3 == 0);
                    const std::vector<double> want = plainly(source.view.first, g);
                    CHECK(worst(generally(source, g), want) <= (order == 0 ? 0 : 1e-9));
                    if (!kernels_take(g, from.height, from.width, channels)) {
                        CHECK(std::min(from.height, from.width) < 2);
                        continue;
                    }
                    every_tier([&] {
                        const std::vector<double> whole = by_kernels(source, g, to.height);
                        CHECK(worst(whole, want) <= allowed(order));
                        CHECK(by_kernels(source, g, 1 + to.height / 3) == whole);
                    });
                }
}

}  // namespace

TEST(orders_0_and_1_from_any_size_to_any_other) { check_any_size_to_any_other(false); }

TEST(projective_maps_from_any_size_to_any_other) { check_any_size_to_any_other(true); }

namespace {

#ifdef BATCHWARP_X86_TIERS
// By a table's own pass over bytes of one, three or four channels, which may not be the tier's.
std::vector<double> by_pass_over_bytes(const KernelTable& table, const TestBatch& source,
                                       const WarpGeometry& g) {
    const ImageView image = readable(source.view).first;
    std::vector<float> out(static_cast<std::size_t>(g.height * g.width * image.channels));
    WarpJob job{};  // which may read no more than the image
    job.bytes = reinterpret_cast<const std::uint8_t*>(image.data);
    job.source_row_stride = image.row_stride;
    job.pixel_step = static_cast<std::int32_t>(image.pixel_stride);
    job.last_whole_offset = (image.height - 2) * image.row_stride +
                            (image.width - 2) * image.pixel_stride - warp_read_slack;
    fill_warp_job(job, image, g, {out.data(), 0, g.height, nullptr, nullptr});
    const auto pass = image.channels == 1   ? table.linear_c1_bytes
                      : image.channels == 3 ? table.linear_c3_bytes
                                            : table.linear_c4_bytes;
    pass(job);
    return {out.begin(), out.end()};
}
#endif

}  // namespace

// Images of bytes may be read where they lie, and the last one of an array is all that may be read.
TEST(bytes_become_what_floats_of_them_become) {
    std::mt19937 random(4);
    for (const Size from : {Size{2, 2}, Size{2, 40}, Size{3, 5}, Size{28, 28}, Size{60, 70},
                            Size{129, 257}, Size{70, 600}, Size{900, 800}})
        for (const Size to : {Size{1, 1}, Size{33, 17}, Size{100, 90}, Size{70, 600}})
            for (const FillMode mode : all_modes)
                for (const int count : {1, 2}) {
                    if (!sampled()) continue;
                    const int order = random() % 3 == 0 ? 0 : 1;
                    const auto channels = std::uniform_int_distribution<int>(1, 5)(random);
                    TestBatch bytes(DType::u8, count, from.height, from.width, channels,
                                    random() % 2 == 0 ? Layout::nhwc : Layout::padded);
                    bytes.fill(random);
                    TestBatch floats(DType::f32, 1, from.height, from.width, channels,
                                     Layout::nhwc);
                    load_pixels(readable(bytes.view).first,
                                reinterpret_cast<float*>(floats.view.first.data));
                    WarpGeometry g = geometry(to, order, mode);
                    constexpr double fills[] = {cval, 255, 17.5, -1, 256};  // bytes, and not
                    g.cval = fills[random() % std::size(fills)];
                    place_randomly(g, from, random, random() % 4 == 0);
                    if (random() % 2 == 0) project_randomly(g, random, random() % 3 == 0);
                    every_tier([&] {
                        const std::vector<double> want = by_kernels(floats, g, to.height);
                        CHECK(by_kernels(bytes, g, to.height) == want);
                        CHECK(by_kernels(bytes, g, 1 + to.height / 3) == want);
#ifdef BATCHWARP_X86_TIERS
                        // What the tier has where a processor permutes no bytes; small images
                        // have coordinates of their own.
                        if (current_tier() == "avx512" && from.width > warp_max_small_extent &&
                            order == 1 && (channels == 1 || channels == 3 || channels == 4))
                            CHECK(by_pass_over_bytes(avx512_kernels, bytes, g) == want);
#endif
                    });
                }
}

// Taps of small images are found in windows of so many bytes, the last of which ends with memory.
TEST(small_images_of_bytes_become_what_floats_of_them_become) {
    std::mt19937 random(9);
    select_tier(available_tiers().back());
    bool had_window = false, had_wide_window = false, had_none = false;
    for (const Size from : {Size{16, 16}, Size{8, 32}, Size{28, 28}, Size{20, 31}, Size{64, 20},
                            Size{60, 60}, Size{65, 16}})
        for (const Size to : {Size{28, 28}, Size{40, 16}, Size{33, 50}})
            for (const FillMode mode : all_modes)
                for (int i = 0; i < 12; ++i) {
                    TestBatch bytes(DType::u8, 1, from.height, from.width, 1, Layout::nhwc);
                    bytes.fill(random);
                    TestBatch floats(DType::f32, 1, from.height, from.width, 1, Layout::nhwc);
                    const ImageView image = readable(bytes.view).first;
                    load_pixels(image, reinterpret_cast<float*>(floats.view.first.data));
                    WarpGeometry g = geometry(to, i % 3 == 0 ? 0 : 1, mode);
                    if (i % 2 == 0) g.cval = 17.5;
                    place_randomly(g, from, random, i % 4 == 0);
                    if (i % 4 == 1) {  // on samples, between them, and on edges
                        g.affine = {1, 0, 0, i % 8 == 1 ? 1.0 : -1.0, 0, 0};
                        g.affine.o0 = static_cast<double>(random() % 20) / 2 - 5;
                        g.affine.o1 = static_cast<double>(random() % 20) / 2 - 5;
                        if (i % 8 != 1) g.affine.o1 += static_cast<double>(from.width - 1);
                    }
                    const std::int32_t window = byte_window(g, image);
                    had_window |= window == warp_window;
                    had_wide_window |= window == warp_wide_window;
                    had_none |= window == 0;
                    if (!sampled()) continue;
                    every_tier([&] {
                        const std::vector<double> want = by_kernels(floats, g, to.height);
                        CHECK(by_kernels(bytes, g, to.height) == want);
                        CHECK(by_kernels(bytes, g, 7) == want);
                    });
                }
    const bool has_kernels = byte_window_kernel(1) != nullptr;
    CHECK(had_window == has_kernels && had_wide_window == has_kernels && had_none);
}

TEST(values_are_scaled_channel_by_channel) {
    std::mt19937 random(5);
    const std::vector<float> shift{3, 50, -7, 11, 2.5f}, scale{2, 0.5f, 4, -1, 3};
    for (const DType dtype : {DType::u8, DType::f32})
        for (const auto& [channels, order] :
             {std::pair{1, 0}, {1, 1}, {2, 0}, {3, 0}, {3, 1}, {4, 0}, {4, 1}, {5, 0}}) {
            const auto period = static_cast<std::size_t>(channels);
            TestBatch source(dtype, 1, 150, 140, channels, Layout::nhwc);
            source.fill(random);
            WarpGeometry g = geometry({90, 101}, order, FillMode::constant);
            place_randomly(g, {150, 140}, random, false);
            every_tier([&] {
                std::vector<double> want = by_kernels(source, g, g.height);
                for (std::size_t i = 0; i < want.size(); ++i) {
                    const std::size_t k = i % period;
                    want[i] =
                        static_cast<double>((static_cast<float>(want[i]) - shift[k]) * scale[k]);
                }
                const BatchView batch = readable(source.view);
                std::vector<float> out(want.size());
                warp_samples({batch.first, batch.memory_end(), nullptr}, g,
                             {out.data(), 0, g.height, shift.data(), scale.data()});
                CHECK(std::vector<double>(out.begin(), out.end()) == want);
            });
        }
}

TEST(a_resize_places_pixels_between_samples_and_on_ties) {
    std::mt19937 random(2);
    for (const Size from : {Size{64, 64}, Size{30, 45}})
        for (const Size to : {Size{32, 32}, Size{128, 128}, Size{224, 200}, Size{15, 9}})
            for (const FillMode mode : all_modes)
                for (const int order : {0, 1})
                    for (const int channels : {1, 3, 4}) {
                        if (!sampled()) continue;
                        TestBatch source(DType::f32, 1, from.height, from.width, channels,
                                         Layout::nhwc);
                        source.fill(random);
                        WarpGeometry g = geometry(to, order, mode);
                        Affine& a = g.affine;
                        a.m00 = static_cast<double>(from.height) / static_cast<double>(to.height);
                        a.m11 = static_cast<double>(from.width) / static_cast<double>(to.width);
                        a.o0 = a.m00 / 2 - 0.5;
                        a.o1 = a.m11 / 2 - 0.5;
                        g.flip_horizontal = random() % 2 == 0;
                        const std::vector<double> want = plainly(source.view.first, g);
                        every_tier([&] {
                            CHECK(worst(by_kernels(source, g, to.height), want) <= allowed(order));
                        });
                    }
}

// Small images have a way of their own: coordinates on their edges, at the ends of periods and as
// little beside them as doubles tell apart.
TEST(small_images_where_coordinates_jump) {
    std::mt19937 random(5);
    for (const Size size : {Size{2, 2}, Size{3, 20}, Size{28, 28}, Size{61, 60}})
        for (const FillMode mode : all_modes)
            for (const int channels : {1, 2, 3, 4}) {
                if (!sampled()) continue;
                TestBatch source(DType::f32, 1, size.height, size.width, channels, Layout::nhwc);
                source.fill(random);
                const auto one_of = [&random](const auto&... choices) {
                    const double all[] = {static_cast<double>(choices)...};
                    return all[random() % sizeof...(choices)];
                };
                for (int i = 0; i < 24; ++i) {
                    const int order = i % 2 == 0 ? 1 : static_cast<int>(2 + random() % 4);
                    WarpGeometry g = geometry(size, order, mode);
                    if (mode == FillMode::constant) g.cval = one_of(17, 1e30, INFINITY, NAN);
                    const double slope = one_of(1, -1, 0.5, 2), across = one_of(0, 0, 1, 1e-9);
                    g.affine = {slope, across, -across, slope, 0, 0};
                    const auto place = [&](std::int64_t n, double to) {
                        const auto whole = static_cast<double>(n);
                        const double start =
                            one_of(0, 1, -1, whole - 1, 1 - whole, whole, 2 - 2 * whole);
                        return to < 0 ? whole - 1 + start : start;
                    };
                    const auto beside = [&] {
                        return one_of(0, 0, 1e-13, -1e-13, 1e-7, -1e-7, 0.5);
                    };
                    g.affine.o0 = place(size.height, slope) + beside();
                    g.affine.o1 = place(size.width, slope) + beside();
                    g.flip_horizontal = random() % 2 == 0;
                    const std::vector<double> want =
                        order == 1 ? plainly(source.view.first, g) : by_coefficients(source, g);
                    every_tier([&] {
                        const std::vector<double> made = by_kernels(source, g, size.height);
                        for (std::size_t k = 0; k < want.size(); ++k) {
                            const bool filled = !std::isfinite(want[k]) || want[k] > 1e29;
                            const auto value = static_cast<float>(want[k]);
                            CHECK(filled ? made[k] == value ||
                                               (std::isnan(value) && std::isnan(made[k]))
                                         : std::abs(made[k] - want[k]) <= allowed(order));
                        }
                    });
                }
            }
}

TEST(splines_from_any_size_to_any_other) {
    std::mt19937 random(3);
    for (const Size from : {Size{2, 2}, Size{9, 5}, Size{40, 61}})
        for (const Size to : {Size{1, 1}, Size{1, 20}, Size{33, 2}, Size{70, 600}})
            for (const FillMode mode : all_modes)
                for (const int order : {2, 3, 4, 5}) {
                    const auto channels = std::uniform_int_distribution<int>(1, 5)(random);
                    if (!sampled()) continue;
                    TestBatch source(DType::f32, 1, from.height, from.width, channels,
                                     Layout::nhwc);
                    source.fill(random);
                    WarpGeometry g = geometry(to, order, mode);
                    place_randomly(g, from, random, random() % 3 == 0);
                    const std::vector<double> want = by_coefficients(source, g);
                    every_tier([&] {
                        const std::vector<double> whole = by_kernels(source, g, to.height);
                        CHECK(worst(whole, want) <= allowed(order));
                        CHECK(by_kernels(source, g, 1 + to.height / 3) == whole);
                    });
                }
}

int main() { return testing::run_all(); }
