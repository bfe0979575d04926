// The CUDA kernels against the reference, over sizes, modes, orders, types and layouts. One source,
// two programs: with the emulation of cuda_emulation.hpp, and on a device.
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <utility>

#include "batchwarp/cuda.hpp"
#include "batchwarp/errors.hpp"
#include "cuda/runtime.hpp"
#include "images.hpp"
#include "testing.hpp"

using namespace testing;

namespace {

#ifdef BATCHWARP_CUDA_EMULATION
constexpr bool emulated = true;
#else
constexpr bool emulated = false;
#endif

// The memory of a batch, on the device.
class DeviceCopy {
  public:
    explicit DeviceCopy(const TestBatch& batch) : batch_(batch), view(batch.view) {
        cuda::check(cudaMalloc(&memory_, batch.bytes), "cudaMalloc");
        cuda::check(cudaMemcpy(memory_, batch.memory.get(), batch.bytes, cudaMemcpyHostToDevice),
                    "cudaMemcpy");
        view.first.data =
            static_cast<std::byte*>(memory_) + (batch.view.first.data - batch.memory.get());
    }
    ~DeviceCopy() { static_cast<void>(cudaFree(memory_)); }
    DeviceCopy(const DeviceCopy&) = delete;
    DeviceCopy& operator=(const DeviceCopy&) = delete;

    /// Waits for the device.
    void copy_back() const {
        cuda::check(cudaMemcpy(batch_.memory.get(), memory_, batch_.bytes, cudaMemcpyDeviceToHost),
                    "cudaMemcpy");
    }

  private:
    const TestBatch& batch_;
    void* memory_ = nullptr;

  public:
    MutableBatchView view;
};

struct Setup {
    PlanOptions options;
    Normalization normalization;
    DType source = DType::f32, target = DType::f32;
    Layout layout = Layout::nhwc, target_layout = Layout::nhwc;
    std::int64_t count = 2;
    bool wild = false;
    bool warps = true;
    const KerasRow* given = nullptr;  // instead of random ones
    double channel_shift = NAN, brightness = NAN;
    double value_scale = 1, value_shift = 0;  // of float32 sources, to leave [0, 255]

    KerasRow params(std::mt19937& random, std::int64_t i) const {
        KerasRow p =
            given != nullptr ? *given : random_row(random, options.height, options.width, wild);
        if (!warps) {
            p.theta = p.tx = p.ty = p.shear = 0;
            p.zx = p.zy = 1;
        }
        // Images of a batch need not all have the same steps.
        if (i != 1) p.channel_shift = channel_shift;
        if (i != 2) p.brightness = brightness;
        return p;
    }
};

Setup setup_of(std::int64_t height, std::int64_t width, std::int64_t channels) {
    Setup s;
    s.options.height = height;
    s.options.width = width;
    s.options.channels = channels;
    return s;
}

std::string describe(const Setup& s) {
    std::ostringstream text;
    text << s.options.height << 'x' << s.options.width << 'x' << s.options.channels << " order "
         << s.options.order << " mode " << name_of(s.options.fill_mode) << " source "
         << static_cast<int>(s.source) << " target " << static_cast<int>(s.target) << " layouts "
         << static_cast<int>(s.layout) << ' ' << static_cast<int>(s.target_layout) << " wild "
         << s.wild << " warps " << s.warps << " shift " << s.channel_shift << " brightness "
         << s.brightness;
    return text.str();
}

// The two results, device first. `indices` go backwards through the source.
struct Results {
    std::vector<double> got, want;
};

Results run(const Setup& s, std::mt19937& random) {
    const PlanOptions& o = s.options;
    const Plan plan = keras_plan(o, s.normalization);
    TestBatch source(s.source, s.count + 1, o.height, o.width, o.channels, s.layout);
    source.fill(random);
    scale_values(source, s.value_scale, s.value_shift);
    TestBatch target(s.target, s.count, o.height, o.width, o.channels, s.target_layout);
    TestBatch expected(s.target, s.count, o.height, o.width, o.channels, s.target_layout);
    std::vector<KerasRow> params;
    std::vector<std::int64_t> indices;
    for (std::int64_t i = 0; i < s.count; ++i) {
        params.push_back(s.params(random, i));
        indices.push_back(s.count - i);
        reference_augment(plan, readable(source.view)[indices.back()], params.back().data(),
                          expected.view[i]);
    }
    const DeviceCopy device_source(source), device_target(target);
    BatchRequest request;
    request.source = readable(device_source.view);
    request.target = device_target.view;
    request.params = data_of(params);
    request.indices = indices.data();
    augment_batch_cuda(plan, request, nullptr);
    // The device may not have begun yet: nothing of the host's may still be needed.
    std::fill(params.begin(), params.end(), KerasRow{});
    std::fill(indices.begin(), indices.end(), -1);
    device_target.copy_back();
    return {target.values(), expected.values()};
}

double worst_difference(const Results& results) {
    double worst = 0;
    for (std::size_t i = 0; i < results.got.size(); ++i) {
        const double difference = std::abs(results.got[i] - results.want[i]);
        worst = difference <= worst ? worst : difference;  // NaN counts
    }
    return worst;
}

void compare_within(const Setup& s, std::mt19937& random, double allowed) {
    if (!sampled()) return;
    const double worst = worst_difference(run(s, random));
    if (!(worst <= allowed)) {
        std::ostringstream text;
        text << "worst difference " << worst << ": " << describe(s);
        fail(__FILE__, __LINE__, text.str());
    }
}

void compare(const Setup& s, std::mt19937& random) {
    compare_within(s, random, tolerance(s.target, s.options.order));
}

}  // namespace

