#include "batchwarp/descriptor.hpp"

#include <utility>

#if defined(_WIN32)
#include <io.h>
#else
#include <sys/file.h>
#include <unistd.h>
#endif

namespace batchwarp {
namespace {

#if defined(_WIN32)
void unlock(int) noexcept {}  // closing does it

void close_number(int number) noexcept { ::_close(number); }
#else
void unlock(int number) noexcept { ::flock(number, LOCK_UN); }

void close_number(int number) noexcept { ::close(number); }
#endif

}  // namespace

void Descriptor::close() noexcept {
    if (number_ < 0) return;
    unlock(number_);
    close_copy();
}

void Descriptor::close_copy() noexcept {
    const int number = std::exchange(number_, -1);
    if (number >= 0) close_number(number);
}

}  // namespace batchwarp
