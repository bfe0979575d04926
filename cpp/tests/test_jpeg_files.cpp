// Batches of files against the same files decoded one by one, and what is left. That the pixels are
// Pillow's is for tests/unit/files/test_in_core.py and tests/parity.
#include "batchwarp/file_batch.hpp"

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "batchwarp/batch.hpp"
#include "batchwarp/draws.hpp"
#include "batchwarp/errors.hpp"
#include "batchwarp/parallel.hpp"
#include "batchwarp/resize.hpp"
#include "jpeg_library.hpp"
#include "testing.hpp"

using namespace batchwarp;
using testing::jpeg_file;
using testing::JpegBytes;

namespace {

namespace fs = std::filesystem;

// Files in a folder of their own, which goes with it.
struct Files {
    fs::path folder;
    std::vector<NativePath> paths;

    Files() {
        static std::atomic<int> number{0};
        folder = fs::temp_directory_path() /
                 ("batchwarp-files-" + std::to_string(reinterpret_cast<std::uintptr_t>(this)) +
                  "-" + std::to_string(number++));
        fs::create_directories(folder);
    }
    Files(const Files&) = delete;
    Files& operator=(const Files&) = delete;
    ~Files() {
        std::error_code ignored;
        fs::remove_all(folder, ignored);
    }

    void add(const JpegBytes& content) {
        const fs::path path = folder / (std::to_string(paths.size()) + ".jpg");
        std::ofstream(path, std::ios::binary)
            .write(reinterpret_cast<const char*>(content.data()),
                   static_cast<std::streamsize>(content.size()));
        paths.push_back(path.native());
    }
};

constexpr FileDecoding decoding{.size = {14, 11}, .interpolation = Interpolation::bilinear};

struct Made {
    std::vector<std::byte> images;
    std::vector<FileReport> reports;
    FileBatchRequest request;

