// All tiers against the slow reference, byte for byte; the reference against what is known of it.
// That both are Pillow's is for tests/parity/test_resize.py.
#include "batchwarp/resize.hpp"

#include <cstdio>
#include <new>

#include "batchwarp/cpu.hpp"
#include "batchwarp/errors.hpp"
#include "images.hpp"
#include "resize/resize_taps.hpp"
#include "testing.hpp"

using namespace testing;

namespace {

constexpr Interpolation methods[] = {Interpolation::nearest, Interpolation::bilinear,
                                     Interpolation::bicubic, Interpolation::hamming,
                                     Interpolation::box,     Interpolation::lanczos};
constexpr PillowVersion versions[] = {{10, 1}, {12, 2}, {13, 0}};

struct Resize {
    Size source, target;
    std::int64_t channels;
    Interpolation method;
    Box box;
    PillowVersion pillow = {};
    Layout layout = Layout::nhwc;
};

void report(const Resize& c, const std::string& tier) {
    const auto print = [](const char* name, std::int64_t value) {
        std::printf("%s %d ", name, static_cast<int>(value));
    };
    std::printf("tier %s method %s ", tier.c_str(),
                interpolation_names[static_cast<int>(c.method)]);
    print("source", c.source.height);
    print("x", c.source.width);
    print("target", c.target.height);
    print("x", c.target.width);
    print("channels", c.channels);
    print("left", c.box.left);
    print("top", c.box.top);
    print("right", c.box.right);
    print("bottom", c.box.bottom);
    print("layout", static_cast<int>(c.layout));
    std::printf("\n");
}

// The target is padded: what lies between its rows must not be touched.
bool all_tiers_agree(const Resize& c, std::mt19937& random) {
    TestBatch source(DType::u8, 1, c.source.height, c.source.width, c.channels, c.layout);
    source.fill(random);
    TestBatch want(DType::u8, 1, c.target.height, c.target.width, c.channels, Layout::padded);
    std::memset(want.memory.get(), 77, want.bytes);
    reference_resize(source.view.first, want.view.first, c.method, c.box, c.pillow);
    for (const std::string& tier : available_tiers()) {
        select_tier(tier);
        TestBatch got(DType::u8, 1, c.target.height, c.target.width, c.channels, Layout::padded);
        std::memset(got.memory.get(), 77, got.bytes);
        resize(source.view.first, got.view.first, c.method, c.box, c.pillow);
        if (std::memcmp(got.memory.get(), want.memory.get(), got.bytes) != 0) {
            report(c, tier);
            return false;
        }
    }
    return true;
}

Box all_of(Size source) { return {0, 0, source.width, source.height}; }

}  // namespace

TEST(all_tiers_agree_with_the_reference_on_any_size) {
    std::mt19937 random(1);
    constexpr Size sources[] = {{1, 1}, {1, 9}, {9, 1}, {7, 5}, {16, 33}, {41, 70}};
    constexpr Size targets[] = {{1, 1}, {1, 7}, {5, 1}, {7, 5}, {17, 33}, {25, 48}};
    for (const Size source : sources)
        for (const Size target : targets)
            for (const std::int64_t channels : {1, 3, 4})
                for (const Interpolation method : methods)
                    if (sampled())
                        CHECK(all_tiers_agree({source, target, channels, method, all_of(source)},
                                              random));
}

TEST(all_tiers_agree_on_every_width) {
    std::mt19937 random(2);
    for (std::int64_t width = 1; width < 90; ++width)
        for (const std::int64_t channels : {1, 3, 4})
            for (const Interpolation method : {Interpolation::bilinear, Interpolation::lanczos})
                if (sampled()) {
                    CHECK(all_tiers_agree({{5, 37}, {3, width}, channels, method, all_of({5, 37})},
                                          random));
                    CHECK(all_tiers_agree(
                        {{5, width}, {9, 20}, channels, method, all_of({5, width})}, random));
                }
}