TEST(every_size_mode_and_number_of_channels) {
    std::mt19937 random(1);
    for (const std::int64_t h : {1, 2, 3, 16, 33})
        for (const std::int64_t w : {1, 2, 7, 32, 65})
            for (const std::int64_t c : {1, 2, 3, 4, 5})
                for (const FillMode mode : all_modes) {
                    Setup s = setup_of(h, w, c);
                    s.options.fill_mode = mode;
                    s.options.cval = 17;
                    s.wild = (h + w + c) % 2 == 0;
                    compare(s, random);
                    s.options.order = 2 + static_cast<int>((h + w + c) % 4);
                    compare(s, random);
                }
}

TEST(every_type_layout_and_order) {
    std::mt19937 random(2);
    int cases = 0;
    for (const DType source : {DType::u8, DType::u16, DType::f16, DType::f32})
        for (const DType target : {DType::u8, DType::f16, DType::f32})
            for (const Layout layout :
                 {Layout::nhwc, Layout::nchw, Layout::padded, Layout::reversed})
                for (const Layout target_layout : {Layout::nhwc, Layout::nchw, Layout::padded})
                    for (int order = 0; order <= 5; ++order) {
                        Setup s = setup_of(11, 19, 3);
                        s.options.order = order;
                        s.options.fill_mode =
                            all_modes[static_cast<std::size_t>(cases++) % all_modes.size()];
                        s.options.cval = 200;
                        s.source = source;
                        s.target = target;
                        s.layout = layout;
                        s.target_layout = target_layout;
                        compare(s, random);
                    }
}

// Far outside, magnified, turned: order 0 shows a wrong tap as a whole step.
TEST(order_0_is_exact) {
    std::mt19937 random(3);
    for (const FillMode mode : all_modes)
        for (const std::int64_t w : {1, 2, 31, 40})
            for (const DType source : {DType::u8, DType::f32}) {
                Setup s = setup_of(21, w, 3);
                s.options.order = 0;
                s.options.fill_mode = mode;
                s.options.cval = 9;
                s.source = source;
                s.wild = true;
                compare_within(s, random, 0);
            }
}

// Coordinates at the edges of the image, and of order 0 in the middle of two samples: the last bit
// of a double decides. And coordinates that no fixed point holds.
TEST(decisions_are_those_of_doubles) {
    std::mt19937 random(13);
    std::vector<KerasRow> all;
    const auto add = [&](double theta, double shift, double zoom) {
        KerasRow p;
        p.theta = theta;
        p.tx = p.ty = shift;
        p.zx = p.zy = zoom;
        all.push_back(p);
    };
    for (const double zoom : {0.1, 0.3, 0.5, 0.7, 0.9, 1.1, 1.3, 2.1, 3.3}) add(0, 0, zoom);
    for (const double shift : {0.5, 1.0, 2.1, -0.3}) add(0, shift, 1);
    for (const double theta : {90.0, 180.0, 45.0}) add(theta, 0, 1);
    for (const double zoom : {1e5, 1e9, 1e30, 1e300}) add(30, zoom, zoom);
    for (const KerasRow& p : all)
        for (const FillMode mode : all_modes)
            for (const int order : {0, 1, 3})
                for (const std::int64_t w : {20, 31}) {
                    Setup s = setup_of(21, w, 1);
                    s.options.fill_mode = mode;
                    s.options.order = order;
                    s.options.cval = 400;
                    s.given = &p;
                    s.count = 1;
                    compare_within(s, random, order == 0 ? 0 : tolerance(s.target, order));
                }
}

