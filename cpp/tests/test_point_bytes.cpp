// Bytes of order 0 by all kernels of a processor. One with VBMI takes permutations where every
// other one with AVX-512 takes shuffles, which no tier of it would try otherwise.
#include <algorithm>
#include <cmath>
#include <random>

#include "batchwarp/cpu.hpp"
#include "images.hpp"
#include "simd/kernels.hpp"
#include "testing.hpp"
#include "warp/warp_bytes.hpp"

using namespace testing;

namespace {

// By any angle up to `most`.
WarpGeometry turned(std::mt19937& random, std::int64_t height, std::int64_t width, double zoom,
                    double most) {
    const double angle = std::uniform_real_distribution<double>(-most, most)(random);
    WarpGeometry g;
    g.height = height;
    g.width = width;
    g.order = 0;
    g.affine.m00 = g.affine.m11 = zoom * std::cos(angle);
    g.affine.m01 = -zoom * std::sin(angle);
    g.affine.m10 = zoom * std::sin(angle);
    const double y = static_cast<double>(height) / 2, x = static_cast<double>(width) / 2;
    g.affine.o0 = y - g.affine.m00 * y - g.affine.m01 * x;
    g.affine.o1 = x - g.affine.m10 * y - g.affine.m11 * x;
    g.flip_horizontal = random() % 2 == 0;
    g.flip_vertical = random() % 2 == 0;
    g.cval = 7;
    return g;
}

std::vector<double> made(const KernelTable& table, const TestBatch& source, const WarpGeometry& g) {
    TestBatch target(DType::u8, 1, g.height, g.width, source.view.first.channels, Layout::nhwc);
    const BatchView batch = readable(source.view);
    table.point_bytes(
        bytes_job({batch[0], batch.memory_end(), nullptr}, g, target.view[0], 0, g.height));
    return target.values();
}

void check_all_kernels(const TestBatch& source, const WarpGeometry& g) {
    const std::vector<double> want = made(baseline_kernels, source, g);
    CHECK(made(kernels(), source, g) == want);
#ifdef BATCHWARP_X86_TIERS
    const std::vector<std::string> tiers = available_tiers();
    if (std::find(tiers.begin(), tiers.end(), "avx512") != tiers.end())
        CHECK(made(avx512_kernels, source, g) == want);
#endif
}

}  // namespace

TEST(all_kernels_pick_the_same_bytes) {
    std::mt19937 random(1);
    for (const FillMode mode : all_modes)
        for (const auto& [height, width] : {std::pair{20, 28}, {64, 67}, {150, 224}, {40, 700}})
            for (const std::int64_t channels : {1, 3})
                // The more of a source is under sixteen pixels, the more windows there are.
                for (const double zoom : {0.2, 1.0, 3.0, 12.0}) {
                    if (!sampled()) continue;
                    TestBatch source(DType::u8, 1, height, width, channels, Layout::nhwc);
                    source.fill(random);
                    for (const double most : {3.2, 0.3}) {
                        WarpGeometry g = turned(random, height, width, zoom, most);
                        g.border = border_rule(mode);
                        if (takes_bytes(readable(source.view)[0], source.view[0], g))
                            check_all_kernels(source, g);
                    }
                }
}

// As many as there can be of which rounding may matter.
TEST(all_kernels_decide_halves_alike) {
    std::mt19937 random(2);
    for (const auto& [height, width] : {std::pair{20, 28}, {64, 67}, {150, 224}})
        for (const double zoom : {1.0, 0.75, 1.25})
            for (const double half : {0.5, -0.5, 1.0 / 65536, 0.5 - 2.0 / 65536}) {
                TestBatch source(DType::u8, 1, height, width, 1, Layout::nhwc);
                source.fill(random);
                WarpGeometry g = turned(random, height, width, zoom, 0);
                g.affine.o0 = std::round(g.affine.o0) + half;
                g.affine.o1 = std::round(g.affine.o1) - half;
                for (const FillMode mode : all_modes) {
                    g.border = border_rule(mode);
                    CHECK(takes_bytes(readable(source.view)[0], source.view[0], g));
                    check_all_kernels(source, g);
                }
            }
}

int main() { return testing::run_all(); }
