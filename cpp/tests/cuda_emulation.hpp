// CUDA on the host, for tests: the kernels of cpp/src/cuda, compiled as C++, run on the processor.
//
// The threads of a block run one after the other, phase by phase (cuda/block.hpp): code between the
// barriers is a loop over them, so that no barrier has to be waited at. What the kernels compute,
// which memory they touch, how they share it, and in what order they are queued is that of a card;
// AddressSanitizer watches "device" memory, too. What a card's compiler makes of the source, and
// how fast it is, this does not show.
//
// Two mistakes that only threads at the same time would show are looked for as well. Threads of a
// phase, or blocks of a kernel, that depend on each other: `run_backwards` runs both in the
// opposite order, and tests compare. Work that nobody has waited for: every stream of every device
// has a queue, which runs no further than somebody has asked for, be it the host or, by an event,
// another stream. So host memory that is used after the call shows, and so does a missing event.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <deque>
#include <functional>
#include <map>
#include <new>
#include <utility>

// NOLINTBEGIN(readability-identifier-naming, bugprone-reserved-identifier): these are CUDA's names
#define __global__
#define __device__
#define __shared__ static  // one block runs at a time
#define __launch_bounds__(...)

enum cudaError_t {
    cudaSuccess = 0,
    cudaErrorInvalidValue = 1,
    cudaErrorMemoryAllocation = 2,
    cudaErrorInvalidDevice = 101,
    cudaErrorNotReady = 600
};
enum cudaDeviceAttr { cudaDevAttrMemoryPoolsSupported = 115 };
enum cudaMemAllocationType { cudaMemAllocationTypeInvalid = 0, cudaMemAllocationTypePinned = 1 };
enum cudaMemLocationType { cudaMemLocationTypeInvalid = 0, cudaMemLocationTypeDevice = 1 };
enum cudaMemPoolAttr { cudaMemPoolAttrReleaseThreshold = 4 };
enum cudaMemcpyKind { cudaMemcpyHostToDevice = 1, cudaMemcpyDeviceToHost = 2 };
enum cudaMemoryType {
    cudaMemoryTypeUnregistered = 0,
    cudaMemoryTypeHost = 1,
    cudaMemoryTypeDevice = 2,
    cudaMemoryTypeManaged = 3
};
enum cudaStreamCaptureStatus { cudaStreamCaptureStatusNone = 0, cudaStreamCaptureStatusActive = 1 };
enum { cudaEventDisableTiming = 2 };
struct CudaEmulatedStream;
using cudaStream_t = CudaEmulatedStream*;
inline const auto cudaStreamPerThread =
    reinterpret_cast<cudaStream_t>(std::uintptr_t{2});  // NOLINT(performance-no-int-to-ptr)
struct CudaEmulatedEvent;
using cudaEvent_t = CudaEmulatedEvent*;

struct cudaMemPoolProps {
    cudaMemAllocationType allocType;
    struct {
        cudaMemLocationType type;
        int id;
    } location;
};

struct CudaEmulatedPool {
    int device;
    std::uint64_t release_threshold, held;  // bytes; held: in use or kept for the next allocation
};
using cudaMemPool_t = CudaEmulatedPool*;

struct dim3 {
    unsigned x = 1, y = 1, z = 1;
};

struct cudaLaunchConfig_t {
    dim3 gridDim, blockDim;
    std::size_t dynamicSmemBytes;
    cudaStream_t stream;
};

struct cudaPointerAttributes {
    cudaMemoryType type;
    int device;
};

/// The block that runs. There is no `threadIdx`: only phases know their thread.
inline dim3 blockIdx{0, 0, 0};