// Where fixed point ends: at long images, a few coordinates beyond and many within.
TEST(long_images_are_exact) {
    std::mt19937 random(14);
    KerasRow p;
    p.zy = 0.7;
    p.ty = 3.3;
    for (const std::int64_t w : {65535, 65537})
        for (const FillMode mode : {FillMode::nearest, FillMode::constant, FillMode::wrap}) {
            Setup s = setup_of(1, w, 1);
            s.options.order = 0;
            s.options.fill_mode = mode;
            s.given = &p;
            s.count = 1;
            compare_within(s, random, 0);
        }
}

TEST(images_that_are_not_warped_are_copies) {
    std::mt19937 random(4);
    for (const int order : {0, 1, 3})
        for (const DType source : {DType::u8, DType::u16, DType::f16, DType::f32})
            for (const DType target : {DType::u8, DType::f16, DType::f32}) {
                Setup s = setup_of(35, 34, 2);
                s.options.order = order;
                s.source = source;
                s.target = target;
                s.warps = false;
                compare_within(s, random, 0);
            }
}

// The 8-bit steps are exact if the warp before them is.
TEST(channel_shift_and_brightness_are_exact) {
    std::mt19937 random(5);
    for (const std::int64_t c : {1, 3, 4})
        for (const std::int64_t h : {1, 20, 40})
            for (const double shift : {static_cast<double>(NAN), 33.3, -20.0})
                for (const double brightness : {static_cast<double>(NAN), 0.0, 0.6, 1.0, 1.7})
                    for (const double scale : {1.0, 2.5, 1 / 255.0})
                        for (const DType target : {DType::u8, DType::f32}) {
                            Setup s = setup_of(h, 45, c);
                            s.options.order = 0;
                            s.channel_shift = shift;
                            s.brightness = brightness;
                            s.value_scale = scale;
                            s.value_shift = scale > 1 ? -100 : 0;
                            s.target = target;
                            s.count = 3;
                            if (std::isnan(shift) && std::isnan(brightness)) continue;
                            compare_within(s, random, 0);
                        }
}

// Alone and in pairs: with and without a range to find again in between.
TEST(pixel_steps) {
    // A card's sines differ from the host's by a digit, and what has 8 bits may jump then.
    const double allowed = emulated ? 0 : 2;
    std::mt19937 random(15);
    for (const std::vector<StepOptions>& steps : lists_of_keras_pixel_steps())
        for (const std::int64_t c : {1, 2, 3, 4, 5})
            for (const std::int64_t h : {1, 40})
                for (const DType target_type : {DType::u8, DType::f32})
                    for (const bool beyond : {false, true}) {
                        if (!sampled()) continue;
                        PlanOptions o = setup_of(h, 45, c).options;
                        o.steps = steps;
                        const Plan plan(o);
                        const TestBatch source(DType::f32, 3, h, 45, c, Layout::nhwc);
                        source.fill(random);
                        if (beyond) scale_values(source, 2.5, -100);
                        const TestBatch target(target_type, 3, h, 45, c, Layout::nchw),
                            expected(target_type, 3, h, 45, c, Layout::nchw);
                        Rows rows(plan, 3);
                        for (std::int64_t i = 0; i < 3; ++i) {
                            color_randomly(rows, i, plan, random, i > 0);
                            reference_augment(plan, readable(source.view)[i], rows.row(i),
                                              expected.view[i]);
                        }
                        const DeviceCopy device_source(source), device_target(target);
                        BatchRequest request;
                        request.source = readable(device_source.view);
                        request.target = device_target.view;
                        request.params = rows.data();
                        augment_batch_cuda(plan, request, nullptr);
                        device_target.copy_back();
                        CHECK_NEAR(worst_difference({target.values(), expected.values()}), 0,
                                   allowed);
                    }
}

// More of them than one kernel does.
TEST(many_pixel_steps) {
    std::mt19937 random(16);
    PlanOptions o = setup_of(40, 45, 3).options;
    o.steps.assign(32, {"keras_channel_shift"});  // a device takes no more
    const Plan plan(o);
    const TestBatch batch(DType::f32, 2, 40, 45, 3, Layout::nhwc),
        expected(DType::f32, 2, 40, 45, 3, Layout::nhwc);
    batch.fill(random);
    Rows rows(plan, 2);
    for (std::int64_t i = 0; i < 2; ++i) {
        color_randomly(rows, i, plan, random, i > 0);
        reference_augment(plan, readable(batch.view)[i], rows.row(i), expected.view[i]);
    }
    const DeviceCopy source(batch), target(batch);
    BatchRequest request;
    request.source = readable(source.view);
    request.target = target.view;
    request.params = rows.data();
    augment_batch_cuda(plan, request, nullptr);
    target.copy_back();
    CHECK(batch.values() == expected.values());
}

