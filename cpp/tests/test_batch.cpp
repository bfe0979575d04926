// Every kernel against the reference, over sizes, modes, orders, types, layouts, tiers and threads.
#include <algorithm>
#include <limits>

#include "batchwarp/cpu.hpp"
#include "batchwarp/errors.hpp"
#include "batchwarp/parallel.hpp"
#include "images.hpp"
#include "testing.hpp"

using namespace testing;

namespace {

struct Setup {
    PlanOptions options;
    Normalization normalization;
    DType source = DType::f32, target = DType::f32;
    Layout layout = Layout::nhwc;
    std::int64_t count = 2;
    bool wild = false;
    double zoom = 0;  // not 0: instead of a random one
};

std::string describe(const Setup& s) {
    std::ostringstream text;
    text << s.options.height << 'x' << s.options.width << 'x' << s.options.channels << " order "
         << s.options.order << " mode " << name_of(s.options.fill_mode) << " source "
         << static_cast<int>(s.source) << " target " << static_cast<int>(s.target) << " layout "
         << static_cast<int>(s.layout) << " wild " << s.wild << " tier " << current_tier()
         << " threads " << num_threads();
    return text.str();
}

void compare(const Setup& s, std::mt19937& random, double scale = 1) {
    if (!sampled()) return;
    const PlanOptions& o = s.options;
    const Plan plan = keras_plan(o, s.normalization);
    TestBatch source(s.source, s.count, o.height, o.width, o.channels, s.layout);
    source.fill(random);
    TestBatch target(s.target, s.count, o.height, o.width, o.channels, s.layout);
    TestBatch expected(s.target, s.count, o.height, o.width, o.channels, s.layout);
    std::vector<KerasRow> params;
    std::vector<std::int64_t> indices;
    for (std::int64_t i = 0; i < s.count; ++i) {
        params.push_back(random_row(random, o.height, o.width, s.wild));
        if (s.zoom != 0) params.back().zx = params.back().zy = s.zoom;
        indices.push_back(s.count - 1 - i);
    }
    BatchRequest request;
    request.source = readable(source.view);
    request.indices = indices.data();
    request.params = data_of(params);
    request.target = target.view;
    augment_batch(plan, request);
    for (std::int64_t i = 0; i < s.count; ++i)
        reference_augment(plan, request.source[indices[static_cast<std::size_t>(i)]],
                          params[static_cast<std::size_t>(i)].data(), expected.view[i]);
    const std::vector<double> got = target.values(), want = expected.values();
    double worst = 0;
    for (std::size_t i = 0; i < got.size(); ++i) {
        const double difference = std::abs(got[i] - want[i]);
        worst = difference <= worst ? worst : difference;  // NaN counts
    }
    if (!(worst <= tolerance(s.target, o.order) * scale)) {
        std::ostringstream text;
        text << "worst difference " << worst << ": " << describe(s);
        fail(__FILE__, __LINE__, text.str());
    }
}

template <class F>
void every_tier(F&& body) {
    for (const std::string& tier : available_tiers()) {
        select_tier(tier);
        body();
    }
}

}  // namespace

TEST(linear_kernels_equal_the_reference_on_every_size) {
    std::mt19937 random(1);
    every_tier([&] {
        for (const std::int64_t h : {1, 2, 3, 16, 33})
            for (const std::int64_t w : {1, 2, 3, 4, 15, 16, 17, 31, 33, 64})
                for (const std::int64_t c : {1, 2, 3, 4, 5})
                    for (const FillMode mode : all_modes) {
                        Setup s;
                        s.options.height = h;
                        s.options.width = w;
                        s.options.channels = c;
                        s.options.fill_mode = mode;
                        s.options.cval = 17;
                        s.wild = (h + w + c) % 2 == 0;
                        compare(s, random);
                    }
    });
}

TEST(rows_longer_than_a_chunk) {
    std::mt19937 random(2);
    every_tier([&] {
        for (const std::int64_t w : {511, 512, 513, 527, 528, 900, 1500})
            for (const std::int64_t c : {1, 3})
                for (const FillMode mode :
                     {FillMode::nearest, FillMode::constant, FillMode::grid_wrap}) {
                    Setup s;
                    s.options.height = 6;
                    s.options.width = w;
                    s.options.channels = c;
                    s.options.fill_mode = mode;
                    s.options.cval = 3;
                    compare(s, random);
                }
    });
}

