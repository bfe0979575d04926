// The kernels of spline orders other than 1 against the reference.
#include <algorithm>
#include <cmath>
#include <functional>

#include "batchwarp/cpu.hpp"
#include "batchwarp/parallel.hpp"
#include "images.hpp"
#include "testing.hpp"

using namespace testing;

namespace {

template <class F>
void every_tier(F&& body) {
    for (const std::string& tier : available_tiers()) {
        select_tier(tier);
        body();
    }
}

PlanOptions options(std::int64_t height, std::int64_t width, std::int64_t channels, int order,
                    FillMode mode) {
    PlanOptions o;
    o.height = height;
    o.width = width;
    o.channels = channels;
    o.order = order;
    o.fill_mode = mode;
    o.cval = 17;
    return o;
}

// Warps the image with every one of the parameters and returns the largest difference from the
// reference; NaN counts as infinite.
double worst_difference(const PlanOptions& o, const TestBatch& source,
                        const std::vector<KerasRow>& params, DType target = DType::f32) {
    const Plan plan(o);
    const auto n = static_cast<std::int64_t>(params.size());
    const Layout layout = o.channels_first ? Layout::nchw : Layout::nhwc;
    TestBatch got(target, n, o.height, o.width, o.channels, layout);
    TestBatch want(target, n, o.height, o.width, o.channels, layout);
    const std::vector<std::int64_t> indices(params.size(), 0);
    BatchRequest request;
    request.source = readable(source.view);
    request.indices = indices.data();
    request.params = data_of(params);
    request.target = got.view;
    augment_batch(plan, request);
    for (std::int64_t i = 0; i < n; ++i)
        reference_augment(plan, request.source[0], params[static_cast<std::size_t>(i)].data(),
                          want.view[i]);
    const std::vector<double> a = got.values(), b = want.values();
    double worst = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        const double difference = std::abs(a[i] - b[i]);
        worst = std::max(worst, std::isnan(difference) ? INFINITY : difference);
    }
    return worst;
}

// By default allows what single precision explains, on a scale of 0 to 255.
void check_difference(const PlanOptions& o, const TestBatch& source,
                      const std::vector<KerasRow>& params, double allowed = 1e-3,
                      DType target = DType::f32) {
    const double worst = worst_difference(o, source, params, target);
    if (worst <= allowed) return;
    std::ostringstream text;
    text << "worst difference " << worst << ": " << o.height << 'x' << o.width << 'x' << o.channels
         << " order " << o.order << " mode " << name_of(o.fill_mode) << " tier " << current_tier();
    fail(__FILE__, __LINE__, text.str());
}

// Transforms that place samples exactly on pixels, half way between them, on the edge, and far
// outside; and arbitrary ones.
std::vector<KerasRow> telling_params(std::mt19937& random, std::int64_t h, std::int64_t w) {
    std::vector<KerasRow> params;
    const auto add = [&](double theta, double tx, double ty, double zoom, bool flips) {
        KerasRow p;
        p.theta = theta;
        p.tx = tx;
        p.ty = ty;
        p.zx = p.zy = zoom;
        p.flip_horizontal = flips ? 1 : 0;
        p.flip_vertical = flips ? 1 : 0;
        params.push_back(p);
    };
    const auto whole = static_cast<double>(h), across = static_cast<double>(w);
    for (const bool flips : {false, true}) {
        add(0, 0.5, -0.5, 1, flips);
        add(0, 3, -2, 1, flips);
        add(90, 0.5, 0, 1, flips);
        add(180, 0, 0.5, 1, flips);
        add(0, 0, 0, 2, flips);
        add(45, 0, 0, 0.5, flips);
        add(0, 1.5 * across, -whole, 1, flips);
        add(0, -7 * across, 5.5 * whole, 1, flips);
    }
    for (int i = 0; i < 4; ++i) params.push_back(random_row(random, h, w, i % 2 == 1));
    return params;
}

}  // namespace

TEST(order_0_takes_exactly_the_pixels_of_the_reference) {
    std::mt19937 random(1);
    every_tier([&] {
        for (const std::int64_t h : {1, 2, 3, 16, 33})
            for (const std::int64_t w : {1, 2, 3, 15, 16, 17, 31, 32, 460})
                for (const std::int64_t c : {1, 2, 3, 4, 5})
                    for (const FillMode mode : all_modes) {
                        // Rows are cut into chunks one by one: a few of them show it.
                        if ((w == 460 && h > 3) || !sampled()) continue;
                        TestBatch source(DType::f32, 1, h, w, c, Layout::nhwc);
                        source.fill(random);
                        check_difference(options(h, w, c, 0, mode), source,
                                         telling_params(random, h, w), 0);
                    }
    });
}

