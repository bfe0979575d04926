#include "batchwarp/descriptor.hpp"

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
    const int number = number_.exchange(-1);
    if (number < 0) return;
    unlock(number);
    close_number(number);
}

void Descriptor::close_copy() noexcept {
    const int number = number_.exchange(-1);
    if (number >= 0) close_number(number);
}

}  // namespace batchwarp
