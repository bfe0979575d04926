// Times `augment_batch` on one kind of batch, beside a copy of it: for work on kernels, and for
// `perf record`. `bench_batch --help` lists the options.

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "batchwarp/batch.hpp"
#include "batchwarp/cpu.hpp"
#include "batchwarp/errors.hpp"
#include "batchwarp/parallel.hpp"

namespace batchwarp::benchmarks {
namespace {

struct Options {
    int images = 32, size = 224, channels = 3, order = 1, threads = 1;
    double angle = 20, zoom = 1.1, seconds = 2;
    DType dtype = DType::f32;
    std::string mode = "nearest", tier;
    std::vector<std::string> steps;
};

constexpr const char* usage =
    "usage: bench_batch [OPTION VALUE]...\n"
    "  --images N      images in the batch (default: 32)\n"
    "  --size N        height and width (default: 224)\n"
    "  --channels N    (default: 3)\n"
    "  --dtype NAME    of the source: float32 or uint8 (default: float32); the target is float32\n"
    "  --mode NAME     fill mode (default: nearest)\n"
    "  --order N       of the splines, 0 to 5 (default: 1)\n"
    "  --angle X       rotation is drawn from -X to X degrees (default: 20)\n"
    "  --zoom X        factors are drawn from 1/X to X, at least 1 (default: 1.1)\n"
    "  --steps NAMES   operations that change pixels, with commas between them (default: none)\n"
    "  --threads N     (default: 1)\n"
    "  --tier NAME     instruction set: baseline, avx2 or avx512 (default: the best)\n"
    "  --seconds X     how long to measure (default: 2)\n"
    "Shifts are drawn from -0.1 to 0.1 of the size.\n";

double real(const std::string& option, const std::string& text, double least) {
    // from_chars would be the tool, but libc++ has learnt it for doubles only recently.
    char* end = nullptr;
    const double value = std::strtod(text.c_str(), &end);
    if (text.empty() || *end != '\0' || !std::isfinite(value) || value < least)
        throw InvalidArgument(option + " must be a number of at least " + std::to_string(least) +
                              ", received: " + text);
    return value;
}

int integer(const std::string& option, const std::string& text, int least) {
    const double value = real(option, text, least);
    if (value != std::floor(value) || value > std::numeric_limits<int>::max())
        throw InvalidArgument(option + " must be a whole number, received: " + text);
    return static_cast<int>(value);
}

DType dtype_from_name(const std::string& name) {
    if (name == "float32") return DType::f32;
    if (name == "uint8") return DType::u8;
    throw InvalidArgument("--dtype must be float32 or uint8, received: " + name);
}

std::vector<std::string> split(const std::string& text) {
    std::vector<std::string> parts(1);
    for (const char c : text) {
        if (c == ',')
            parts.emplace_back();
        else
            parts.back() += c;
    }
    return parts;
}

void set(Options& options, const std::string& name, const std::string& text) {
    if (name == "--images")
        options.images = integer(name, text, 1);
    else if (name == "--size")
        options.size = integer(name, text, 1);
    else if (name == "--channels")
        options.channels = integer(name, text, 1);
    else if (name == "--dtype")
        options.dtype = dtype_from_name(text);
    else if (name == "--mode")
        options.mode = text;
    else if (name == "--order")
        options.order = integer(name, text, 0);
    else if (name == "--angle")
        options.angle = real(name, text, 0);
    else if (name == "--zoom")
        options.zoom = real(name, text, 1);
    else if (name == "--steps")
        options.steps = split(text);
    else if (name == "--threads")
        options.threads = integer(name, text, 1);
    else if (name == "--tier")
        options.tier = text;
    else if (name == "--seconds")
        options.seconds = real(name, text, 0);
    else
        throw InvalidArgument("unknown option " + name + "; see --help");
}

Options parse(const std::vector<std::string>& arguments) {
    Options options;
    for (std::size_t i = 0; i < arguments.size(); i += 2) {
        if (i + 1 == arguments.size()) throw InvalidArgument(arguments[i] + " needs a value");
        set(options, arguments[i], arguments[i + 1]);
    }
    return options;
}

/// A batch in its own memory, and the request to augment it.
class Work {
  public:
    explicit Work(const Options& options)
        : plan_(plan_options(options)),
          elements_(static_cast<std::size_t>(options.images * plan_.target_elements())),
          source_(elements_ * item_size(options.dtype)),
          target_(elements_),
          copy_from_(elements_, 1.0f),
          copy_to_(elements_),
          params_(static_cast<std::size_t>(options.images) * plan_.columns().size()) {
        std::mt19937 random(1);
        fill_source(options.dtype, random);
        draw_params(options, random);
        request_.source.first.data = source_.data();
        request_.target.first.data = reinterpret_cast<std::byte*>(target_.data());
        describe(request_.source, options, options.dtype);
        describe(request_.target, options, DType::f32);
        request_.params = params_.data();
    }

    Work(const Work&) = delete;  // the request points into it
    Work& operator=(const Work&) = delete;

