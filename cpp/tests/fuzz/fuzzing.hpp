// What the fuzz tests of files share. Each defines `check`; fuzzing.cpp calls it with files.
#pragma once

#include "jpeg_library.hpp"
#include "jpeg_mutations.hpp"

namespace testing {

/// Of a longer image, a run would decode too few.
inline constexpr std::int64_t most_pixels = 1 << 18;

struct Counts {
    long runs = 0, ordinary = 0, whole = 0, done = 0;
};
extern Counts counts;

[[noreturn]] void fails(const char* what);

/// Does something to a file, which fails if the result is wrong.
void check(const JpegBytes& file, Random& random);

}  // namespace testing
