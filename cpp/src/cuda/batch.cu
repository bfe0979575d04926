// The launch layer: checks, what the device is told, and the order of the kernels.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <limits>
#include <type_traits>
#include <vector>

#include "batch_check.hpp"
#include "batchwarp/cuda.hpp"
#include "cuda/job.hpp"
#include "cuda/runtime.hpp"
#include "runtime/refuse.hpp"
#include "spline/spline.hpp"
#include "warp/border.hpp"

namespace batchwarp {
namespace cuda {
namespace {

template <std::int64_t Words>
struct Parcel {
    static constexpr std::int64_t most = Words;

    std::uint32_t* to;
    std::int32_t words;
    std::uint32_t data[Words];
};
using SmallParcel = Parcel<512>;
using LargeParcel = Parcel<max_job_bytes / 4 - 4>;

template <std::int64_t Words>
__global__ void __launch_bounds__(block_threads, 4) unpack_kernel(const Parcel<Words> parcel) {
    each_thread([&](int thread) {
        const int i = static_cast<int>(blockIdx.x) * block_threads + thread;
        if (i < parcel.words) parcel.to[i] = parcel.data[i];
    });
}

template <std::int64_t Words>
void send(const void* from, std::int64_t words, std::uint32_t* to, cudaStream_t stream) {
    Parcel<Words> parcel{to, static_cast<std::int32_t>(words), {}};
    std::memcpy(parcel.data, from, static_cast<std::size_t>(words) * sizeof *parcel.data);
    launch("uploading parameters", unpack_kernel<Words>,
           (words + block_threads - 1) / block_threads, parcel, stream);
}

template <class Byte>
void check_aligned(const char* name, const BasicBatchView<Byte>& view) {
    const auto item = static_cast<std::int64_t>(item_size(view.first.dtype));
    const std::int64_t strides[] = {view.image_stride, view.first.row_stride,
                                    view.first.pixel_stride, view.first.channel_stride};
    bool aligned =
        reinterpret_cast<std::uintptr_t>(view.first.data) % item_size(view.first.dtype) == 0;
    for (const std::int64_t stride : strides) aligned = aligned && stride % item == 0;
    if (!aligned)
        refuse("`", name, "` must be aligned to its elements on a device. Received: ", item,
               "-byte elements at an address or with strides that are no multiple of it");
}

constexpr int most_pixel_steps = std::numeric_limits<decltype(ImageTask::steps)>::digits;

void check_for_device(const Plan& plan, const BatchRequest& request) {
    const PlanOptions& o = plan.options();
    if (plan.target_height() != o.height || plan.target_width() != o.width)
        refuse("`plan` must keep the size of images on a device. Received: from ", o.height, " x ",
               o.width, " to ", plan.target_height(), " x ", plan.target_width());
    for (const StepOptions& step : o.steps)
        for (const Description* operation : operations())
            if (step.operation == operation->name && !operation->on_devices)
                refuse("`plan` must have operations that a device knows. Received: ",
                       operation->name);
    if (o.round_bytes) refuse("`round_bytes` must be false on a device. Received: true");
    if (plan.mixture() != nullptr)
        refuse("`mixture` must be left to the processor. Received: a plan with one");
    if (std::ssize(plan.pixel_steps()) > most_pixel_steps)
        refuse("`plan` must have at most ", most_pixel_steps,
               " steps that change pixels on a device. Received: ", plan.pixel_steps().size());
    if (request.source.first.dtype == DType::f64)
        refuse("`src` must be uint8, uint16, float16 or float32 on a device. Received: float64");
    if (request.target.first.dtype == DType::f64)
        refuse("`dst` must be uint8, float16 or float32 on a device. Received: float64");
    check_aligned("src", request.source);
    check_aligned("dst", request.target);
}

// A launch has 2^31 - 1 blocks at most, and kernels count rows and columns as int.
void check_size(const BatchJob& job, const PlanOptions& o) {
    const MutableImageView& image = job.coefficients.first;
    const std::int64_t lines = std::max(image.height, image.width) * image.channels;
    const std::int64_t per_image =
        std::max({job.tiles.per_image, job.coefficient_tiles.per_image, lines / block_threads + 1});
    constexpr std::int64_t longest = std::numeric_limits<std::int32_t>::max() - 64;
    // The row of coefficients, in bytes; 0 without.
    if (std::max(o.height, o.width) > longest || o.channels > longest || image.row_stride > longest)
        refuse("images must not be longer than ", longest, " on a device. Received: ", o.height,
               " x ", o.width, " x ", o.channels);
    if (job.target.count > std::numeric_limits<std::int32_t>::max() / per_image)
        refuse("`dst` must not hold more images than the blocks of a launch serve. Received: ",
               job.target.count, " images of ", o.height, " x ", o.width, " x ", o.channels);
}

// The parameters of an image, or null.
const double* row_of(const Plan& plan, const BatchRequest& request, std::int64_t image) {
    return request.params != nullptr ? request.params + image * std::ssize(plan.columns())
                                     : nullptr;
}

std::vector<ImageTask> tasks_of(const Plan& plan, const BatchRequest& request) {
    const PlanOptions& o = plan.options();
    const double origin =
        FixedAxis::origin(o.order, spline_padding(o.order, border_rule(o.fill_mode)));
    std::vector<ImageTask> tasks(static_cast<std::size_t>(request.target.count));
    for (std::size_t i = 0; i < tasks.size(); ++i) {
        const double* row = row_of(plan, request, static_cast<std::int64_t>(i));
        const Coordinates from = plan.coordinates(row);
        ImageTask& task = tasks[i];
        task.warps = from.warps;
        task.affine = from.affine;
        if (task.warps) task.fixed = FixedAffine::of(task.affine, o.height, o.width, origin);
        task.source =
            request.indices != nullptr ? request.indices[i] : static_cast<std::int64_t>(i);
        task.steps = 0;
        for (std::size_t k = 0; row != nullptr && k < plan.pixel_steps().size(); ++k) {
            const Step& step = plan.pixel_steps()[k];
            if (step.description->applies(row + step.column)) task.steps |= 1u << k;
        }
        task.flip_horizontal = from.flip_horizontal;
        task.flip_vertical = from.flip_vertical;
    }
    return tasks;
}

// With samplewise statistics `rescale` comes before these; without, the plan has it all in one.
std::vector<Scaling<float>> scales_of(const Plan& plan) {
    std::vector<Scaling<float>> scales;
    for (std::int64_t k = 0; k < plan.options().channels; ++k) {
        const auto at = static_cast<std::size_t>(k);
        const double shift = plan.needs_moments() ? plan.mean(k) : plan.shift()[at];
        const double scale = plan.needs_moments() ? 1 / plan.std(k) : plan.scale()[at];
        scales.push_back({static_cast<float>(shift), static_cast<float>(scale)});
    }
    return scales;
}

// The steps that change pixels of an image of the batch, and their parameters.
struct PixelSteps {
    std::vector<PixelStep> steps;
    std::int32_t columns = 0;
    std::vector<double> parameters;
};

PixelSteps pixel_steps_of(const Plan& plan, const BatchRequest& request,
                          const std::vector<ImageTask>& tasks) {
    std::uint32_t used = 0;
    for (const ImageTask& task : tasks) used |= task.steps;
    PixelSteps result;
    std::vector<const Step*> sources;
    for (std::size_t k = 0; k < plan.pixel_steps().size(); ++k) {
        if ((used >> k & 1) == 0) continue;
        const Step& step = plan.pixel_steps()[k];
        result.steps.push_back({step.operation, result.columns, static_cast<std::int32_t>(k)});
        result.columns += step.description->column_count();
        sources.push_back(&step);
    }
    for (std::int64_t i = 0; i < request.target.count; ++i)
        for (const Step* step : sources) {
            const double* from = row_of(plan, request, i) + step->column;
            result.parameters.insert(result.parameters.end(), from,
                                     from + step->description->column_count());
        }
    return result;
}

template <class T>
class Uploaded : public StreamArray<T> {
  public:
    Uploaded(const std::vector<T>& values, cudaStream_t stream)
        : StreamArray<T>(static_cast<std::int64_t>(values.size()), stream) {
        static_assert(std::is_trivially_copyable_v<T> && sizeof(T) % sizeof(std::uint32_t) == 0);
        upload(values.data(), static_cast<std::int64_t>(values.size() * sizeof(T)), this->get(),
               stream);
    }
};

// Two arrays, one behind the other: for a small batch, one upload less.
template <class First, class Second>
std::vector<std::uint64_t> joined(const std::vector<First>& first,
                                  const std::vector<Second>& second) {
    constexpr std::size_t word = sizeof(std::uint64_t);
    static_assert(std::is_trivially_copyable_v<First> && sizeof(First) % word == 0);
    static_assert(std::is_trivially_copyable_v<Second> && sizeof(Second) % word == 0);
    const std::size_t begin = first.size() * sizeof(First), end = second.size() * sizeof(Second);
    std::vector<std::uint64_t> words((begin + end) / word);
    std::memcpy(words.data(), first.data(), begin);
    if (end > 0) std::memcpy(words.data() + begin / word, second.data(), end);
    return words;
}

MutableBatchView packed_floats(std::int64_t count, std::int64_t height, std::int64_t width,
                               std::int64_t channels) {
    constexpr std::int64_t item = sizeof(float);
    MutableBatchView view;
    view.first = {nullptr,         DType::f32, height, width, channels, width * channels * item,
                  channels * item, item};
    view.count = count;
    view.image_stride = height * view.first.row_stride;
    return view;
}

// Makes room for coefficients, which the caller fills in.
void plan_prefilter(BatchJob& job, const PlanOptions& o) {
    job.padding = spline_padding(o.order, job.border);
    job.coefficients = packed_floats(job.target.count, o.height + 2 * job.padding,
                                     o.width + 2 * job.padding, o.channels);
    const MutableImageView& image = job.coefficients.first;
    job.coefficient_tiles = TileGrid::of(image.height, image.width);
    const SplinePoles poles = spline_poles(o.order);
    double gain = 1;
    for (int i = 0; i < poles.count; ++i) gain *= (1 - poles.z[i]) * (1 - 1 / poles.z[i]);
    job.gain = static_cast<float>((image.height > 1 ? gain : 1) * (image.width > 1 ? gain : 1));
}

}  // namespace

void upload(const void* from, std::int64_t bytes, void* to, cudaStream_t stream) {
    constexpr std::int64_t word = sizeof(std::uint32_t);
    const auto* next = static_cast<const std::byte*>(from);
    auto* target = static_cast<std::uint32_t*>(to);
    for (std::int64_t left = bytes / word; left > 0;) {
        // A launch copies all of its arguments, used or not.
        const bool small = left <= SmallParcel::most;
        const std::int64_t words = std::min(left, LargeParcel::most);
        (small ? send<SmallParcel::most> : send<LargeParcel::most>)(next, words, target, stream);
        next += words * word;
        target += words;
        left -= words;
    }
}

}  // namespace cuda

int cuda_device_count() {
    int count = 0;
    cuda::check(cudaGetDeviceCount(&count), "counting CUDA devices");
    return count;
}

void augment_batch_cuda(const Plan& plan, const BatchRequest& request, void* stream_handle) {
    using namespace cuda;
    check_batch(plan, request);
    check_for_device(plan, request);
    const PlanOptions& o = plan.options();
    const std::int64_t count = request.target.count;
    if (count == 0) return;

    BatchJob job{};
    job.source = request.source;
    job.target = request.target;
    job.tiles = TileGrid::of(o.height, o.width);
    job.border = border_rule(o.fill_mode);
    job.cval = static_cast<float>(o.cval);
    job.samplewise_center = plan.normalization().samplewise_center;
    job.samplewise_std = plan.normalization().samplewise_std;
    job.rescale = plan.normalization().rescale;
    const std::vector<ImageTask> tasks = tasks_of(plan, request);
    const PixelSteps pixel_steps = pixel_steps_of(plan, request, tasks);
    // Copies of samples need no splines.
    const bool warps =
        std::any_of(tasks.begin(), tasks.end(), [](const auto& t) { return t.warps; });
    const int order = warps ? o.order : 0;
    const bool filters = order > 1, whole = !pixel_steps.steps.empty() || plan.needs_moments();
    if (filters) plan_prefilter(job, o);
    check_size(job, o);
    job.y_axis = FixedAxis::of(order, o.height + 2 * job.padding);
    job.x_axis = FixedAxis::of(order, o.width + 2 * job.padding);

    auto* const stream = static_cast<cudaStream_t>(stream_handle);
    const Uploaded<std::uint64_t> images(joined(tasks, pixel_steps.parameters), stream);
    const Uploaded<Scaling<float>> channels(scales_of(plan), stream);
    const std::int64_t tiles = count * job.tiles.per_image;
    const StreamArray<std::byte> coefficients(count * job.coefficients.image_stride, stream);
    const StreamArray<float> work(whole ? count * plan.target_elements() : 0, stream);
    const StreamArray<Range<float>> ranges(whole ? tiles : 0, stream);
    const StreamArray<TileMoments> moments(plan.needs_moments() ? tiles : 0, stream);
    job.images = reinterpret_cast<const ImageTask*>(images.get());
    job.parameters = reinterpret_cast<const double*>(job.images + count);
    job.columns = pixel_steps.columns;
    job.channels = channels.get();
    job.coefficients.first.data = coefficients.get();
    job.work = work.get();
    job.ranges = ranges.get();
    job.moments = moments.get();

    if (filters) queue_prefilter(job, order, stream);
    queue_warp(job, order, stream);
    if (whole) queue_colors(job, pixel_steps.steps, stream);
}

}  // namespace batchwarp
