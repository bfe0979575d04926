// A file of the system, open to be read once from its beginning to its end.
#pragma once

#include <cstddef>
#include <cstdint>

#include "batchwarp/descriptor.hpp"
#include "batchwarp/file_batch.hpp"

namespace batchwarp {

class OpenFile {
  public:
    /// Does not wait for a pipe that nobody writes to.
    explicit OpenFile(const NativePath& path) noexcept;
    OpenFile(const OpenFile&) = delete;
    OpenFile& operator=(const OpenFile&) = delete;
    ~OpenFile() { descriptor_.close_copy(); }  // there is no lock to give up

    /// Whether it could be opened and is a regular file: a pipe might never end.
    bool is_regular() const noexcept { return is_regular_; }
    std::int64_t bytes() const noexcept { return bytes_; }
    /// When it was last changed, in nanoseconds since 1970.
    std::int64_t modified_ns() const noexcept { return modified_ns_; }

    /// Reads on until there are `count` bytes or the file ends. Returns how many there are, -1 if
    /// the system has refused.
    std::int64_t read(std::byte* to, std::int64_t count) noexcept;

  private:
    Descriptor descriptor_;
    bool is_regular_ = false;
    std::int64_t bytes_ = 0, modified_ns_ = 0;
};

}  // namespace batchwarp
