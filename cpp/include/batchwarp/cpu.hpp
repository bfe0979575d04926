// Which instruction sets this processor offers, and which one the kernels use.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace batchwarp {

/// Tiers compiled in that this processor can run, slowest first. "baseline" is always there; it is
/// SSE2 on x86-64 and NEON on AArch64. The others are "avx2" (AVX2 and FMA) and "avx512"
/// (AVX-512 F, BW, DQ and VL).
std::vector<std::string> available_tiers();

/// The tier in use.
std::string current_tier();

/// @throws InvalidArgument for a tier that is unknown, or that this machine cannot run
void select_tier(std::string_view name);

/// Selects the tier that BATCHWARP_SIMD names, otherwise the best. @throws as `select_tier`
void select_tier_from_environment();

}  // namespace batchwarp
