// Compiler differences that kernel files meet. No standard library templates here.
#pragma once

#if defined(_MSC_VER) && !defined(__clang__)
#define BATCHWARP_INLINE __forceinline
#define BATCHWARP_NOINLINE __declspec(noinline)
#define BATCHWARP_PREFETCH(address) ((void)0)
#define BATCHWARP_PREFETCH_WRITE(address) ((void)0)
#else
#define BATCHWARP_INLINE inline __attribute__((always_inline))
#define BATCHWARP_NOINLINE __attribute__((noinline))
#define BATCHWARP_PREFETCH(address) __builtin_prefetch((address), 0, 3)
#define BATCHWARP_PREFETCH_WRITE(address) __builtin_prefetch((address), 1, 3)
#endif

// Every AArch64 processor has NEON; lanes are numbered as memory is only if that is little-endian.
#if defined(__aarch64__) && defined(__ARM_NEON) && !defined(__AARCH64EB__)
#define BATCHWARP_NEON 1
#endif

// Before a loop: unroll it four times, late, when vectors are already made.
#if defined(__GNUC__) && !defined(__clang__)
#define BATCHWARP_UNROLL _Pragma("GCC unroll 4")
#else
#define BATCHWARP_UNROLL
#endif
