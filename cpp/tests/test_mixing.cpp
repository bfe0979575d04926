// Images that take something of others, against the obvious loops.
#include "batchwarp/cpu.hpp"
#include "batchwarp/mixing.hpp"
#include "images.hpp"
#include "testing.hpp"

using namespace batchwarp;
using namespace testing;

namespace {

constexpr std::int64_t height = 7, width = 9, channels = 3, elements = height * width * channels;
const std::vector<std::int64_t> partners = {1, 2, 0, 3, 1};  // a ring, itself, and one of the ring
const auto count = static_cast<std::int64_t>(partners.size());

// What images and others are in a case: the same memory, or two batches.
struct Mixed {
    TestBatch images, apart;
    MixingRequest request;
    std::vector<double> own, theirs;

    Mixed(DType dtype, Layout layout, bool in_place, std::mt19937& random)
        : images(dtype, count, height, width, channels, layout),
          apart(dtype, count, height, width, channels, layout) {
        images.fill(random);
        apart.fill(random);
        request.images = images.view;
        request.others = readable(in_place ? images.view : apart.view);
        request.partners = partners.data();
        own = images.values();
        theirs = in_place ? own : apart.values();
    }

    double other(std::size_t k) const {
        const std::size_t image = k / elements;
        return theirs[static_cast<std::size_t>(partners[image]) * elements + k % elements];
    }
};

template <class Visit>
void each_case(Visit&& visit) {
    for (const std::string& tier : available_tiers())
        for (const DType dtype : {DType::u8, DType::u16, DType::f16, DType::f32, DType::f64})
            for (const Layout layout : {Layout::nhwc, Layout::nchw, Layout::padded})
                for (const bool in_place : {true, false})
                    for (const int threads : {1, 3}) {
                        select_tier(tier);
                        visit(dtype, layout, in_place, threads);
                    }
}

}  // namespace

TEST(shares_are_added) {
    std::mt19937 random(1);
    const double shares[] = {0.25, 1, 0, 0.6, 0.9};
    each_case([&](DType dtype, Layout layout, bool in_place, int threads) {
        Mixed mixed(dtype, layout, in_place, random);
        mixed.request.threads = threads;
        add_others(mixed.request, shares);
        const std::vector<double> made = mixed.images.values();
        // Integers lose what is behind the point; a half has eleven bits.
        const bool whole = dtype == DType::u8 || dtype == DType::u16;
        const double below = whole ? 1 : dtype == DType::f16 ? 0.07 : 1e-4;
        const double above = whole ? 1e-4 : below;
        for (std::size_t k = 0; k < made.size(); ++k) {
            const double share = shares[k / elements];
            const double expected = share * mixed.own[k] + (1 - share) * mixed.other(k);
            CHECK(made[k] < expected + above && made[k] > expected - below);
            if (share == 1 || mixed.own[k] == mixed.other(k)) CHECK(made[k] == mixed.own[k]);
        }
    });
}

TEST(rectangles_are_pasted) {
    std::mt19937 random(2);
    const std::int64_t rectangles[] = {
        0, height, 0, width,  // all of it
        2, 5,      3, 7,      // within
        4, 4,      0, width,  // nothing
        0, 1,      8, width,  // a corner
        6, height, 0, 1,      // another one
    };
    each_case([&](DType dtype, Layout layout, bool in_place, int threads) {
        Mixed mixed(dtype, layout, in_place, random);
        mixed.request.threads = threads;
        paste_others(mixed.request, rectangles);
        const std::vector<double> made = mixed.images.values();
        for (std::size_t k = 0; k < made.size(); ++k) {
            const std::int64_t* r = rectangles + 4 * (k / elements);
            const auto pixel = static_cast<std::int64_t>(k % elements) / channels;
            const std::int64_t row = pixel / width, column = pixel % width;
            const bool inside = row >= r[0] && row < r[1] && column >= r[2] && column < r[3];
            CHECK(made[k] == (inside ? mixed.other(k) : mixed.own[k]));
        }
    });
}

// Bands are of several rows, and of one where images are many or large.
TEST(any_size_is_mixed) {
    std::mt19937 random(3);
    for (const auto [n, h, w] : {std::array<std::int64_t, 3>{0, 4, 4},
                                 {1, 1, 1},
                                 {2, 1, 70000},
                                 {300, 5, 400},
                                 {3, 100, 2}}) {
        const TestBatch images(DType::f32, n, h, w, 1, Layout::nhwc);
        images.fill(random);
        const std::vector<double> before = images.values();
        std::vector<std::int64_t> next;
        for (std::int64_t i = 0; i < n; ++i) next.push_back((i + 1) % n);
        const std::vector<double> halves(static_cast<std::size_t>(n), 0.5);
        MixingRequest request;
        request.images = images.view;
        request.others = readable(images.view);
        request.partners = next.data();
        add_others(request, halves.data());
        const std::vector<double> made = images.values();
        const auto size = static_cast<std::size_t>(h * w);
        for (std::size_t k = 0; k < made.size(); ++k)
            CHECK(made[k] == (before[k] + before[(k + size) % before.size()]) / 2);
    }
}

int main() { return run_all(); }