    explicit Made(const Files& files, const FileDecoding& how = decoding)
        : images(files.paths.size() * bytes_of(how)), reports(files.paths.size()) {
        request.paths = files.paths;
        request.decoding = how;
        request.reports = reports;
        request.images = {{images.data(), DType::u8, how.size.height, how.size.width, how.channels,
                           how.size.width * how.channels, how.channels, 1},
                          std::ssize(files.paths),
                          static_cast<std::int64_t>(bytes_of(how))};
    }
    static std::size_t bytes_of(const FileDecoding& how) {
        return static_cast<std::size_t>(how.size.height * how.size.width * how.channels);
    }
};

void add_photographs(Files& files) {
    for (std::uint32_t seed = 0; seed < 12; ++seed)
        files.add(
            jpeg_file({.height = 20 + 7 * static_cast<int>(seed), .width = 33, .seed = seed}));
}

TEST(images_are_those_that_are_resized_one_by_one) {
    Files files;
    add_photographs(files);
    for (const int threads : {1, 4}) {
        set_num_threads(threads);
        Made made(files);
        make_files(made.request);
        for (std::uint32_t i = 0; i < 12; ++i) {
            const JpegBytes file =
                jpeg_file({.height = 20 + 7 * static_cast<int>(i), .width = 33, .seed = i});
            const auto decoded = testing::decode_plainly(file, false, 8);
            CHECK(decoded && made.reports[i].made);
            if (!decoded) continue;
            CHECK((made.reports[i].size == Size{decoded->height, decoded->width}));
            CHECK(made.reports[i].bytes == std::ssize(file));
            CHECK(made.reports[i].modified_ns > 0);
            std::vector<std::byte> wanted(Made::bytes_of(decoding));
            const ImageView source{decoded->pixels.data(),
                                   DType::u8,
                                   decoded->height,
                                   decoded->width,
                                   3,
                                   decoded->width * 3,
                                   3,
                                   1};
            resize(source, {wanted.data(), DType::u8, 14, 11, 3, 33, 3, 1}, decoding.interpolation,
                   batchwarp::whole(source));
            CHECK(std::memcmp(wanted.data(), made.request.images[i].data, wanted.size()) == 0);
        }
    }
    set_num_threads(0);
}

TEST(phases_follow_each_other) {
    Files files;
    add_photographs(files);
    files.add(JpegBytes(100, std::byte{0x89}));  // is left
    Made made(files);
    std::vector<FileTimes> times(files.paths.size(), FileTimes{-1, -1, -1, -1, -1});
    made.request.times = times;
    made.request.threads = 1;
    make_files(made.request);
    std::int64_t before = 0;
    for (std::size_t i = 0; i < times.size(); ++i) {
        const FileTimes& file = times[i];
        CHECK(before <= file.begun && file.begun < file.read && file.read <= file.decoded);
        CHECK(file.decoded <= file.done && file.thread == times[0].thread);
        if (made.reports[i].made) CHECK(file.read < file.decoded);
        before = file.done;
    }
}

TEST(damage_and_what_cannot_be_opened_are_left) {
    Files files;
    const JpegBytes good = jpeg_file({});
    files.add(good);
    for (const std::size_t count : {std::size_t{0}, std::size_t{2}, good.size() / 2})
        files.add({good.begin(), good.begin() + static_cast<std::ptrdiff_t>(count)});
    files.add(JpegBytes(100, std::byte{0x89}));
    files.paths.push_back(files.folder.native());
    files.paths.push_back((files.folder / "missing").native());
    files.paths.emplace_back();
    Made made(files);
    make_files(made.request);
    CHECK(made.reports[0].made);
    for (std::size_t i = 1; i < made.reports.size(); ++i) CHECK(!made.reports[i].made);
}

JpegBytes with_orientation(JpegBytes file, int orientation) {
    constexpr int segment[] = {0xFF, 0xE1, 0, 34, 'E', 'x', 'i', 'f', 0, 0,    'M', 'M',
                               0,    42,   0, 0,  0,   8,   0,   1,   1, 0x12, 0,   3,
                               0,    0,    0, 1,  0,   0,   0,   0,   0, 0,    0,   0};
    constexpr std::size_t place = 29;
    JpegBytes bytes;
    for (const int value : segment) bytes.push_back(static_cast<std::byte>(value));
    bytes[place] = static_cast<std::byte>(orientation);
    file.insert(file.begin() + 2, bytes.begin(), bytes.end());
    return file;
}

// Turned, a row of the image is a row or a column of the file, read forwards or backwards.
TEST(images_are_turned_as_it_is_said_or_as_their_files_say) {
    const JpegBytes file = jpeg_file({.height = 23, .width = 37});
    const auto decoded = testing::decode_plainly(file, false, 8);
    CHECK(decoded.has_value());
    if (!decoded) return;
    Files files;
    for (const bool is_handed : {true, false})
        for (int orientation = 1; orientation <= 8; ++orientation) {
            const Size size = orientation < 5 ? Size{23, 37} : Size{37, 23};
            files.paths.clear();
            files.add(with_orientation(file, orientation));
            Made made(files, {.size = size, .turns_upright = !is_handed});
            const FileContent content{file, orientation};
            if (is_handed) made.request.contents = {&content, 1};
            make_files(made.request);
            CHECK(made.reports[0].made && made.reports[0].size == size);
            bool same = true;
            for (std::int64_t y = 0; y < size.height; ++y)
                for (std::int64_t x = 0; x < size.width; ++x) {
                    constexpr bool upside_down[] = {false, false, true, true,
                                                    false, false, true, true};
                    constexpr bool mirrored[] = {false, true, true, false,
                                                 false, true, true, false};
                    std::int64_t row = upside_down[orientation - 1] ? size.height - 1 - y : y;
                    std::int64_t column = mirrored[orientation - 1] ? size.width - 1 - x : x;
                    if (orientation >= 5) std::swap(row, column);
                    same = same &&
                           std::memcmp(made.request.images[0].at(y, x, 0),
                                       decoded->pixels.data() + (row * 37 + column) * 3, 3) == 0;
                }
            CHECK(same);
        }
    Made made(files);
    for (const int orientation : {0, 9}) {
        const FileContent content{file, orientation};
        made.request.contents = {&content, 1};
        CHECK(testing::throws<InvalidArgument>([&] { make_files(made.request); }));
    }
}

TEST(images_are_augmented_by_the_rows_of_the_plan) {
    Files files;
    add_photographs(files);
    Made made(files);
    const Plan plan({.height = 14, .width = 11, .channels = 3});
    std::vector<double> rows;
    for (std::size_t i = 0; i < files.paths.size(); ++i) {
        rows.insert(rows.end(), plan.neutral_row().begin(), plan.neutral_row().end());
        rows[rows.size() - plan.neutral_row().size()] = 0.1 * static_cast<double>(i);
    }
    const std::size_t values = Made::bytes_of(decoding);
    const auto batch_of = [&](std::vector<float>& memory) {
        memory.assign(values * files.paths.size(), -1);
        return MutableBatchView{
            {reinterpret_cast<std::byte*>(memory.data()), DType::f32, 14, 11, 3, 11 * 12, 12, 4},
            std::ssize(files.paths),
            static_cast<std::int64_t>(values * 4)};
    };
    std::vector<float> got, alone, wanted;
    made.request.plan = &plan;
    made.request.params = rows.data();
    made.request.target = batch_of(got);
    make_files(made.request);
    BatchRequest batch;
    batch.source = {made.request.images.first, made.request.images.count,
                    made.request.images.image_stride};
    batch.params = rows.data();
    batch.target = batch_of(wanted);
    augment_batch(plan, batch);
    CHECK(got == wanted);
    made.request.images = {};  // nobody keeps them
    made.request.target = batch_of(alone);
    make_files(made.request);
    CHECK(alone == wanted);
}

// Files of their own sizes, each made by a plan that is theirs, with rows that are drawn for it.
TEST(images_of_many_sizes_are_those_of_whole_files) {
    Files files;
    add_photographs(files);
    const auto plan_of = [](Size size) {
        return Plan({.height = size.height,
                     .width = size.width,
                     .channels = 3,
                     .steps = {{.operation = "random_resized_crop",
                                .settings = {{"height", {14}},
                                             {"width", {11}},
                                             {"antialias", {1}},
                                             {"scale", {0.1, 0.6}},
                                             {"ratio", {0.75, 1.5}}}}},
                     .where = {{.operation = 0}}});
    };
    PlansBySize plans(11);
    for (std::int64_t i = 0; i < 12; ++i) plans.add({plan_of({20 + 7 * i, 33}), {}, {}});
    std::vector<std::uint64_t> samples;
    for (std::uint64_t i = 0; i < 12; ++i) samples.push_back(1000 + i);
    constexpr std::size_t values = 14 * 11 * 3;
    std::vector<float> got(12 * values, -1);
    std::vector<FileReport> reports(12);
    FileBatchRequest request;
    request.paths = files.paths;
    request.reports = reports;
    request.plans = &plans;
    request.key = {7, 2};
    request.samples = samples;
    const auto target = [](float* data) {
        return MutableImageView{
            reinterpret_cast<std::byte*>(data), DType::f32, 14, 11, 3, 11 * 12, 12, 4};
    };
    request.target = {target(got.data()), 12, values * 4};
    make_files(request);
    CHECK(!reports[0].made && (reports[0].size == Size{20, 33}));  // whose plan was the oldest
    for (std::uint32_t i = 1; i < 12; ++i) {
        const JpegBytes file =
            jpeg_file({.height = 20 + 7 * static_cast<int>(i), .width = 33, .seed = i});
        const auto decoded = testing::decode_plainly(file, false, 8);
        CHECK(decoded && reports[i].made);
        if (!decoded) continue;
        const Size size{decoded->height, decoded->width};
        CHECK(reports[i].size == size);
        const Plan plan = plan_of(size);
        std::vector<double> row(plan.columns().size());
        draw_rows(plan, &samples[i], 1, request.key, row.data());
        std::vector<float> wanted(values);
        BatchRequest alone;
        alone.source = {
            {decoded->pixels.data(), DType::u8, size.height, size.width, 3, size.width * 3, 3, 1},
            1,
            0};
        alone.params = row.data();
        alone.target = {target(wanted.data()), 1, 0};
        augment_batch(plan, alone);
        CHECK(std::equal(wanted.begin(), wanted.end(), got.begin() + i * values));
    }
    request.samples = {samples.data(), 11};
    CHECK(testing::throws<InvalidArgument>([&] { make_files(request); }));
    CHECK(testing::throws<InvalidArgument>([] { const PlansBySize none(0); }));
}

TEST(views_that_do_not_fit_are_refused_before_a_file_is_opened) {
    Files files;
    files.paths.push_back((files.folder / "missing").native());
    const auto refused = [&](auto&& change) {
        Made made(files);
        change(made.request);
        return testing::throws<InvalidArgument>([&] { make_files(made.request); });
    };
    CHECK(!refused([](FileBatchRequest&) {}));
    CHECK(refused([](FileBatchRequest& r) { r.decoding.size.height = 0; }));
    CHECK(refused([](FileBatchRequest& r) { r.decoding.channels = 2; }));
    CHECK(refused([](FileBatchRequest& r) { r.images.count = 2; }));
    CHECK(refused([](FileBatchRequest& r) { r.images.first.width = 12; }));
    CHECK(refused([](FileBatchRequest& r) { r.images.first.dtype = DType::f32; }));
    CHECK(refused([](FileBatchRequest& r) { r.images.first.pixel_stride = 4; }));
    const Plan plan({.height = 14, .width = 11, .channels = 1});
    CHECK(refused([&](FileBatchRequest& r) { r.plan = &plan; }));
}

TEST(an_interruption_ends_the_work) {
    Files files;
    files.add(jpeg_file({.height = 900, .width = 900}));
    files.paths.resize(3000, files.paths.front());
    Made made(files);
    made.request.interrupted = [] { return true; };
    CHECK(testing::throws<Interrupted>([&] { make_files(made.request); }));
}

}  // namespace

int main() {
    if (!testing::find_libjpeg()) return testing::skipped;
    return testing::run_all();
}