// Their copies are small, their extents are not; magnified, their coordinates are small as well.
TEST(long_and_thin_images) {
    std::mt19937 random(7);
    every_tier([&] {
        for (const std::int64_t extent : {127, 128, 129, 255, 256, 257, 300, 520})
            for (const bool tall : {false, true})
                for (const std::int64_t c : {1, 3, 5})
                    for (const int order : {0, 1})
                        for (const FillMode mode :
                             {FillMode::nearest, FillMode::constant, FillMode::reflect}) {
                            Setup s;
                            s.options.height = tall ? extent : 5;
                            s.options.width = tall ? 5 : extent;
                            s.options.channels = c;
                            s.options.order = order;
                            s.options.fill_mode = mode;
                            s.options.cval = 7;
                            s.zoom = 0.3;
                            compare(s, random);
                        }
    });
}

// Sources beyond 2 MiB are read in tiles.
TEST(huge_images) {
    std::mt19937 random(8);
    every_tier([&] {
        for (const bool grey : {true, false})
            for (const DType source : {DType::f32, DType::u8})
                for (const FillMode mode :
                     {FillMode::nearest, FillMode::constant, FillMode::wrap}) {
                    Setup s;
                    s.options.height = grey ? 730 : 425;
                    s.options.width = grey ? 745 : 431;
                    s.options.channels = grey ? 1 : 3;
                    s.options.fill_mode = mode;
                    s.options.cval = 7;
                    s.source = source;
                    s.count = 1;
                    compare(s, random);
                }
    });
}

TEST(every_type_layout_and_order) {
    std::mt19937 random(3);
    every_tier([&] {
        for (const DType source : {DType::u8, DType::u16, DType::f16, DType::f32, DType::f64})
            for (const DType target : {DType::u8, DType::f16, DType::f32, DType::f64})
                for (const Layout layout :
                     {Layout::nhwc, Layout::nchw, Layout::padded, Layout::reversed})
                    for (int order = 0; order <= 5; ++order)
                        for (const FillMode mode : all_modes) {
                            Setup s;
                            s.options.height = 11;
                            s.options.width = 19;
                            s.options.channels = 3;
                            s.options.channels_first = layout == Layout::nchw;
                            s.options.order = order;
                            s.options.fill_mode = mode;
                            s.options.cval = 200;
                            s.source = source;
                            s.target = target;
                            s.layout = layout;
                            compare(s, random);
                        }
    });
}

TEST(normalisation_is_the_same_fused_or_not) {
    std::mt19937 random(4);
    every_tier([&] {
        for (const std::int64_t c : {1, 2, 3, 4})
            for (const int order : {1, 3})
                for (const bool samplewise : {false, true})
                    for (const Layout layout : {Layout::nhwc, Layout::nchw}) {
                        Setup s;
                        s.options.height = 21;
                        s.options.width = 17;
                        s.options.channels = c;
                        s.options.order = order;
                        s.options.fill_mode = FillMode::constant;
                        s.options.channels_first = layout == Layout::nchw;
                        Normalization& n = s.normalization;
                        n.rescale = 1 / 255.0;
                        n.samplewise_center = n.samplewise_std = samplewise;
                        for (std::int64_t k = 0; k < c; ++k) {
                            n.mean.push_back(0.1 * static_cast<double>(k));
                            n.std.push_back(0.25 + 0.1 * static_cast<double>(k));
                        }
                        s.layout = layout;
                        compare(s, random, 0.1);
                    }
    });
}

TEST(a_constant_image_normalises_to_zero) {
    // (v - mean) / (0 + 1e-6) must not blow rounding errors up.
    PlanOptions o;
    o.height = o.width = 9;
    o.channels = 3;
    const Normalization n{.mean = {101, 55, 203}, .std = {1e-6, 1e-6, 1e-6}};
    o.steps = keras_steps(n);
    TestBatch source(DType::u8, 1, 9, 9, 3, Layout::nhwc),
        target(DType::f32, 1, 9, 9, 3, Layout::nhwc);
    std::size_t i = 0;
    source.each([&](std::byte* at) {
        *at = static_cast<std::byte>(static_cast<int>(n.mean[i % 3]));
        ++i;
    });
    std::vector<KerasRow> params(1);
    params[0].theta = 12;
    BatchRequest request;
    request.source = readable(source.view);
    request.params = data_of(params);
    request.target = target.view;
    every_tier([&] {
        augment_batch(Plan(o), request);
        for (const double v : target.values()) CHECK(v == 0);
    });
}

