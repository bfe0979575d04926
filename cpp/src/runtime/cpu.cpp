#include "batchwarp/cpu.hpp"

#include <atomic>
#include <cstdlib>

#include "batchwarp/errors.hpp"
#include "simd/kernels.hpp"

#if defined(BATCHWARP_X86_TIERS) && defined(_MSC_VER) && !defined(__clang__)
#include <immintrin.h>
#include <intrin.h>
#elif defined(BATCHWARP_X86_TIERS)
#include <cpuid.h>
#endif

namespace batchwarp {
namespace {

#ifdef BATCHWARP_X86_TIERS
#if defined(_MSC_VER) && !defined(__clang__)
struct Features {
    bool avx2 = false, avx512 = false, vbmi = false;
    Features() {
        int r[4];
        __cpuid(r, 0);
        if (r[0] < 7) return;
        __cpuid(r, 1);
        const bool fma = (r[2] >> 12) & 1, xsave = (r[2] >> 27) & 1, halves = (r[2] >> 29) & 1;
        if (!xsave) return;
        const unsigned long long saved = _xgetbv(0);
        __cpuidex(r, 7, 0);
        const auto bit = [&r](int k) { return ((r[1] >> k) & 1) != 0; };
        avx2 = fma && halves && bit(5) && (saved & 0x6) == 0x6;
        vbmi = ((r[2] >> 1) & 1) != 0 && ((r[2] >> 11) & 1) != 0;
        avx512 = avx2 && bit(16) && bit(17) && bit(30) && bit(31) && (saved & 0xe6) == 0xe6;
    }
};
bool has_avx2() { return Features().avx2; }
bool has_avx512() { return Features().avx512; }
bool has_vbmi() { return Features().vbmi; }
#else
// Conversions to halves, which not every compiler's builtin knows.
bool has_f16c() {
    unsigned int a = 0, b = 0, c = 0, d = 0;
    return __get_cpuid(1, &a, &b, &c, &d) != 0 && (c & bit_F16C) != 0;
}
// These builtins ask the operating system's state (XGETBV), too.
bool has_avx2() {
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && has_f16c();
}
bool has_avx512() {
    return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}
bool has_vbmi() {
    return __builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("avx512vnni");
}
#endif
#endif

#ifdef BATCHWARP_X86_TIERS
// All that this processor has of AVX-512; no other bytes come of it.
const KernelTable& avx512_table() {
    static const KernelTable table = [] {
        KernelTable all = avx512_kernels;
        if (has_vbmi()) {
            all.point_bytes = point_bytes_by_permutes;
            all.linear_c3_bytes = linear_c3_bytes_by_permutes;
            all.resize_windows = resize_windows;
            all.linear_byte_windows = linear_byte_windows;
            all.point_byte_windows = point_byte_windows;
        }
        return all;
    }();
    return table;
}
#endif

std::vector<const KernelTable*> available_tables() {
    std::vector<const KernelTable*> tables{&baseline_kernels};
#ifdef BATCHWARP_X86_TIERS
    if (has_avx2()) tables.push_back(&avx2_kernels);
    if (has_avx512()) tables.push_back(&avx512_table());
#endif
    return tables;
}

std::atomic<const KernelTable*>& selected() {
    static std::atomic<const KernelTable*> table{available_tables().back()};
    return table;
}

}  // namespace

const KernelTable& kernels() noexcept { return *selected().load(std::memory_order_relaxed); }

std::vector<std::string> available_tiers() {
    std::vector<std::string> names;
    for (const KernelTable* table : available_tables()) names.emplace_back(table->name);
    return names;
}

std::string current_tier() { return kernels().name; }

void select_tier(std::string_view name) {
    std::string accepted;
    for (const KernelTable* table : available_tables()) {
        if (name == table->name) {
            selected().store(table, std::memory_order_relaxed);
            return;
        }
        accepted += std::string(accepted.empty() ? "" : ", ") + '"' + table->name + '"';
    }
    throw InvalidArgument(
        "`BATCHWARP_SIMD` must name an instruction set that this processor has: " + accepted +
        ". Received: \"" + std::string(name) + '"');
}

void select_tier_from_environment() {
    const char* wanted = std::getenv("BATCHWARP_SIMD");
    if (wanted != nullptr && *wanted != '\0') select_tier(wanted);
}

}  // namespace batchwarp
