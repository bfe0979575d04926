// Batches that are made together become what each becomes by itself.
#include <cstdint>
#include <string>
#include <vector>

#include "batchwarp/batch.hpp"
#include "batchwarp/errors.hpp"
#include "batchwarp/parallel.hpp"
#include "images.hpp"
#include "testing.hpp"

using namespace testing;

namespace {

// Images, and masks of them, which have the same rows of parameters and another plan.
struct Both {
    static constexpr std::int64_t side = 70;

    PlanOptions image_options, mask_options;
    TestBatch images, masks, image_target, mask_target;
    std::vector<KerasRow> params;
    std::vector<std::int64_t> indices;

    Both(std::int64_t n, int order, std::mt19937& random)
        : images(DType::u8, n, side, side, 3, Layout::nhwc),
          masks(DType::u8, n, side, side, 1, Layout::nhwc),
          image_target(DType::f32, n, side, side, 3, Layout::nhwc),
          mask_target(DType::u8, n, side, side, 1, Layout::nhwc) {
        images.fill(random);
        masks.fill(random);
        image_options.height = image_options.width = side;
        image_options.channels = 3;
        image_options.order = order;
        mask_options = image_options;
        mask_options.channels = 1;
        mask_options.order = 0;
        for (std::int64_t i = 0; i < n; ++i) {
            params.push_back(random_row(random, side, side, false));
            indices.push_back(n - 1 - i);
        }
    }

    BatchRequest image_request() const { return request_of(images, image_target); }
    BatchRequest mask_request() const { return request_of(masks, mask_target); }

  private:
    BatchRequest request_of(const TestBatch& from, const TestBatch& to) const {
        BatchRequest request;
        request.source = readable(from.view);
        request.target = to.view;
        request.indices = indices.data();
        request.params = data_of(params);
        return request;
    }
};

}  // namespace

TEST(batches_become_what_each_becomes_by_itself) {
    std::mt19937 random(1);
    for (const int order : {1, 3})
        for (const std::int64_t n : {0, 1, 3, 40})
            for (const int threads : {1, 2, 3}) {
                set_num_threads(threads);
                Both both(n, order, random);
                const Plan image_plan = keras_plan(both.image_options, {});
                const Plan mask_plan = keras_plan(both.mask_options, {});
                const BatchRequest images = both.image_request(), masks = both.mask_request();
                augment_batch(image_plan, images);
                augment_batch(mask_plan, masks);
                const std::vector<double> image_values = both.image_target.values(),
                                          mask_values = both.mask_target.values();
                both.image_target.fill(random);
                both.mask_target.fill(random);
                const BatchPart parts[] = {{&image_plan, &images}, {&mask_plan, &masks}};
                augment_batches(parts);
                CHECK(both.image_target.values() == image_values);
                CHECK(both.mask_target.values() == mask_values);
            }
    set_num_threads(0);
}

// Small images share what can be settled once; those between them that are not placed as these are,
// or whose target cannot hold them while they are made, do not.
TEST(small_images_become_what_each_becomes_by_itself) {
    std::mt19937 random(5);
    constexpr std::int64_t n = 40, side = 28;
    const auto rows_of = [&random] {
        std::vector<KerasRow> rows;
        for (std::int64_t i = 0; i < n; ++i) {
            KerasRow row;                            // nothing moves,
            if (i % 5 == 1) row.tx = 2;              // or by whole pixels,
            if (i % 5 == 2) row.zx = row.zy = 1000;  // or from where no tables reach
            if (i % 5 > 2) row = random_row(random, side, side, i % 5 == 4);
            if (i % 3 == 0) row.brightness = uniform(random, 0.5, 1.5);
            rows.push_back(row);
        }
        return rows;
    };
    for (const Normalization& normalization :
         {Normalization{}, Normalization{.rescale = 1 / 255.0},
          Normalization{.samplewise_center = true, .samplewise_std = true}})
        for (const DType dtype : {DType::u8, DType::f32})
            for (const FillMode mode : {FillMode::nearest, FillMode::constant, FillMode::wrap})
                for (const std::int64_t channels : {1, 2, 3}) {
                    PlanOptions options;
                    options.height = options.width = side;
                    options.channels = channels;
                    options.fill_mode = mode;
                    options.cval = 7;
                    const Plan plan = keras_plan(options, normalization);
                    const TestBatch source(dtype, n, side, side, channels, Layout::nhwc),
                        together(DType::f32, n, side, side, channels, Layout::nhwc),
                        apart(DType::f32, n, side, side, channels, Layout::padded);
                    source.fill(random);
                    const std::vector<KerasRow> rows = rows_of();
                    BatchRequest request;
                    request.source = readable(source.view);
                    request.params = data_of(rows);
                    request.target = together.view;
                    augment_batch(plan, request);
                    for (std::int64_t i = 0; i < n; ++i) {
                        request.indices = &i;
                        request.params = rows[static_cast<std::size_t>(i)].data();
                        request.target = apart.view;
                        request.target.first.data += i * apart.view.image_stride;
                        request.target.count = 1;
                        augment_batch(plan, request);
                    }
                    CHECK(together.values() == apart.values());
                }
}

TEST(wrong_batches_are_refused_before_any_is_begun) {
    std::mt19937 random(3);
    Both both(4, 1, random), other(3, 1, random);
    const Plan image_plan = keras_plan(both.image_options, {});
    const Plan mask_plan = keras_plan(both.mask_options, {});
    const BatchRequest images = both.image_request(), masks = both.mask_request(),
                       fewer = other.mask_request();
    const std::vector<double> before = both.image_target.values();
    const auto message_of = [&](const BatchPart& second) {
        const BatchPart parts[] = {{&image_plan, &images}, second};
        std::string message;
        CHECK(throws<InvalidArgument>([&] { augment_batches(parts); }, &message));
        CHECK(both.image_target.values() == before);
        return message;
    };
    CHECK(message_of({&mask_plan, &fewer}).find("4 and 3") != std::string::npos);
    CHECK(message_of({&image_plan, &masks}).find("70 x 70 x 3") != std::string::npos);
}

int main() { return testing::run_all(); }