namespace cuda_emulation {

/// Runs the blocks of a kernel, and the threads of a phase, from the last to the first.
inline bool run_backwards = false;
/// How many allocations, and how many launches, still succeed; negative: all.
inline int allocations_left = -1, launches_left = -1;
/// The devices, and whether they have memory pools.
inline constexpr int devices = 2;
inline int current_device = 0;
inline bool has_pools = true;
/// One for each device that was used, and how often they returned memory to the system.
inline std::array<CudaEmulatedPool, 4> pools{};
inline std::size_t pool_count = 0;
inline int returns = 0;

/// A stream whose work is to become a graph.
inline cudaStream_t captured_stream = nullptr;

inline unsigned block_threads = 0;  // of the kernel that runs

struct Queue {
    std::deque<std::function<void()>> tasks;
    std::size_t finished = 0;
};
using QueueName = std::pair<int, cudaStream_t>;  // every device has a default stream
inline std::map<QueueName, Queue> queues;

inline constexpr std::align_val_t alignment{256};  // as CUDA promises

struct Allocation {
    std::size_t bytes;
    int device;
};
inline std::map<const std::byte*, Allocation> allocated;
inline cudaError_t last_error = cudaSuccess;

/// A call's result, which CUDA keeps until somebody asks for it.
inline cudaError_t result(cudaError_t error) {
    if (error != cudaSuccess) last_error = error;
    return error;
}

/// Counts down; false: what is counted fails.
inline bool take_one(int& left) {
    if (left == 0) return false;
    if (left > 0) --left;
    return true;
}

/// Calls `visit(i)` for i from 0 to count - 1, in the order at hand.
template <class Visit>
void in_order(unsigned count, Visit&& visit) {
    for (unsigned i = 0; i < count; ++i) visit(run_backwards ? count - 1 - i : i);
}

inline QueueName name_of(cudaStream_t stream) {
    constexpr std::uintptr_t legacy = 1;  // CUDA's number for the default stream
    return {current_device, reinterpret_cast<std::uintptr_t>(stream) == legacy ? nullptr : stream};
}

template <class Task>
void enqueue(cudaStream_t stream, Task&& task) {
    queues[name_of(stream)].tasks.emplace_back(std::forward<Task>(task));
}

/// Runs a queue until `position` of its tasks are done.
inline void run_until(const QueueName& name, std::size_t position) {
    Queue& queue = queues[name];
    while (queue.finished < position && !queue.tasks.empty()) {
        const auto task = std::move(queue.tasks.front());
        queue.tasks.pop_front();
        ++queue.finished;
        task();
    }
    for (CudaEmulatedPool& pool : pools) {
        if (pool.held <= pool.release_threshold) continue;
        pool.held = 0;
        ++returns;
    }
}

inline void run_queue(const QueueName& name) {
    run_until(name, queues[name].finished + queues[name].tasks.size());
}

inline void run_all_queues() {
    for (auto& named : queues) run_queue(named.first);
}

}  // namespace cuda_emulation

struct CudaEmulatedEvent {
    cuda_emulation::QueueName queue;
    std::size_t position = 0;
};

inline const char* cudaGetErrorString(cudaError_t error) {
    switch (error) {
        case cudaSuccess:
            return "no error";
        case cudaErrorInvalidValue:
            return "invalid argument";
        case cudaErrorInvalidDevice:
            return "invalid device ordinal";
        case cudaErrorNotReady:
            return "device not ready";
        case cudaErrorMemoryAllocation:
            return "out of memory";
    }
    return "unrecognized error code";
}

inline cudaError_t cudaGetLastError() {
    return std::exchange(cuda_emulation::last_error, cudaSuccess);
}

inline cudaError_t cudaGetDeviceCount(int* count) {
    *count = cuda_emulation::devices;
    return cudaSuccess;
}

inline cudaError_t cudaGetDevice(int* device) {
    *device = cuda_emulation::current_device;
    return cudaSuccess;
}

inline cudaError_t cudaSetDevice(int device) {
    if (device < 0 || device >= cuda_emulation::devices)
        return cuda_emulation::result(cudaErrorInvalidDevice);
    cuda_emulation::current_device = device;
    return cudaSuccess;
}

inline cudaError_t cudaPointerGetAttributes(cudaPointerAttributes* attributes,
                                            const void* pointer) {
    *attributes = {cudaMemoryTypeUnregistered, -1};
    const auto* at = static_cast<const std::byte*>(pointer);
    auto next = cuda_emulation::allocated.upper_bound(at);
    if (next == cuda_emulation::allocated.begin()) return cudaSuccess;
    const auto& [first, allocation] = *--next;
    if (at < first + allocation.bytes) *attributes = {cudaMemoryTypeDevice, allocation.device};
    return cudaSuccess;
}

inline cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr, int) {
    *value = cuda_emulation::has_pools ? 1 : 0;
    return cudaSuccess;
}

inline cudaError_t cudaMalloc(void** memory, std::size_t bytes) {
    *memory = cuda_emulation::take_one(cuda_emulation::allocations_left)
                  ? ::operator new(bytes, cuda_emulation::alignment, std::nothrow)
                  : nullptr;
    if (*memory == nullptr) return cuda_emulation::result(cudaErrorMemoryAllocation);
    std::memset(*memory, 0xff, bytes);  // what is never written becomes NaN
    cuda_emulation::allocated[static_cast<const std::byte*>(*memory)] = {
        bytes, cuda_emulation::current_device};
    return cudaSuccess;
}

namespace cuda_emulation {

inline cudaError_t release(void* memory) {
    if (allocated.erase(static_cast<const std::byte*>(memory)) == 0)
        return result(cudaErrorInvalidValue);
    ::operator delete(memory, cuda_emulation::alignment);
    return cudaSuccess;
}

}  // namespace cuda_emulation

/// Waits for the device first.
inline cudaError_t cudaFree(void* memory) {
    cuda_emulation::run_all_queues();
    return cuda_emulation::release(memory);
}

inline cudaError_t cudaMemPoolCreate(cudaMemPool_t* pool, const cudaMemPoolProps* properties) {
    if (properties->allocType != cudaMemAllocationTypePinned ||
        properties->location.type != cudaMemLocationTypeDevice || !cuda_emulation::has_pools)
        return cuda_emulation::result(cudaErrorInvalidValue);
    *pool = &cuda_emulation::pools.at(cuda_emulation::pool_count++);
    **pool = {properties->location.id, 0, 0};
    return cudaSuccess;
}

