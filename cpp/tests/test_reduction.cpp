// The reduction of windows, against sums over whole windows in double; and moves by whole pixels,
// against the warp.
#include <algorithm>
#include <cmath>
#include <limits>

#include "batchwarp/cpu.hpp"
#include "images.hpp"
#include "resize/reduction.hpp"
#include "testing.hpp"
#include "warp/warp.hpp"
#include "warp/whole_move.hpp"

using namespace testing;

namespace {

template <class F>
void every_tier(F&& body) {
    for (const std::string& tier : available_tiers()) {
        select_tier(tier);
        body();
    }
}

// What each pixel of an axis weighs in an output pixel.
std::vector<double> weights(std::int64_t extent, std::int64_t outputs, std::int64_t i) {
    const double scale = static_cast<double>(extent) / static_cast<double>(outputs);
    std::vector<double> result;
    double sum = 0;
    for (std::int64_t p = 0; p < extent; ++p) {
        const double distance =
            static_cast<double>(p) + 0.5 - scale * (static_cast<double>(i) + 0.5);
        result.push_back(std::max(0.0, 1 - std::abs(distance) / std::max(1.0, scale)));
        sum += result.back();
    }
    for (double& weight : result) weight /= sum;
    return result;
}

std::vector<double> plainly(const TestBatch& source, const Window& window, const Size& size,
                            bool flip_horizontal, bool flip_vertical) {
    const MutableImageView& image = source.view.first;
    const std::vector<double> values = source.values();
    std::vector<double> out;
    for (std::int64_t r = 0; r < size.height; ++r) {
        const auto down =
            weights(window.height, size.height, flip_vertical ? size.height - 1 - r : r);
        for (std::int64_t c = 0; c < size.width; ++c) {
            const auto across =
                weights(window.width, size.width, flip_horizontal ? size.width - 1 - c : c);
            for (std::int64_t k = 0; k < image.channels; ++k) {
                double sum = 0;
                for (std::int64_t y = 0; y < window.height; ++y)
                    for (std::int64_t x = 0; x < window.width; ++x) {
                        const auto at =
                            ((window.top + y) * image.width + window.left + x) * image.channels + k;
                        sum += down[static_cast<std::size_t>(y)] *
                               across[static_cast<std::size_t>(x)] *
                               values[static_cast<std::size_t>(at)];
                    }
                out.push_back(sum);
            }
        }
    }
    return out;
}

template <class T>
std::vector<double> reduced(const TestBatch& source, const Window& window, const Size& size,
                            bool flip_horizontal, bool flip_vertical, std::int64_t band) {
    const ImageView image = readable(source.view).first;
    std::vector<T> out(static_cast<std::size_t>(size.height * size.width * image.channels));
    Reduction<T> reduction(image, window, size, flip_horizontal, flip_vertical);
    for (std::int64_t begin = 0; begin < size.height; begin += band)
        reduction.make_rows(begin, std::min(begin + band, size.height),
                            out.data() + begin * size.width * image.channels);
    return {out.begin(), out.end()};
}

double worst(const std::vector<double>& a, const std::vector<double>& b) {
    CHECK(a.size() == b.size());
    double most = 0;
    for (std::size_t i = 0; i < a.size(); ++i)
        most = std::abs(a[i] - b[i]) <= most ? most : std::abs(a[i] - b[i]);
    return most;
}

}  // namespace

TEST(windows_of_any_size_are_reduced_to_any_other) {
    std::mt19937 random(1);
    const auto pick = [&random](std::int64_t low, std::int64_t high) {
        return std::uniform_int_distribution<std::int64_t>(low, high)(random);
    };
    for (int round = 0; round < 300; ++round) {
        if (!sampled()) continue;
        const std::int64_t height = pick(1, 60), width = pick(1, 60), channels = pick(1, 5);
        TestBatch source(static_cast<DType>(pick(0, 4)), 1, height, width, channels,
                         static_cast<Layout>(pick(0, 3)));
        source.fill(random);
        Window window;
        window.height = pick(1, height);
        window.width = pick(1, width);
        window.top = pick(0, height - window.height);
        window.left = pick(0, width - window.width);
        const Size size{pick(1, 40), pick(1, 40)};
        const bool horizontal = pick(0, 1) == 0, vertical = pick(0, 1) == 0;
        const std::vector<double> want = plainly(source, window, size, horizontal, vertical);
        every_tier([&] {
            const std::vector<double> whole =
                reduced<float>(source, window, size, horizontal, vertical, size.height);
            CHECK(worst(whole, want) <= 2e-4);
            CHECK(reduced<float>(source, window, size, horizontal, vertical, 3) == whole);
        });
        CHECK(worst(reduced<double>(source, window, size, horizontal, vertical, 2), want) <= 1e-10);
    }
}