TEST(colour_steps_equal_the_reference) {
    // Whole numbers and no warp: the 8-bit steps have nothing to round differently.
    std::mt19937 random(5);
    every_tier([&] {
        for (const std::int64_t c : {1, 3, 4})
            for (const Layout layout : {Layout::nhwc, Layout::nchw})
                for (const DType target : {DType::f32, DType::f64})
                    for (const double shift : {-40.0, 0.0, 25.5, std::nan("")})
                        for (const double brightness : {0.0, 0.5, 1.0, 1.7, std::nan("")}) {
                            PlanOptions o;
                            o.height = 13;
                            o.width = 14;
                            o.channels = c;
                            o.channels_first = layout == Layout::nchw;
                            const Plan plan(o);
                            TestBatch source(DType::u8, 2, 13, 14, c, layout);
                            source.fill(random);
                            TestBatch got(target, 2, 13, 14, c, layout),
                                want(target, 2, 13, 14, c, layout);
                            std::vector<KerasRow> params(2);
                            for (KerasRow& p : params) {
                                p.flip_horizontal = 1;
                                p.channel_shift = shift;
                                p.brightness = brightness;
                            }
                            BatchRequest request;
                            request.source = readable(source.view);
                            request.params = data_of(params);
                            request.target = got.view;
                            augment_batch(plan, request);
                            for (std::int64_t i = 0; i < 2; ++i)
                                reference_augment(plan, request.source[i],
                                                  params[static_cast<std::size_t>(i)].data(),
                                                  want.view[i]);
                            CHECK(got.values() == want.values());
                        }
    });
}

// Alone and in pairs, on bytes and beyond [0, 255]. A function is the same wherever it is compiled.
TEST(keras_pixel_steps_equal_the_reference) {
    std::mt19937 random(11);
    every_tier([&] {
        for (const std::vector<StepOptions>& steps : lists_of_keras_pixel_steps())
            for (const std::int64_t c : {1, 2, 3, 4, 5})
                for (const Layout layout : {Layout::nhwc, Layout::nchw, Layout::padded})
                    for (const DType source_type : {DType::u8, DType::f32})
                        for (const DType target : {DType::u8, DType::f32, DType::f64}) {
                            if (!sampled()) continue;
                            PlanOptions o;
                            o.height = 13;
                            o.width = 31;
                            o.channels = c;
                            o.channels_first = layout == Layout::nchw;
                            o.steps = steps;
                            const Plan plan(o);
                            TestBatch source(source_type, 3, 13, 31, c, layout);
                            source.fill(random);
                            scale_values(source, 2.5, -100);
                            const TestBatch got(target, 3, 13, 31, c, layout),
                                want(target, 3, 13, 31, c, layout);
                            Rows rows(plan, 3);
                            for (std::int64_t i = 0; i < 3; ++i)
                                color_randomly(rows, i, plan, random, i > 0);
                            BatchRequest request;
                            request.source = readable(source.view);
                            request.params = rows.data();
                            request.target = got.view;
                            augment_batch(plan, request);
                            for (std::int64_t i = 0; i < 3; ++i)
                                reference_augment(plan, request.source[i], rows.row(i),
                                                  want.view[i]);
                            CHECK(got.values() == want.values());
                        }
    });
}

TEST(output_does_not_depend_on_the_number_of_threads) {
    std::mt19937 random(6);
    every_tier([&] {
        for (const FillMode mode : all_modes)
            for (const int order : {0, 1, 3})
                for (const std::int64_t n : {1, 3, 40}) {
                    const std::int64_t side = n == 40 ? 28 : 190;
                    if (order == 3 && n != 3) continue;
                    if (sampling > 1 && (mode != FillMode::reflect || order == 3)) continue;
                    PlanOptions o;
                    o.height = side;
                    o.width = side + 7;
                    o.channels = 3;
                    o.order = order;
                    o.fill_mode = mode;
                    o.steps = keras_steps({.rescale = 1 / 127.5});
                    const Plan plan(o);
                    TestBatch source(DType::u8, n, side, side + 7, 3, Layout::nhwc);
                    source.fill(random);
                    std::vector<KerasRow> params;
                    for (std::int64_t i = 0; i < n; ++i)
                        params.push_back(random_row(random, side, side, i % 2 == 1));
                    std::vector<double> first;
                    for (const int threads : {1, 2, 3, 8}) {
                        set_num_threads(threads);
                        TestBatch target(DType::f32, n, side, side + 7, 3, Layout::nhwc);
                        BatchRequest request;
                        request.source = readable(source.view);
                        request.params = data_of(params);
                        request.target = target.view;
                        augment_batch(plan, request);
                        std::vector<double> values = target.values();
                        if (threads == 1)
                            first = std::move(values);
                        else if (values != first)
                            fail(__FILE__, __LINE__,
                                 std::string("differs: ") + name_of(mode) + " order " +
                                     std::to_string(order) + " images " + std::to_string(n) +
                                     " threads " + std::to_string(threads));
                    }
                }
        set_num_threads(0);
    });
}