TEST(normalization) {
    std::mt19937 random(6);
    for (const bool center : {false, true})
        for (const bool std : {false, true})
            for (const bool featurewise : {false, true})
                for (const double rescale : {1.0, 1 / 255.0, -2.0})
                    for (const std::int64_t h : {1, 37}) {
                        Setup s = setup_of(h, 40, 3);
                        s.normalization.samplewise_center = center;
                        s.normalization.samplewise_std = std;
                        s.normalization.rescale = rescale;
                        if (featurewise) {
                            s.normalization.mean = {10.5, -3, 0.25};
                            s.normalization.std = {2, 0.5, 7};
                        }
                        s.source = DType::u8;
                        const double scale = std ? 1 : std::abs(rescale);
                        compare_within(s, random, 2e-3 * std::max(scale, 0.05));
                    }
}

// More tiles than a block has threads; and a mean far above the deviation.
TEST(statistics_of_large_images) {
    std::mt19937 random(7);
    Setup s = setup_of(530, 545, 1);
    s.normalization.samplewise_center = s.normalization.samplewise_std = true;
    s.normalization.rescale = 1 / 3.0;
    s.channel_shift = 0.4;
    s.count = 1;
    s.value_scale = 0.01;
    s.value_shift = 1000;
    s.warps = false;
    compare_within(s, random, 1e-3);
}

// Upload in several parcels; more channels than anybody has.
TEST(large_batches_and_many_channels) {
    std::mt19937 random(8);
    Setup s = setup_of(3, 5, 1);
    s.count = 300;
    compare(s, random);
    s = setup_of(3, 5, 1200);
    s.normalization.mean.assign(1200, 1.5);
    s.normalization.std.assign(1200, 4);
    compare(s, random);
    s.options.order = 3;
    compare(s, random);
}

TEST(without_parameters_and_indices_it_converts_even_in_place) {
    std::mt19937 random(9);
    PlanOptions o = setup_of(9, 40, 3).options;
    Normalization n{.rescale = 0.5, .mean = {1, 2, 3}};
    TestBatch batch(DType::f32, 4, o.height, o.width, o.channels, Layout::nhwc);
    TestBatch expected(DType::f32, 4, o.height, o.width, o.channels, Layout::nhwc);
    batch.fill(random);
    for (const bool samplewise : {false, true}) {
        n.samplewise_center = samplewise;
        const Plan plan = keras_plan(o, n);
        for (std::int64_t i = 0; i < 4; ++i)
            reference_augment(plan, batch.view[i], nullptr, expected.view[i]);
        const DeviceCopy device(batch);
        BatchRequest request;
        request.source = readable(device.view);
        request.target = device.view;
        augment_batch_cuda(plan, request, nullptr);
        device.copy_back();
        CHECK_NEAR(worst_difference({batch.values(), expected.values()}), 0, 1e-4);
    }
}

TEST(an_empty_batch_is_nothing_to_do) {
    const Plan plan(setup_of(4, 4, 3).options);
    TestBatch source(DType::f32, 2, 4, 4, 3, Layout::nhwc);
    BatchRequest request;
    request.source = readable(source.view);
    request.target = source.view;
    request.target.count = 0;
    augment_batch_cuda(plan, request, nullptr);
}

TEST(refuses_what_the_device_cannot_take) {
    const Plan plan(setup_of(4, 4, 1).options);
    const auto refusal = [&](DType source_type, DType target_type, auto&& change) {
        TestBatch source(source_type, 2, 4, 4, 1, Layout::nhwc);
        TestBatch target(target_type, 2, 4, 4, 1, Layout::nhwc);
        BatchRequest request;
        request.source = readable(source.view);
        request.target = target.view;
        change(request);
        std::string message;
        const bool refused =
            throws<InvalidArgument>([&] { augment_batch_cuda(plan, request, nullptr); }, &message);
        return refused ? message : "not refused";
    };
    const auto same = [](BatchRequest&) {};
    const auto says = [](const std::string& message, const char* part) {
        return message.find(part) != std::string::npos;
    };
    CHECK(says(refusal(DType::f64, DType::f32, same), "`src`"));
    CHECK(says(refusal(DType::f64, DType::f32, same), "float64"));
    CHECK(says(refusal(DType::f32, DType::f64, same), "`dst`"));
    CHECK(says(refusal(DType::f32, DType::u16, same), "uint16"));
    CHECK(says(refusal(DType::f32, DType::u8, [](BatchRequest& r) { r.source.first.data += 2; }),
               "`src` must be aligned"));
    CHECK(says(
        refusal(DType::u8, DType::f32, [](BatchRequest& r) { r.target.first.row_stride += 1; }),
        "`dst` must be aligned"));
    const std::int64_t beyond[] = {0, 2};
    const TestBatch source(DType::u8, 2, 4, 4, 1, Layout::nhwc);
    const TestBatch target(DType::u8, 2, 4, 4, 1, Layout::nhwc);
    BatchRequest request;
    request.source = readable(source.view);
    request.target = target.view;
    request.indices = beyond;
    CHECK(throws<IndexOutOfRange>([&] { augment_batch_cuda(plan, request, nullptr); }));
}

