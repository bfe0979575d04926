// What a card does in a second, measured: bytes that a copy moves, operations of several kinds, and
// launches. The floor that kernels are compared with. Prints JSON; without a card it says why and
// returns 77, as the tests do.

#include <algorithm>
#include <cstdio>

#include <cuda_runtime.h>

namespace {

constexpr int threads = 256, chains = 8, rounds = 2048, repeats = 5;
constexpr int skipped = 77;

bool failed(cudaError_t error, const char* what) {
    if (error == cudaSuccess) return false;
    std::printf("%s failed: %s\n", what, cudaGetErrorString(error));
    return true;
}

__global__ void copy(const float4* from, float4* to, long long count) {
    const long long step = static_cast<long long>(gridDim.x) * blockDim.x;
    for (long long i = static_cast<long long>(blockIdx.x) * blockDim.x + threadIdx.x; i < count;
         i += step)
        to[i] = from[i];
}

// Operations that depend on each other, in enough chains that a thread need not wait for them. The
// sum is written, or nothing would be computed.
template <class T, class Step>
__device__ void in_chains(T* out, Step step) {
    T values[chains];
    for (int k = 0; k < chains; ++k) values[k] = static_cast<T>(threadIdx.x + k);
#pragma unroll 4
    for (int i = 0; i < rounds; ++i)
#pragma unroll
        for (int k = 0; k < chains; ++k) values[k] = step(values[k]);
    T sum = 0;
    for (int k = 0; k < chains; ++k) sum += values[k];
    out[blockIdx.x * blockDim.x + threadIdx.x] = sum;
}

__global__ void fused_single(float* out, float a, float b) {
    in_chains(out, [a, b](float v) { return fmaf(v, a, b); });
}

__global__ void fused_double(double* out, double a, double b) {
    in_chains(out, [a, b](double v) { return fma(v, a, b); });
}

__global__ void fused_integer(int* out, int a, int b) {
    in_chains(out, [a, b](int v) { return v * a + b; });
}

// To double precision and back; the sum in between keeps both.
__global__ void converted(float* out, double b) {
    in_chains(out, [b](float v) { return __double2float_rz(static_cast<double>(v) + b); });
}

__global__ void nothing() {}

// Seconds of the fastest of some calls.
template <class F>
float fastest(F&& call) {
    cudaEvent_t before, after;
    cudaEventCreate(&before);
    cudaEventCreate(&after);
    float best = 1e30F;
    call();
    for (int i = 0; i < repeats; ++i) {
        cudaEventRecord(before);
        call();
        cudaEventRecord(after);
        cudaEventSynchronize(after);
        float milliseconds = 0;
        cudaEventElapsedTime(&milliseconds, before, after);
        best = std::min(best, milliseconds / 1e3F);
    }
    cudaEventDestroy(before);
    cudaEventDestroy(after);
    return best;
}

}  // namespace

int main() {
    int count = 0;
    if (failed(cudaGetDeviceCount(&count), "counting devices")) return skipped;
    cudaDeviceProp card{};
    if (failed(cudaGetDeviceProperties(&card, 0), "describing the device")) return 1;
    std::size_t room = 0, total = 0;
    if (failed(cudaMemGetInfo(&room, &total), "asking for the memory")) return 1;
    // Far more than caches hold.
    const std::size_t bytes = std::min<std::size_t>(std::size_t{1} << 30, room / 4) / 16 * 16;
    const int blocks = card.multiProcessorCount * 16;
    const double operations = 1.0 * blocks * threads * chains * rounds;
    void *from = nullptr, *to = nullptr;
    if (failed(cudaMalloc(&from, bytes), "allocating")) return 1;
    if (failed(cudaMalloc(&to, bytes), "allocating")) return 1;
    cudaMemset(from, 1, bytes);

    const float by_driver =
        fastest([&] { cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToDevice); });
    const float by_kernel = fastest([&] {
        copy<<<blocks, threads>>>(static_cast<const float4*>(from), static_cast<float4*>(to),
                                  static_cast<long long>(bytes / sizeof(float4)));
    });
    const float singles =
        fastest([&] { fused_single<<<blocks, threads>>>(static_cast<float*>(to), 1.0001F, 0.1F); });
    const float doubles =
        fastest([&] { fused_double<<<blocks, threads>>>(static_cast<double*>(to), 1.0001, 0.1); });
    const float integers =
        fastest([&] { fused_integer<<<blocks, threads>>>(static_cast<int*>(to), 3, 7); });
    const float conversions =
        fastest([&] { converted<<<blocks, threads>>>(static_cast<float*>(to), 0.1); });
    constexpr int launches = 2000;
    const float launching = fastest([&] {
        for (int i = 0; i < launches; ++i) nothing<<<1, 32>>>();
    });
    if (failed(cudaDeviceSynchronize(), "measuring")) return 1;

    std::printf("{\"card\": \"%s\", \"processors\": %d, ", card.name, card.multiProcessorCount);
    std::printf("\"copy_bytes\": %.6g, ",
                2.0 * static_cast<double>(bytes) / std::min(by_driver, by_kernel));
    std::printf("\"float32\": %.6g, \"float64\": %.6g, ", 2 * operations / singles,
                2 * operations / doubles);
    std::printf("\"integer\": %.6g, \"conversions\": %.6g, ", 2 * operations / integers,
                2 * operations / std::max(conversions - doubles, conversions / 10));
    std::printf("\"launch_seconds\": %.6g}\n", launching / launches);
    return 0;
}