TEST(all_tiers_agree_on_any_box_layout_and_order_of_passes) {
    std::mt19937 random(3);
    const auto pick = [&](std::int64_t low, std::int64_t high) {
        return std::uniform_int_distribution<std::int64_t>(low, high)(random);
    };
    for (int round = 0; round < 600; ++round) {
        Resize c;
        c.source = {pick(1, 60), pick(0, 5) == 0 ? 1 : pick(1, 60)};
        if (pick(0, 9) == 0) c.source = {pick(101, 300), pick(1, 2)};
        c.target = {pick(1, 60), pick(1, 60)};
        const std::int64_t channels[] = {1, 3, 4};
        c.channels = channels[pick(0, 2)];
        c.method = methods[pick(0, 5)];
        c.box = {pick(0, c.source.width - 1), pick(0, c.source.height - 1), 0, 0};
        c.box.right = pick(c.box.left + 1, c.source.width);
        c.box.bottom = pick(c.box.top + 1, c.source.height);
        if (pick(0, 2) == 0) c.box = all_of(c.source);
        if (pick(0, 4) == 0) c.target.width = c.box.width();
        if (pick(0, 4) == 0) c.target.height = c.box.height();
        c.pillow = versions[pick(0, 2)];
        c.layout = static_cast<Layout>(pick(0, 3));
        if (sampled()) CHECK(all_tiers_agree(c, random));
    }
}

TEST(all_tiers_agree_however_far_the_taps_of_neighbours_reach) {
    std::mt19937 random(5);
    for (const std::int64_t width : {63, 64, 65, 129, 300, 500, 900, 2500})
        for (const std::int64_t outputs : {16, 37, 150})
            for (const std::int64_t channels : {1, 3, 4})
                for (const Interpolation method :
                     {Interpolation::bilinear, Interpolation::bicubic, Interpolation::lanczos})
                    if (sampled())
                        CHECK(all_tiers_agree({{6, width},
                                               {4, outputs},
                                               channels,
                                               method,
                                               {width / 9, 0, width - width / 11, 6}},
                                              random));
}

// One channel behind the other in each row: as pixels side by side.
TEST(rows_of_channels_are_resized_as_pixels) {
    std::mt19937 random(6);
    const auto pick = [&](std::int64_t low, std::int64_t high) {
        return std::uniform_int_distribution<std::int64_t>(low, high)(random);
    };
    for (int round = 0; round < 300; ++round) {
        const Size from{pick(1, 40), pick(1, 200)}, to{pick(1, 40), pick(1, 90)};
        const std::int64_t channels = pick(1, 4) == 1 ? 4 : 3;
        const Interpolation method = methods[pick(0, 5)];
        const PillowVersion pillow = versions[pick(0, 2)];
        Box box = all_of(from);
        if (pick(0, 1) == 0) box = {from.width / 3, from.height / 4, from.width, from.height};
        if (!sampled()) continue;
        TestBatch source(DType::u8, 1, from.height, from.width, channels, Layout::nhwc);
        source.fill(random);
        TestBatch planar(DType::u8, 1, from.height, from.width, channels, Layout::nhwc);
        MutableImageView rows = planar.view.first;
        rows.pixel_stride = 1;
        rows.channel_stride = from.width;
        for (std::int64_t y = 0; y < from.height; ++y)
            for (std::int64_t x = 0; x < from.width; ++x)
                for (std::int64_t c = 0; c < channels; ++c)
                    *rows.at(y, x, c) = *source.view.first.at(y, x, c);
        TestBatch want(DType::u8, 1, to.height, to.width, channels, Layout::padded);
        std::memset(want.memory.get(), 77, want.bytes);
        reference_resize(source.view.first, want.view.first, method, box, pillow);
        for (const std::string& tier : available_tiers()) {
            select_tier(tier);
            TestBatch got(DType::u8, 1, to.height, to.width, channels, Layout::padded);
            std::memset(got.memory.get(), 77, got.bytes);
            resize(rows, got.view.first, method, box, pillow);
            CHECK(std::memcmp(got.memory.get(), want.memory.get(), got.bytes) == 0);
        }
    }
}

TEST(weights_of_an_output_add_up_to_one) {
    for (const Interpolation method : methods) {
        if (method == Interpolation::nearest) continue;
        for (const std::int64_t outputs : {1, 3, 50, 99, 100, 101, 700}) {
            TapsOfAxis axis(method, 100, 10, 90, outputs);
            std::int64_t most = 0, before = 0;
            for (std::int64_t i = 0; i < outputs; ++i) {
                const Taps taps = axis.of(i);
                CHECK(taps.first >= before && taps.count > 0 && taps.end() <= axis.end());
                before = taps.first;
                most = std::max(most, taps.count);
                std::int64_t sum = 0;
                for (std::int64_t k = 0; k < taps.count; ++k) {
                    const SplitWeight split(taps.weights[k]);
                    CHECK(split.high * (1 << resize_low_bits) + split.low == taps.weights[k]);
                    CHECK(split.low >= 0);
                    const WeightBytes bytes(taps.weights[k]);
                    const auto byte = [&](int n) {
                        return static_cast<std::int8_t>(bytes.bytes[n]);
                    };
                    CHECK((byte(2) * 256 + byte(1)) * 256 + byte(0) == taps.weights[k]);
                    sum += taps.weights[k];
                }
                CHECK(std::abs(sum - (1 << resize_bits)) <= taps.count);
            }
            CHECK(most == axis.most());
        }
    }
}

