// What lies outside of the part that a plan reads does not matter; and the part is no more than it
// should be.
#include "files/footprint.hpp"

#include <cstring>
#include <random>
#include <vector>

#include "batchwarp/batch.hpp"
#include "fill_modes.hpp"
#include "images.hpp"
#include "testing.hpp"

using namespace batchwarp;
using testing::Layout;
using testing::TestBatch;

namespace {

constexpr std::int64_t height = 40, width = 53, channels = 3;

StepOptions crop(double top, double left, double h, double w) {
    return {"crop", {{"top", {top}}, {"left", {left}}, {"height", {h}}, {"width", {w}}}};
}

StepOptions resized_crop(bool antialias) {
    return {"random_resized_crop",
            {{"height", {9}}, {"width", {12}}, {"antialias", {antialias ? 1.0 : 0.0}}}};
}

Plan plan_of(std::vector<StepOptions> steps, int order = 1,
             FillMode fill_mode = FillMode::nearest) {
    return Plan({.height = height,
                 .width = width,
                 .channels = channels,
                 .order = order,
                 .fill_mode = fill_mode,
                 .cval = 7,
                 .steps = std::move(steps)});
}

std::vector<float> made(const Plan& plan, const TestBatch& source, const double* row) {
    std::vector<float> target(static_cast<std::size_t>(plan.target_elements()));
    BatchRequest request;
    request.source = {source.view.first, 1, 0};
    request.params = row;
    const std::int64_t pixel = channels * 4, line = plan.target_width() * pixel;
    request.target = {{reinterpret_cast<std::byte*>(target.data()), DType::f32,
                       plan.target_height(), plan.target_width(), channels, line, pixel, 4},
                      1,
                      0};
    augment_batch(plan, request);
    return target;
}

// Changes all pixels but those of the part.
void change_outside(TestBatch& image, const Box& part) {
    for (std::int64_t y = 0; y < height; ++y)
        for (std::int64_t x = 0; x < width; ++x)
            if (y < part.top || y >= part.bottom || x < part.left || x >= part.right)
                for (std::int64_t c = 0; c < channels; ++c)
                    *image.view.first.at(y, x, c) ^= std::byte{0xFF};
}

bool only_the_part_matters(const Plan& plan, const std::vector<double>& row, std::mt19937& random) {
    TestBatch image(DType::u8, 1, height, width, channels, Layout::nhwc);
    image.fill(random);
    const double* given = row.empty() ? nullptr : row.data();
    const std::vector<float> before = made(plan, image, given);
    const Box part = footprint(plan, given);
    if (part.left < 0 || part.top < 0 || part.right > width || part.bottom > height ||
        part.width() < 1 || part.height() < 1)
        return false;
    change_outside(image, part);
    return made(plan, image, given) == before;
}

TEST(what_lies_outside_does_not_matter) {
    std::mt19937 random(1);
    std::uniform_real_distribution<double> place(-10, 40), extent(1, 60);
    for (const FillMode mode : testing::all_modes)
        for (const int order : {0, 1, 3})
            for (int i = 0; i < 12; ++i) {
                const double top = std::floor(place(random)), left = std::floor(place(random));
                CHECK(only_the_part_matters(plan_of({crop(top, left, 11, 13)}, order, mode), {},
                                            random));
                for (const bool antialias : {false, true}) {
                    const std::vector<double> row{top, left, std::floor(extent(random)),
                                                  std::floor(extent(random))};
                    CHECK(only_the_part_matters(plan_of({resized_crop(antialias)}, order, mode),
                                                row, random));
                }
            }
}

TEST(keras_maps_are_followed) {
    std::mt19937 random(2);
    for (const FillMode mode : testing::all_modes)
        for (int i = 0; i < 40; ++i) {
            const Plan plan = plan_of(keras_steps(), i % 2, mode);
            std::vector<double> row = plan.neutral_row();
            const testing::KerasRow drawn = testing::random_row(random, height, width, i % 3 == 0);
            std::copy_n(drawn.data(), 10, row.begin());
            CHECK(only_the_part_matters(plan, row, random));
        }
}

// There, the pixels beside the outermost ones have no weight, and yet decide how sums are rounded.
TEST(neither_does_it_where_a_map_leaves_the_image) {
    std::mt19937 random(3);
    const Plan plan = plan_of(keras_steps());
    for (const double shift : {-90.0, 90.0})
        for (const int axis : {1, 2})
            for (int i = 0; i < 20; ++i) {
                std::vector<double> row = plan.neutral_row();
                row[0] = testing::uniform(random, -9, 9);
                row[static_cast<std::size_t>(axis)] = shift;
                CHECK(only_the_part_matters(plan, row, random));
            }
}

TEST(a_part_is_small) {
    const Box cropped = footprint(plan_of({crop(10, 20, 11, 13)}), nullptr);
    CHECK((cropped == Box{18, 8, 35, 23}));
    const std::vector<double> row{5, 6, 20, 30};
    CHECK((footprint(plan_of({resized_crop(true)}), row.data()) == Box{6, 5, 36, 25}));
    const Box bilinear = footprint(plan_of({resized_crop(false)}), row.data());
    CHECK(bilinear.width() <= 36 && bilinear.height() <= 26);
}

TEST(all_of_an_image_is_read_where_that_is_not_simple_to_say) {
    const Box all{0, 0, width, height};
    const std::vector<double> row{5, 6, 20, 30};
    CHECK(footprint(plan_of({resized_crop(false)}, 3), row.data()) == all);
    CHECK(footprint(plan_of({crop(-3, 20, 11, 13)}, 1, FillMode::reflect), nullptr) == all);
    CHECK(footprint(plan_of({}), nullptr) == all);
}

}  // namespace

int main() { return testing::run_all(); }