TEST(exact_geometry) {
    // Integer shifts and half turns by flips move pixels and change none of them, in every tier.
    std::mt19937 random(7);
    every_tier([&] {
        for (const std::int64_t c : {1, 3}) {
            TestBatch source(DType::f32, 1, 20, 20, c, Layout::nhwc),
                target(DType::f32, 1, 20, 20, c, Layout::nhwc);
            source.fill(random);
            PlanOptions o;
            o.height = o.width = 20;
            o.channels = c;
            o.fill_mode = FillMode::constant;
            o.cval = -5;
            std::vector<KerasRow> params(1);
            params[0].tx = 3;   // along the width
            params[0].ty = -2;  // along the height
            BatchRequest request;
            request.source = readable(source.view);
            request.params = data_of(params);
            request.target = target.view;
            augment_batch(Plan(o), request);
            const auto in = source.values(), out = target.values();
            const auto at = [c](const std::vector<double>& v, std::int64_t y, std::int64_t x) {
                return v[static_cast<std::size_t>((y * 20 + x) * c)];
            };
            for (std::int64_t y = 0; y < 20; ++y)
                for (std::int64_t x = 0; x < 20; ++x) {
                    const bool inside = y - 2 >= 0 && x + 3 < 20;
                    CHECK(at(out, y, x) == (inside ? at(in, y - 2, x + 3) : -5));
                }
        }
    });
}

TEST(extreme_parameters_are_defined) {
    std::mt19937 random(8);
    every_tier([&] {
        for (const FillMode mode : all_modes)
            for (const int order : {0, 1, 2})
                for (const double shift : {1e3, 1e7, 1e9, 1e18, 1e300, -1e300})
                    for (const double zoom : {1.0, 1e-9, 0.0, -1.0, 1e12}) {
                        if (!sampled()) continue;
                        PlanOptions o;
                        o.height = 12;
                        o.width = 20;
                        o.channels = 1;
                        o.order = order;
                        o.fill_mode = mode;
                        o.cval = 9;
                        TestBatch source(DType::u8, 1, 12, 20, 1, Layout::nhwc);
                        source.fill(random);
                        TestBatch target(DType::f32, 1, 12, 20, 1, Layout::nhwc);
                        std::vector<KerasRow> params(1);
                        params[0].tx = shift;
                        params[0].zx = params[0].zy = zoom;
                        BatchRequest request;
                        request.source = readable(source.view);
                        request.params = data_of(params);
                        request.target = target.view;
                        augment_batch(Plan(o), request);
                        // Splines overshoot, but not by more than the image's range.
                        for (const double v : target.values()) CHECK(v >= -255 && v <= 510);
                    }
    });
}