inline cudaError_t cudaMemPoolSetAttribute(cudaMemPool_t pool, cudaMemPoolAttr, void* value) {
    std::memcpy(&pool->release_threshold, value, sizeof pool->release_threshold);
    return cudaSuccess;
}

inline cudaError_t cudaMallocFromPoolAsync(void** memory, std::size_t bytes, cudaMemPool_t pool,
                                           cudaStream_t) {
    if (pool->device != cuda_emulation::current_device)
        return cuda_emulation::result(cudaErrorInvalidValue);
    pool->held += bytes;
    return cudaMalloc(memory, bytes);
}

inline cudaError_t cudaMallocAsync(void** memory, std::size_t bytes, cudaStream_t) {
    return cudaMalloc(memory, bytes);
}

inline cudaError_t cudaFreeAsync(void* memory, cudaStream_t stream) {
    if (!cuda_emulation::allocated.contains(static_cast<const std::byte*>(memory)))
        return cuda_emulation::result(cudaErrorInvalidValue);
    cuda_emulation::enqueue(stream, [memory] { cuda_emulation::release(memory); });
    return cudaSuccess;
}

inline cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
    cuda_emulation::run_queue(cuda_emulation::name_of(stream));
    return cudaSuccess;
}

inline cudaError_t cudaDeviceSynchronize() {
    cuda_emulation::run_all_queues();
    return cudaSuccess;
}

inline cudaError_t cudaStreamIsCapturing(cudaStream_t stream, cudaStreamCaptureStatus* status) {
    const bool captured = stream != nullptr && stream == cuda_emulation::captured_stream;
    *status = captured ? cudaStreamCaptureStatusActive : cudaStreamCaptureStatusNone;
    return cudaSuccess;
}

inline cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned) {
    *event = new CudaEmulatedEvent;
    return cudaSuccess;
}

inline cudaError_t cudaEventDestroy(cudaEvent_t event) {
    delete event;
    return cudaSuccess;
}

inline cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
    event->queue = cuda_emulation::name_of(stream);
    const cuda_emulation::Queue& queue = cuda_emulation::queues[event->queue];
    event->position = queue.finished + queue.tasks.size();
    return cudaSuccess;
}

inline cudaError_t cudaEventQuery(cudaEvent_t event) {
    const bool done = cuda_emulation::queues[event->queue].finished >= event->position;
    return cuda_emulation::result(done ? cudaSuccess : cudaErrorNotReady);
}

inline cudaError_t cudaEventSynchronize(cudaEvent_t event) {
    cuda_emulation::run_until(event->queue, event->position);
    return cudaSuccess;
}

inline cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned) {
    cuda_emulation::enqueue(
        stream, [past = *event] { cuda_emulation::run_until(past.queue, past.position); });
    return cudaSuccess;
}

inline cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t bytes, cudaMemcpyKind,
                                   cudaStream_t stream) {
    cuda_emulation::enqueue(stream, [to, from, bytes] {
        if (bytes > 0) std::memcpy(to, from, bytes);
    });
    return cudaSuccess;
}

inline cudaError_t cudaMemsetAsync(void* memory, int value, std::size_t bytes,
                                   cudaStream_t stream) {
    cuda_emulation::enqueue(stream, [=] { std::memset(memory, value, bytes); });
    return cudaSuccess;
}

inline cudaError_t cudaMemcpy(void* to, const void* from, std::size_t bytes, cudaMemcpyKind) {
    cuda_emulation::run_all_queues();  // the default stream waits for all others
    if (bytes > 0) std::memcpy(to, from, bytes);
    return cudaSuccess;
}

template <class Job>
cudaError_t cudaLaunchKernelEx(const cudaLaunchConfig_t* config, void (*kernel)(Job),
                               const Job& job) {
    constexpr unsigned most_blocks = 2147483647, most_threads = 1024;
    const unsigned blocks = config->gridDim.x, threads = config->blockDim.x;
    if (blocks < 1 || blocks > most_blocks || threads < 1 || threads > most_threads)
        return cuda_emulation::result(cudaErrorInvalidValue);
    if (!cuda_emulation::take_one(cuda_emulation::launches_left))
        return cuda_emulation::result(cudaErrorInvalidValue);
    cuda_emulation::enqueue(config->stream, [kernel, job, blocks, threads] {
        cuda_emulation::block_threads = threads;
        cuda_emulation::in_order(blocks, [&](unsigned block) {
            blockIdx.x = block;
            kernel(job);
        });
    });
    return cudaSuccess;
}
// NOLINTEND(readability-identifier-naming, bugprone-reserved-identifier)

namespace batchwarp::cuda {

template <class Phase>
void each_thread(Phase&& phase) {
    cuda_emulation::in_order(cuda_emulation::block_threads,
                             [&](unsigned thread) { phase(static_cast<int>(thread)); });
}

}  // namespace batchwarp::cuda
