// With Clang's libFuzzer (BATCHWARP_LIBFUZZER) a fuzz test is a target with a mutator of its own,
// whose input is 16 bytes that say what is done to a file, and the file. Otherwise it is a program
// that makes files and changes them, `fuzz_... RUNS [SEED]`; a seed gives the same files again.
//
// Each file meets one of the tiers that this processor has, or that of BATCHWARP_SIMD.
#include "fuzzing.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "batchwarp/cpu.hpp"

using testing::below;
using testing::JpegBytes;
using testing::Random;

namespace testing {

Counts counts;

void fails(const char* what) {
    std::fprintf(stderr, "%s\n", what);
    std::abort();
}

}  // namespace testing

namespace {

void check_in_any_tier(const JpegBytes& file, Random& random) {
    static const std::vector<std::string> tiers = [] {
        batchwarp::select_tier_from_environment();
        return std::getenv("BATCHWARP_SIMD") != nullptr
                   ? std::vector<std::string>{batchwarp::current_tier()}
                   : batchwarp::available_tiers();
    }();
    // As many random numbers whatever there is, so that files do not depend on it.
    batchwarp::select_tier(tiers[random() % tiers.size()]);
    testing::check(file, random);
}

void report() {
    const testing::Counts& counts = testing::counts;
    std::printf("%ld files: %ld ordinary, %ld decoded as a whole, %ld by the core\n", counts.runs,
                counts.ordinary, counts.whole, counts.done);
}

}  // namespace

#ifdef BATCHWARP_LIBFUZZER

namespace {
constexpr std::size_t choice = 16;
}

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t most);

extern "C" int LLVMFuzzerInitialize(int* /*count*/, char*** /*arguments*/) {
    if (!testing::find_libjpeg()) std::exit(testing::skipped);
    std::atexit(report);
    return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < choice) return -1;
    std::seed_seq seed(data, data + choice);
    Random random(seed);
    const auto* bytes = reinterpret_cast<const std::byte*>(data);
    check_in_any_tier(JpegBytes(bytes + choice, bytes + size), random);
    return 0;
}

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t most, unsigned seed) {
    Random random(seed);
    if (size >= choice && below(random, 8) == 0) return LLVMFuzzerMutate(data, size, most);
    const auto* bytes = reinterpret_cast<const std::byte*>(data);
    JpegBytes file = size < choice + 4 || below(random, 64) == 0
                         ? testing::any_file(random)
                         : JpegBytes(bytes + choice, bytes + size);
    testing::mutate(file, random);
    for (std::size_t i = 0; i < choice && i < most; ++i)
        data[i] = static_cast<std::uint8_t>(below(random, 256));
    if (most < choice + file.size()) return std::min(size, most);
    std::memcpy(data + choice, file.data(), file.size());
    return choice + file.size();
}

#else

int main(int count, char** arguments) {
    if (!testing::find_libjpeg()) return testing::skipped;
    const long runs = count > 1 ? std::strtol(arguments[1], nullptr, 10) : 3000;
    const unsigned long seed = count > 2 ? std::strtoul(arguments[2], nullptr, 10) : 1;
    const char* const keep = std::getenv("BATCHWARP_FUZZ_FILE");
    Random random(static_cast<Random::result_type>(seed));
    JpegBytes original;
    for (long i = 0; i < runs; ++i) {
        if (i % 16 == 0) original = testing::any_file(random);
        JpegBytes file = original;
        for (std::size_t changes = below(random, 5); changes > 0; --changes)
            testing::mutate(file, random);
        if (keep != nullptr) {  // the one that failed is there then
            std::FILE* const out = std::fopen(keep, "wb");
            if (out == nullptr) testing::fails("BATCHWARP_FUZZ_FILE cannot be written");
            std::fwrite(file.data(), 1, file.size(), out);
            std::fclose(out);
        }
        check_in_any_tier(file, random);
    }
    report();
    const testing::Counts& counts = testing::counts;
    // If almost none can be decoded, nothing is tested.
    return counts.done * 5 > counts.runs && counts.done < counts.runs ? 0 : 1;
}

#endif