#ifdef BATCHWARP_CUDA_EMULATION

TEST(threads_and_blocks_may_run_in_any_order) {
    for (const int order : {1, 3})
        for (const bool samplewise : {false, true}) {
            Setup s = setup_of(70, 50, 3);
            s.options.order = order;
            s.normalization.samplewise_std = samplewise;
            s.channel_shift = 12;
            s.brightness = 1.3;
            std::vector<double> results[2];
            for (const bool backwards : {false, true}) {
                std::mt19937 random(10);
                cuda_emulation::run_backwards = backwards;
                results[backwards ? 1 : 0] = run(s, random).got;
            }
            cuda_emulation::run_backwards = false;
            CHECK(results[0] == results[1]);
        }
}

// `left` calls succeed, for more and more of them, until nothing fails. How often it failed.
int failures_of(int& left, int first, const std::string& message) {
    Setup s = setup_of(8, 8, 3);
    s.options.order = 3;
    s.normalization.samplewise_std = true;
    const std::size_t before = cuda_emulation::allocated.size();
    for (int succeeding = first;; ++succeeding) {
        std::mt19937 random(11);
        left = succeeding;
        std::string got;
        const bool threw = throws<CudaError>([&] { run(s, random); }, &got);
        left = -1;
        cuda_emulation::run_all_queues();
        CHECK(cuda_emulation::allocated.size() == before);
        CHECK(cudaGetLastError() == cudaSuccess);
        if (!threw) return succeeding - first;
        CHECK(got.find(message) != std::string::npos);
    }
}

TEST(a_failed_call_is_reported_and_leaves_nothing_behind) {
    // The first two allocations are the test's.
    CHECK(failures_of(cuda_emulation::allocations_left, 2,
                      "allocating device memory failed: out of memory") == 6);
    // Two uploads, the load, one pole on two axes, the warp, and two kernels for colors.
    CHECK(failures_of(cuda_emulation::launches_left, 0, " failed: invalid argument") == 8);
}

TEST(without_a_warp_nothing_is_filtered) {
    for (const bool warps : {false, true}) {
        Setup s = setup_of(8, 8, 3);
        s.options.order = 3;
        s.warps = warps;
        std::mt19937 random(15);
        cuda_emulation::launches_left = 3;  // two uploads, the warp
        CHECK(throws<CudaError>([&] { run(s, random); }) == warps);
        cuda_emulation::launches_left = -1;
        cuda_emulation::run_all_queues();
    }
}

TEST(work_memory_stays_with_the_process) {
    Setup s = setup_of(8, 8, 3);
    s.options.order = 3;
    std::mt19937 random(12);
    for (int i = 0; i < 3; ++i) run(s, random);
    CHECK(cuda_emulation::pool_count == 1);
    CHECK(cuda_emulation::pools.front().held > 0);
    CHECK(cuda_emulation::returns == 0);
    cuda_emulation::current_device = 1;
    cuda_emulation::has_pools = false;
    std::string message;
    CHECK(throws<CudaError>([&] { run(s, random); }, &message));
    CHECK(message.find("device 1 has no memory pools") != std::string::npos);
    cuda_emulation::has_pools = true;
    run(s, random);
    CHECK(cuda_emulation::pool_count == 2);
    cuda_emulation::current_device = 0;
}

#endif

int main() {
    constexpr int skipped = 77;  // what CTest and Automake take for it
    try {
        if (cuda_device_count() > 0) return run_all();
        std::puts("skipped: there is no CUDA device");
    } catch (const CudaError& error) {
        std::printf("skipped: %s\n", error.what());
    }
    return skipped;
}
