// Image files: what decodes them.
#pragma once

#include <string>

namespace batchwarp {

/// Has JPEG files decoded by a libjpeg-turbo that is loaded at run time: nothing is linked.
///
/// @param path  of the library, or of one that depends on it; where that is Pillow's own extension
///              module, it is the very library that Pillow decodes with. Empty: no more by any.
/// @return an empty string, or why it is not used; what was in use stays in use then
/// @throws std::bad_alloc
std::string use_libjpeg(const std::string& path);

/// What the library in use says of itself; empty if there is none.
std::string libjpeg_version();

}  // namespace batchwarp