TEST(no_pixel_reads_a_neighbouring_image) {
    // Under an extreme zoom one column more is many pixels more: the first and the last column that
    // count as interior must be exact. The images around are NaN, which weight 0 does not hide.
    std::mt19937 random(10);
    const auto uniform = [&](double a, double b) {
        return std::uniform_real_distribution<double>(a, b)(random);
    };
    every_tier([&] {
        for (const auto& [h, w] : {std::pair<int, int>{2, 5000}, {64, 64}, {32767, 48}}) {
            // Only so high an image has room for a block of columns that are 1,000 pixels apart.
            const bool high = h == 32767;
            TestBatch source(DType::f32, 3, h, w, 1, Layout::nhwc);
            std::size_t i = 0;
            const auto per_image = static_cast<std::size_t>(h) * static_cast<std::size_t>(w);
            source.each([&](std::byte* at) {
                const float value = i / per_image == 1 ? 1.0f : std::nanf("");
                std::memcpy(at, &value, sizeof value);
                ++i;
            });
            for (int round = 0; round < (high ? 16 : 300) / sampling; ++round) {
                PlanOptions o;
                o.height = h;
                o.width = w;
                o.channels = 1;
                o.fill_mode = all_modes[static_cast<std::size_t>(round) % all_modes.size()];
                o.cval = 1;
                const Plan plan(o);
                std::vector<KerasRow> params(1);
                KerasRow& p = params[0];
                p.theta = round % 2 == 0 && !high ? 0 : 90;
                p.zx = high ? uniform(1100, 2000)
                            : std::pow(10, uniform(3, std::log10(2.4e7 / (w + 16))));
                p.flip_horizontal = round % 3 == 0 ? 1 : 0;
                // Place one column just outside of the image, before its start or past its end.
                const double c = high ? 16 * (1 + round % 2) : std::floor(uniform(1, w));
                const double beyond = uniform(0, high ? 1e-7 : 2e-7) * p.zx - (high ? 1e-4 : 0);
                Affine before, moved;
                affine_from_row(p, h, w, before);
                p.tx = 1;
                affine_from_row(p, h, w, moved);
                const bool rows = p.theta != 0;
                const double effect = rows ? moved.o0 - before.o0 : moved.o1 - before.o1;
                const double at = rows ? before.y(0, c) : before.x(0, c);
                const double last = rows ? h - 1 : w - 1;
                p.tx = ((round % 5 < 3 ? -beyond : last + beyond) - at) / effect;
                const std::int64_t index = 1;
                TestBatch target(DType::f32, 1, h, w, 1, Layout::nhwc);
                BatchRequest request;
                request.source = readable(source.view);
                request.indices = &index;
                request.params = data_of(params);
                request.target = target.view;
                augment_batch(plan, request);
                for (const double v : target.values()) CHECK_NEAR(v, 1, 1e-6);
            }
        }
    });
}

TEST(in_place_normalisation) {
    std::mt19937 random(9);
    for (const DType dtype : {DType::f16, DType::f32, DType::f64}) {
        TestBatch batch(dtype, 3, 8, 8, 3, Layout::nhwc);
        batch.fill(random);
        const std::vector<double> before = batch.values();
        PlanOptions o;
        o.height = o.width = 8;
        o.channels = 3;
        o.steps = keras_steps({.rescale = 0.5});
        BatchRequest request;
        request.source = readable(batch.view);
        request.target = batch.view;
        augment_batch(Plan(o), request);
        const std::vector<double> after = batch.values();
        for (std::size_t i = 0; i < before.size(); ++i) CHECK(after[i] == before[i] / 2);
    }
}

TEST(wrong_requests_are_refused_before_work_starts) {
    PlanOptions o;
    o.height = o.width = 8;
    o.channels = 3;
    const Plan plan(o);
    TestBatch source(DType::u8, 4, 8, 8, 3, Layout::nhwc),
        target(DType::f32, 2, 8, 8, 3, Layout::nhwc);
    TestBatch other(DType::f32, 2, 8, 9, 3, Layout::nhwc),
        words(DType::u16, 2, 8, 8, 3, Layout::nhwc);
    std::vector<KerasRow> params(2);
    std::vector<std::int64_t> indices{0, 4};
    BatchRequest good;
    good.source = readable(source.view);
    good.target = target.view;
    good.params = data_of(params);

    const auto message_of = [&](const BatchRequest& request) {
        std::string message;
        CHECK(throws<InvalidArgument>([&] { augment_batch(plan, request); }, &message));
        return message;
    };
    BatchRequest wrong = good;
    wrong.target = other.view;
    CHECK(message_of(wrong).find("dst") != std::string::npos);
    wrong = good;
    wrong.target = words.view;
    CHECK(message_of(wrong).find("uint16") != std::string::npos);
    wrong = good;
    wrong.source.count = 1;
    CHECK(message_of(wrong).find("src") != std::string::npos);
    wrong = good;
    wrong.source = readable(target.view);
    CHECK(message_of(wrong).find("overlap") != std::string::npos);
    wrong = good;
    params[1].theta = std::numeric_limits<double>::infinity();
    CHECK(message_of(wrong).find("theta") != std::string::npos);
    params[1].theta = 0;
    params[0].brightness = std::numeric_limits<double>::infinity();
    CHECK(message_of(wrong).find("brightness") != std::string::npos);
    params[0].brightness = std::nan("");
    wrong = good;
    wrong.indices = indices.data();
    std::string message;
    CHECK(throws<IndexOutOfRange>([&] { augment_batch(plan, wrong); }, &message));
    CHECK(message.find("4") != std::string::npos &&
          message.find("position 1") != std::string::npos);
    indices[1] = -1;
    CHECK(throws<IndexOutOfRange>([&] { augment_batch(plan, wrong); }));
    augment_batch(plan, good);
}

int main() { return testing::run_all(); }