TEST(the_order_of_passes_depends_on_the_release) {
    const auto first = [](Size from, Size to, PillowVersion pillow) {
        ImageView source, target;
        source.height = from.height, source.width = from.width;
        target.height = to.height, target.width = to.width;
        return vertical_comes_first(source, target, pillow);
    };
    CHECK(!first({300, 2}, {20, 5}, {12, 1}));
    CHECK(first({300, 2}, {20, 5}, {12, 2}));
    CHECK(!first({200, 2}, {20, 5}, {12, 3}));
    CHECK(!first({300, 2}, {300, 5}, {12, 3}));
    CHECK(first({60, 40}, {30, 26}, {13, 0}));
    CHECK(!first({60, 40}, {30, 25}, {13, 0}));
    CHECK(!first({60, 40}, {61, 50}, {13, 0}));
}

TEST(luma_is_the_same_in_every_tier) {
    std::mt19937 random(4);
    for (std::int64_t width = 1; width < 150; ++width)
        for (const Layout layout : {Layout::nhwc, Layout::nchw, Layout::reversed}) {
            if (!sampled()) continue;
            TestBatch source(DType::u8, 1, 2, width, 3, layout);
            source.fill(random);
            const ImageView view = source.view.first;
            for (const std::string& tier : available_tiers()) {
                select_tier(tier);
                TestBatch got(DType::u8, 1, 2, width, 1, Layout::padded);
                luma(view, got.view.first);
                for (std::int64_t y = 0; y < 2; ++y)
                    for (std::int64_t x = 0; x < width; ++x) {
                        const auto of = [&](std::int64_t c) {
                            return std::to_integer<int>(*view.at(y, x, c));
                        };
                        const int want =
                            (of(0) * 19595 + of(1) * 38470 + of(2) * 7471 + 0x8000) >> 16;
                        CHECK(std::to_integer<int>(*got.view.first.at(y, x, 0)) == want);
                    }
            }
        }
}

TEST(wrong_arguments_are_refused) {
    TestBatch source(DType::u8, 1, 6, 5, 3, Layout::nhwc),
        target(DType::u8, 1, 3, 4, 3, Layout::nhwc);
    const auto refusal = [&](const ImageView& from, const MutableImageView& to, const Box& box) {
        std::string message;
        CHECK(throws<InvalidArgument>([&] { resize(from, to, Interpolation::bilinear, box); },
                                      &message));
        return message;
    };
    const ImageView from = source.view.first;
    const MutableImageView to = target.view.first;
    for (const Box box : {Box{0, 0, 6, 6}, Box{-1, 0, 5, 6}, Box{0, 0, 5, 7}, Box{2, 0, 2, 6}})
        CHECK(refusal(from, to, box).find("`box` must be") == 0);
    ImageView five = from;
    five.channels = 5;
    CHECK(refusal(five, to, whole(five)).find("`src` must have 1, 3 or 4 channels") == 0);
    MutableImageView other = to;
    other.channels = 1;
    CHECK(refusal(from, other, whole(from)).find("`dst` must have as many channels") == 0);
    other = to;
    other.pixel_stride = 4;
    CHECK(refusal(from, other, whole(from)).find("`dst` must have the pixels") == 0);
    ImageView empty = from;
    empty.height = 0;
    CHECK(refusal(empty, to, whole(empty)).find("`src` must have extents") == 0);
    empty.height = std::int64_t{1} << 31;
    CHECK(refusal(empty, to, whole(empty)).find("`src` must have extents") == 0);
    CHECK(throws<InvalidArgument>([] { interpolation_from_name("linear"); }));
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // they abort instead
// Rows that are needed at the same time would take more than there is memory.
TEST(memory_that_cannot_be_had_is_an_exception) {
    std::byte pixel{};
    ImageView source;
    source.data = &pixel;
    source.dtype = DType::u8;
    source.height = 0x7fffffff;
    source.width = 5;
    source.channels = 1;
    TestBatch target(DType::u8, 1, 1, 200000, 1, Layout::nhwc);
    CHECK(throws<std::bad_alloc>([&] {
        resize(source, target.view.first, Interpolation::bilinear, whole(source), {10, 1});
    }));
}
#endif

int main() { return testing::run_all(); }