TEST(nothing_outside_of_a_window_is_seen) {
    TestBatch source(DType::f32, 1, 9, 11, 3, Layout::nhwc);
    const Window window{3, 2, 4, 6};
    source.each([](std::byte* at) {
        const float value = std::numeric_limits<float>::quiet_NaN();
        std::memcpy(at, &value, sizeof value);
    });
    for (std::int64_t r = 0; r < window.height; ++r)
        for (std::int64_t c = 0; c < window.width; ++c)
            for (std::int64_t k = 0; k < 3; ++k) {
                const float value = 7;
                std::memcpy(source.view.first.at(window.top + r, window.left + c, k), &value,
                            sizeof value);
            }
    every_tier([&] {
        for (const Size size : {Size{1, 1}, Size{2, 3}, Size{4, 6}, Size{9, 2}})
            for (const double value : reduced<float>(source, window, size, false, false, 1))
                CHECK_NEAR(value, 7, 1e-5);
    });
}

TEST(windows_beyond_an_image_are_clipped) {
    const Size size{5, 8};
    constexpr std::int64_t far = std::numeric_limits<std::int64_t>::max();
    const auto same = [](const Window& a, const Window& b) {
        return a.top == b.top && a.left == b.left && a.height == b.height && a.width == b.width;
    };
    CHECK(same(clipped({1, 2, 3, 4}, size), {1, 2, 3, 4}));
    CHECK(same(clipped({-1, -2, 3, 4}, size), {0, 0, 2, 2}));
    CHECK(same(clipped({3, 7, 9, 9}, size), {3, 7, 2, 1}));
    CHECK(same(clipped({far, -far, far, far}, size), {4, 0, 1, 1}));
    CHECK(same(clipped({9, 9, 0, -3}, size), {4, 7, 1, 1}));
}

TEST(moves_by_whole_pixels_are_what_the_warp_gives) {
    std::mt19937 random(2);
    const auto pick = [&random](int low, int high) {
        return std::uniform_int_distribution<int>(low, high)(random);
    };
    for (int round = 0; round < 600; ++round) {
        const Size from{pick(1, 20), pick(1, 20)};
        TestBatch source(static_cast<DType>(pick(0, 4)), 1, from.height, from.width, pick(1, 4),
                         static_cast<Layout>(pick(0, 3)));
        source.fill(random);
        const ImageView image = readable(source.view).first;
        WarpGeometry g;
        g.height = pick(1, 30);
        g.width = pick(1, 30);
        g.order = pick(0, 1);
        g.border = border_rule(all_modes[static_cast<std::size_t>(round) % all_modes.size()]);
        g.cval = 17;
        const double down = pick(0, 1) * 2 - 1, right = pick(0, 1) * 2 - 1;
        if (pick(0, 2) == 0)
            g.affine = {0, right, down, 0, 0, 0};
        else
            g.affine = {down, 0, 0, right, 0, 0};
        g.affine.o0 = pick(-25, 40);
        g.affine.o1 = pick(-25, 40);
        g.flip_horizontal = pick(0, 1) == 0;
        g.flip_vertical = pick(0, 1) == 0;
        const std::optional<WholeMove> move = whole_move(g, from);
        CHECK(move.has_value());
        if (!move) continue;
        const std::vector<double> values = source.values();
        const auto count = static_cast<std::size_t>(g.height * g.width * image.channels);
        std::vector<double> want(count), got(count);
        warp_general(WarpSource<double>{values.data(), from.height, from.width, image.channels, 0},
                     g, 0, g.height, want.data());
        for (std::int64_t begin = 0; begin < g.height; begin += 7)
            move_pixels(image, *move, g, begin, std::min<std::int64_t>(begin + 7, g.height),
                        got.data() + begin * g.width * image.channels);
        CHECK(got == want);
    }
}

TEST(moves_are_whole_or_none) {
    WarpGeometry g;
    g.height = g.width = 4;
    const Size source{6, 6};
    CHECK(whole_move(g, source).has_value());
    g.affine.o0 = 0.5;
    CHECK(!whole_move(g, source));
    g.affine = {2, 0, 0, 1, 0, 0};
    CHECK(!whole_move(g, source));
    g.affine = {1, 1, 0, 1, 0, 0};
    CHECK(!whole_move(g, source));
    g.affine = {1, 0, 0, 1, 3, 0};
    CHECK(whole_move(g, source).has_value());
    g.order = 3;  // which has no pixel of its own beyond the edge
    CHECK(!whole_move(g, source));
    g.affine.o0 = 2;
    CHECK(whole_move(g, source).has_value());
    g.affine.o0 = std::numeric_limits<double>::quiet_NaN();
    CHECK(!whole_move(g, source));
    g.affine = {};
    g.projects = true;
    CHECK(!whole_move(g, source));
}

int main() { return testing::run_all(); }