    std::size_t elements() const noexcept { return elements_; }
    void augment() const { augment_batch(plan_, request_); }
    void copy() {
        std::memcpy(copy_to_.data(), copy_from_.data(), elements_ * sizeof(float));
        seen_ = copy_to_.back();  // or a compiler might drop the copy
    }

  private:
    static PlanOptions plan_options(const Options& options) {
        PlanOptions result;
        result.height = result.width = options.size;
        result.channels = options.channels;
        result.order = options.order;
        result.fill_mode = fill_mode_from_name(options.mode);
        result.steps = {{"keras_affine"}, {"flip"}};
        for (const std::string& step : options.steps) result.steps.push_back({step});
        return result;
    }

    void fill_source(DType dtype, std::mt19937& random) {
        for (std::size_t i = 0; i < elements_; ++i) {
            const auto value = static_cast<unsigned char>(random() & 255u);
            if (dtype == DType::u8) {
                source_[i] = std::byte{value};
            } else {
                const float widened = value;
                std::memcpy(&source_[i * sizeof widened], &widened, sizeof widened);
            }
        }
    }

    void draw_params(const Options& options, std::mt19937& random) {
        const auto draw = [&random](double low, double high) {
            return std::uniform_real_distribution<double>(low, high)(random);
        };
        for (auto at = params_.begin(); at != params_.end();)
            for (const Column& column : plan_.columns()) {
                const std::string name = column.name;
                if (name == "theta")
                    *at++ = draw(-options.angle, options.angle);
                else if (name == "tx" || name == "ty")
                    *at++ = draw(-0.1, 0.1) * options.size;
                else if (name == "zx" || name == "zy")
                    *at++ = draw(1 / options.zoom, options.zoom);
                else if (name == "shear" || name.starts_with("flip"))
                    *at++ = column.neutral;
                else
                    *at++ = draw(column.low, column.high);
            }
    }

    template <class View>
    static void describe(View& view, const Options& options, DType dtype) {
        view.first.dtype = dtype;
        view.first.height = view.first.width = options.size;
        view.first.channels = options.channels;
        view.first.channel_stride = static_cast<std::int64_t>(item_size(dtype));
        view.first.pixel_stride = view.first.channel_stride * options.channels;
        view.first.row_stride = view.first.pixel_stride * options.size;
        view.image_stride = view.first.row_stride * options.size;
        view.count = options.images;
    }

    Plan plan_;
    std::size_t elements_;
    std::vector<std::byte> source_;
    std::vector<float> target_, copy_from_, copy_to_;
    std::vector<double> params_;
    BatchRequest request_;
    volatile float seen_ = 0;
};

/// Seconds of many runs of the same work.
class Timings {
  public:
    template <class Run>
    void time(const Run& run) {
        const auto start = std::chrono::steady_clock::now();
        run();
        const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
        seconds_.push_back(taken.count());
    }

    double fastest() const { return *std::min_element(seconds_.begin(), seconds_.end()); }

    double median() const {
        std::vector<double> sorted = seconds_;
        const auto middle = sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2);
        std::nth_element(sorted.begin(), middle, sorted.end());
        return *middle;
    }

    std::size_t count() const noexcept { return seconds_.size(); }

  private:
    std::vector<double> seconds_;
};

void measure(const Options& options) {
    Work work(options);
    work.augment();  // first touch, and the threads' start
    work.copy();
    Timings batches, copies;
    const auto start = std::chrono::steady_clock::now();
    const std::chrono::duration<double> length(options.seconds);
    do {
        batches.time([&] { work.augment(); });
        copies.time([&] { work.copy(); });
    } while (std::chrono::steady_clock::now() - start < length);

    const double scale = 1e9 / static_cast<double>(work.elements());
    std::printf("%s, %d thread%s, %d x %dx%dx%d, order %d, %s, %zu runs of each\n",
                current_tier().c_str(), num_threads(), num_threads() == 1 ? "" : "s",
                options.images, options.size, options.size, options.channels, options.order,
                options.mode.c_str(), batches.count());
    std::printf("%-8s %9s %9s   ns per element\n", "", "fastest", "median");
    std::printf("%-8s %9.3f %9.3f\n", "batch", batches.fastest() * scale, batches.median() * scale);
    std::printf("%-8s %9.3f %9.3f\n", "memcpy", copies.fastest() * scale, copies.median() * scale);
    std::printf("%-8s %9.3f %9.3f\n", "ratio", batches.fastest() / copies.fastest(),
                batches.median() / copies.median());
}

int run(const std::vector<std::string>& arguments) {
    if (arguments.size() == 1 && arguments[0] == "--help") {
        std::fputs(usage, stdout);
        return 0;
    }
    const Options options = parse(arguments);
    if (options.tier.empty())
        select_tier_from_environment();
    else
        select_tier(options.tier);
    set_num_threads(options.threads);
    measure(options);
    return 0;
}

}  // namespace
}  // namespace batchwarp::benchmarks

int main(int count, char** values) {
    try {
        return batchwarp::benchmarks::run({values + 1, values + count});
    } catch (const std::exception& error) {
        std::fprintf(stderr, "error: %s\n", error.what());
        return 2;
    }
}
