// BATCHWARP_HD marks the functions that a graphics card runs too: the arithmetic of one pixel is
// written once. BATCHWARP_HD_CALL is for what is long and seldom needed: a card calls it, instead
// of keeping a copy of it, and the registers for that, at every use. BATCHWARP_HD_INLINE is for
// what the kernels of simd/ run as well: always inlined, a function leaves no symbol behind that
// the linker could take from the wrong instruction set.
#pragma once

#ifdef __CUDACC__
#define BATCHWARP_HD __host__ __device__
#define BATCHWARP_HD_CALL __host__ __device__ __noinline__
#define BATCHWARP_HD_INLINE __host__ __device__ __forceinline__
#else
#define BATCHWARP_HD
#define BATCHWARP_HD_CALL
#if defined(_MSC_VER) && !defined(__clang__)
#define BATCHWARP_HD_INLINE __forceinline
#else
#define BATCHWARP_HD_INLINE inline __attribute__((always_inline))
#endif
#endif