TEST(order_0_copies_bytes_as_the_reference_does) {
    std::mt19937 random(5);
    every_tier([&] {
        for (const std::int64_t h : {2, 16, 33})
            for (const std::int64_t w : {2, 3, 16, 17, 55})
                for (const std::int64_t c : {1, 2, 3, 4, 5, 8})
                    for (const FillMode mode : all_modes)
                        for (const bool planes : {false, true}) {
                            if ((planes && c != 3) || !sampled()) continue;
                            PlanOptions o = options(h, w, c, 0, mode);
                            o.channels_first = planes;
                            TestBatch source(DType::u8, 1, h, w, c,
                                             planes ? Layout::nchw : Layout::nhwc);
                            source.fill(random);
                            const std::vector<KerasRow> params = telling_params(random, h, w);
                            check_difference(o, source, params, 0, DType::u8);
                            check_difference(o, source, params, 0);  // and as floats
                        }
    });
}

TEST(order_0_copies_bytes_of_one_channel_as_the_reference_does_from_windows) {
    // In as many windows as there can be, and more; of images that hold them, or not.
    std::mt19937 random(7);
    std::vector<KerasRow> params;
    for (const double theta : {0.0, 2.0, -9.0, 17.0, 40.0, 170.0})
        for (const double zoom : {0.7, 1.0, 1.3, 1.9, 2.3}) {
            KerasRow p;
            p.theta = theta;
            p.zx = p.zy = zoom;
            p.tx = theta == 0 ? 2.25 : 5.5;
            p.ty = -3.75;
            p.flip_horizontal = theta < 0 || zoom == 1.3 ? 1 : 0;
            p.flip_vertical = zoom > 1.5 ? 1 : 0;
            params.push_back(p);
        }
    every_tier([&] {
        for (const std::int64_t h : {3, 61})
            for (const std::int64_t w : {16, 31, 100})
                for (const FillMode mode : all_modes) {
                    TestBatch source(DType::u8, 1, h, w, 1, Layout::nhwc);
                    source.fill(random);
                    check_difference(options(h, w, 1, 0, mode), source, params, 0, DType::u8);
                    check_difference(options(h, w, 1, 0, mode), source, params, 0);
                }
    });
}

TEST(bytes_that_move_by_whole_pixels_stay_what_they_are) {
    std::mt19937 random(8);
    std::vector<KerasRow> params;
    for (const double theta : {0.0, 90.0, 180.0})
        for (const bool flips : {false, true}) {
            KerasRow p;
            p.theta = theta;
            p.tx = 3;
            p.ty = theta > 0 ? 0 : -40;
            p.flip_horizontal = flips ? 1 : 0;
            p.flip_vertical = flips && theta > 0 ? 1 : 0;
            params.push_back(p);
            p.tx = p.ty = 0;
            params.push_back(p);
        }
    every_tier([&] {
        for (const int order : {0, 1})
            for (const std::int64_t c : {1, 3})
                for (const bool planes : {false, true})
                    for (const FillMode mode : all_modes) {
                        PlanOptions o = options(21, 21, c, order, mode);
                        o.channels_first = planes;
                        TestBatch source(DType::u8, 1, 21, 21, c,
                                         planes ? Layout::nchw : Layout::nhwc);
                        source.fill(random);
                        check_difference(o, source, params, 0, DType::u8);
                    }
    });
}

TEST(order_0_copies_bytes_whose_coordinates_are_near_halves) {
    // Where fixed point cannot tell, and at its limits.
    std::mt19937 random(6);
    std::vector<KerasRow> params;
    for (const double off : {0.0, 1e-5, -1e-5, 2e-5, 1.6e-5, -3.1e-5})
        for (const double shift : {0.5, 1.0, 16200.25, -16200.5, 16500.0}) {
            KerasRow p;
            p.tx = shift + off;
            p.ty = 0.5 - off;
            p.zx = off == 0 ? 2 : 1 + off;
            p.flip_horizontal = shift < 1 ? 1 : 0;
            params.push_back(p);
        }
    every_tier([&] {
        for (const FillMode mode : all_modes) {
            TestBatch source(DType::u8, 1, 40, 50, 1, Layout::nhwc);
            source.fill(random);
            check_difference(options(40, 50, 1, 0, mode), source, params, 0, DType::u8);
        }
    });
}

