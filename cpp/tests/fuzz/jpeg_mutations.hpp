// Changes of JPEG files that know what a file consists of, so that most of the results are decoded.
#pragma once

#include <cstdint>
#include <random>

#include "jpeg_library.hpp"

namespace testing {

using Random = std::minstd_rand;

/// A number from 0 to `end`, which is not reached; 0 if that is 0.
std::size_t below(Random& random, std::size_t end);

/// Changes something: a size, sampling factors, a table, a scan's parameters, the restart interval,
/// restart markers, coded data, EXIF's directory, which segments there are and their order.
void mutate(JpegBytes& file, Random& random);

/// A small file of any kind, half of them with an orientation.
JpegBytes any_file(Random& random);

}  // namespace testing
