// What JPEG makes of an image, as the reference does it.
#pragma once

#include <cstdint>
#include <vector>

namespace batchwarp {

/// `levels` are those of an image's interleaved values, from 0 to 255, of one or three channels.
void reference_jpeg(std::vector<std::int64_t>& levels, std::int64_t height, std::int64_t width,
                    std::int64_t channels, std::int64_t quality);

}  // namespace batchwarp