TEST(orders_2_to_5_equal_the_reference_on_every_size) {
    std::mt19937 random(2);
    every_tier([&] {
        for (const std::int64_t h : {1, 2, 3, 5, 16, 33})
            for (const std::int64_t w : {1, 2, 3, 4, 7, 15, 16, 17, 31, 40})
                for (const std::int64_t c : {1, 2, 3, 4, 5})
                    for (const FillMode mode : all_modes)
                        for (int order = 2; order <= 5; ++order) {
                            // Every size with two of the orders; all orders with every size's sum.
                            if ((h + w + c + order) % 2 == 0 || !sampled()) continue;
                            TestBatch source(DType::f32, 1, h, w, c, Layout::nhwc);
                            source.fill(random);
                            std::vector<KerasRow> params;
                            for (int i = 0; i < 3; ++i)
                                params.push_back(random_row(random, h, w, i > 0));
                            check_difference(options(h, w, c, order, mode), source, params);
                        }
    });
}

TEST(orders_2_to_5_on_telling_transforms) {
    std::mt19937 random(3);
    every_tier([&] {
        for (const std::int64_t c : {1, 3})
            for (const FillMode mode : all_modes)
                for (int order = 2; order <= 5; ++order) {
                    if (!sampled()) continue;
                    TestBatch source(DType::u8, 1, 29, 37, c, Layout::nhwc);
                    source.fill(random);
                    check_difference(options(29, 37, c, order, mode), source,
                                     telling_params(random, 29, 37));
                }
    });
}

TEST(long_rows_and_columns) {
    std::mt19937 random(4);
    every_tier([&] {
        for (const auto& [h, w] : {std::pair<int, int>{3, 900}, {5, 449}, {700, 4}})
            for (const FillMode mode : {FillMode::nearest, FillMode::constant, FillMode::grid_wrap})
                for (const int order : {2, 5}) {
                    TestBatch source(DType::f32, 1, h, w, 3, Layout::nhwc);
                    source.fill(random);
                    check_difference(options(h, w, 3, order, mode), source,
                                     {random_row(random, h, w, false)});
                }
    });
}

TEST(the_worst_images_stay_within_the_tolerance) {
    // Stripes and checks of full contrast have the largest coefficients, up to 56 times the image's
    // range, and so the largest rounding errors of single precision.
    std::mt19937 random(5);
    const auto checks = [](std::int64_t r, std::int64_t c) { return (r + c) % 2 == 0; };
    const auto columns = [](std::int64_t, std::int64_t c) { return c % 2 == 0; };
    const auto quarters = [](std::int64_t r, std::int64_t c) { return (r / 2 + c / 2) % 2 == 0; };
    const auto noise = [&](std::int64_t, std::int64_t) { return random() % 2 == 0; };
    const std::function<bool(std::int64_t, std::int64_t)> patterns[] = {checks, columns, quarters,
                                                                        noise};
    every_tier([&] {
        for (const auto& pattern : patterns)
            for (const FillMode mode : all_modes)
                for (int order = 2; order <= 5; ++order) {
                    if (!sampled()) continue;
                    TestBatch source(DType::u8, 1, 64, 64, 1, Layout::nhwc);
                    for (std::int64_t r = 0; r < 64; ++r)
                        for (std::int64_t c = 0; c < 64; ++c)
                            *source.view[0].at(r, c, 0) =
                                static_cast<std::byte>(pattern(r, c) ? 255 : 0);
                    std::vector<KerasRow> params(1);
                    params[0].tx = 1e-9;  // samples at the pixels, where contrast is fullest
                    for (int i = 0; i < 3; ++i) params.push_back(random_row(random, 64, 64, false));
                    check_difference(options(64, 64, 1, order, mode), source, params);
                }
    });
}

TEST(one_large_image_is_the_same_on_any_number_of_threads) {
    std::mt19937 random(6);
    constexpr std::int64_t h = 190, w = 203;
    every_tier([&] {
        for (const FillMode mode : {FillMode::nearest, FillMode::wrap, FillMode::grid_constant})
            for (const int order : {0, 2, 3, 5})
                for (const DType dtype : {DType::u8, DType::f32, DType::f64}) {
                    if (!sampled()) continue;
                    PlanOptions o = options(h, w, 3, order, mode);
                    o.steps = keras_steps({.rescale = 1 / 255.0});
                    const Plan plan(o);
                    TestBatch source(DType::u8, 2, h, w, 3, Layout::padded);
                    source.fill(random);
                    // The first image is warped, the second only flipped.
                    std::vector<KerasRow> params{random_row(random, h, w, false), {}};
                    params[1].flip_horizontal = 1;
                    std::vector<double> alone;
                    for (const int threads : {1, 2, 3, 8}) {
                        set_num_threads(threads);
                        TestBatch target(dtype, 2, h, w, 3, Layout::nhwc);
                        BatchRequest request;
                        request.source = readable(source.view);
                        request.params = data_of(params);
                        request.target = target.view;
                        augment_batch(plan, request);
                        if (threads == 1)
                            alone = target.values();
                        else
                            CHECK(target.values() == alone);
                    }
                }
    });
    set_num_threads(0);
}

int main() { return testing::run_all(); }
