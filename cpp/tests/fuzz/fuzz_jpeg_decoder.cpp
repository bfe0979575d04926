// Any file, any part of it: what the decoder makes is what the same library makes of all of it.
//
// With Clang's libFuzzer (BATCHWARP_LIBFUZZER) it is a target with a mutator of its own, whose
// input is 16 bytes that say which part, and a file. Otherwise a program that makes files, changes
// them and asks for parts, `fuzz_jpeg_decoder RUNS [SEED]`; a seed gives the same files again.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "batchwarp/jpeg_decoder.hpp"
#include "jpeg_library.hpp"
#include "jpeg_mutations.hpp"

using namespace batchwarp;
using testing::below;
using testing::JpegBytes;
using testing::Random;

namespace {

// More would be decoded too slowly.
constexpr std::int64_t most_pixels = 1 << 18;

struct Counts {
    long runs = 0, ordinary = 0, whole = 0, done = 0;
} counts;

[[noreturn]] void fails(const char* what) {
    std::fprintf(stderr, "%s\n", what);
    std::abort();
}

// Which pixels are asked for, and what they must be.
struct Part {
    JpegPixels wanted;
    std::vector<std::int64_t> rows, columns;
};

std::vector<std::int64_t> some(Random& random, std::int64_t extent) {
    // Some of all of it, or of a part, in order or not.
    const auto end = static_cast<std::int64_t>(1 + below(random, static_cast<std::size_t>(extent)));
    const auto begin = static_cast<std::int64_t>(below(random, static_cast<std::size_t>(end)));
    std::vector<std::int64_t> places(1 + below(random, 40));
    for (std::int64_t& place : places)
        place =
            begin + static_cast<std::int64_t>(below(random, static_cast<std::size_t>(end - begin)));
    if (below(random, 4) != 0) std::sort(places.begin(), places.end());
    return places;
}

Part any_part(Random& random, const JpegHeader& header) {
    Part part;
    part.wanted.grey = header.components == 1 && below(random, 2) == 0;
    part.wanted.scale = below(random, 2) == 0 ? 8 : 1 + static_cast<int>(below(random, 16));
    const Size size = scaled_size(header, part.wanted.scale);
    if (below(random, 2) == 0) {
        part.rows = some(random, size.height);
        part.columns = some(random, size.width);
        return part;
    }
    const auto interval = [&random](std::int64_t extent, std::int64_t& begin, std::int64_t& end) {
        end = static_cast<std::int64_t>(1 + below(random, static_cast<std::size_t>(extent)));
        begin = static_cast<std::int64_t>(below(random, static_cast<std::size_t>(end)));
    };
    Box& window = part.wanted.window;
    interval(size.height, window.top, window.bottom);
    interval(size.width, window.left, window.right);
    if (below(random, 4) == 0) window = {0, 0, size.width, size.height};
    return part;
}

void check(const JpegBytes& file, Random& random) {
    ++counts.runs;
    const auto header = ordinary_jpeg(file);
    if (!header || std::int64_t{header->height} * header->width > most_pixels) return;
    ++counts.ordinary;
    Part part = any_part(random, *header);
    JpegPixels& wanted = part.wanted;
    wanted.rows = part.rows;
    wanted.columns = part.columns;
    const bool picks = !part.rows.empty();
    const std::int64_t height = picks ? std::ssize(part.rows) : wanted.window.height();
    const std::int64_t width = picks ? std::ssize(part.columns) : wanted.window.width();
    const std::int64_t channels = wanted.grey ? 1 : 3;
    // Of exactly that size, so that sanitizers see what is written beyond its end.
    std::vector<std::byte> pixels(static_cast<std::size_t>(height * width * channels));
    const MutableImageView target{pixels.data(), DType::u8,        height,   width,
                                  channels,      width * channels, channels, 1};
    const bool done = decode_jpeg(file, *header, wanted, target) == Decoded::done;
    const auto whole = testing::decode_plainly(file, wanted.grey, wanted.scale);
    counts.whole += whole.has_value();
    if (!done) return;
    ++counts.done;
    if (!whole) fails("decoded in part, and not as a whole");
    for (std::int64_t y = 0; y < height; ++y)
        for (std::int64_t x = 0; x < width; ++x) {
            const auto row = picks ? part.rows[static_cast<std::size_t>(y)] : y + wanted.window.top;
            const auto column =
                picks ? part.columns[static_cast<std::size_t>(x)] : x + wanted.window.left;
            if (std::memcmp(target.at(y, x, 0), whole->at(row, column),
                            static_cast<std::size_t>(channels)) != 0)
                fails("a part has other pixels than the whole");
        }
}

}  // namespace

#ifdef BATCHWARP_LIBFUZZER

namespace {
constexpr std::size_t choice = 16;
}

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t most);

extern "C" int LLVMFuzzerInitialize(int* /*count*/, char*** /*arguments*/) {
    if (!testing::find_libjpeg()) std::exit(testing::skipped);
    return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < choice) return -1;
    std::seed_seq seed(data, data + choice);
    Random random(seed);
    const auto* bytes = reinterpret_cast<const std::byte*>(data);
    check(JpegBytes(bytes + choice, bytes + size), random);
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
            if (out == nullptr) fails("BATCHWARP_FUZZ_FILE cannot be written");
            std::fwrite(file.data(), 1, file.size(), out);
            std::fclose(out);
        }
        check(file, random);
    }
    std::printf("%ld files: %ld ordinary, %ld decoded as a whole, %ld in part\n", counts.runs,
                counts.ordinary, counts.whole, counts.done);
    // If almost none can be decoded, nothing is tested.
    return counts.done * 5 > counts.runs && counts.done < counts.runs ? 0 : 1;
}

#endif
