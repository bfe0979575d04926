#include "files/open_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#if defined(_WIN32)
#define NOMINMAX
#include <io.h>
#include <windows.h>
#else
#include <unistd.h>
#endif

namespace batchwarp {
namespace {

#if defined(_WIN32)
int open_to_read(const NativePath& path) noexcept {
    return _wopen(path.c_str(), _O_RDONLY | _O_BINARY | _O_NOINHERIT);
}

std::int64_t read_some(int number, std::byte* to, std::int64_t count) noexcept {
    return _read(number, to, static_cast<unsigned>(count));
}

// False for what is no file on a disk.
bool look_at(int number, std::int64_t& bytes, std::int64_t& modified_ns) noexcept {
    const auto handle = reinterpret_cast<HANDLE>(_get_osfhandle(number));
    BY_HANDLE_FILE_INFORMATION found;
    if (GetFileType(handle) != FILE_TYPE_DISK || GetFileInformationByHandle(handle, &found) == 0)
        return false;
    const auto joined = [](DWORD high, DWORD low) {
        return static_cast<std::int64_t>(high) << 32 | static_cast<std::int64_t>(low);
    };
    constexpr std::int64_t year_1970 = 116'444'736'000'000'000;  // in steps of 100 ns since 1601
    bytes = joined(found.nFileSizeHigh, found.nFileSizeLow);
    const FILETIME time = found.ftLastWriteTime;
    modified_ns = (joined(time.dwHighDateTime, time.dwLowDateTime) - year_1970) * 100;
    return true;
}
#else
int open_to_read(const NativePath& path) noexcept {
    int number;
    do number = ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    while (number < 0 && errno == EINTR);
    return number;
}

std::int64_t read_some(int number, std::byte* to, std::int64_t count) noexcept {
    ssize_t got;
    do got = ::read(number, to, static_cast<std::size_t>(count));
    while (got < 0 && errno == EINTR);
    return got;
}

bool look_at(int number, std::int64_t& bytes, std::int64_t& modified_ns) noexcept {
    struct stat found;
    if (::fstat(number, &found) != 0 || !S_ISREG(found.st_mode)) return false;
#if defined(__APPLE__)
    const timespec time = found.st_mtimespec;
#else
    const timespec time = found.st_mtim;
#endif
    bytes = found.st_size;
    modified_ns = static_cast<std::int64_t>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
    return true;
}
#endif

}  // namespace

OpenFile::OpenFile(const NativePath& path) noexcept : descriptor_(open_to_read(path)) {
    if (const int number = descriptor_.number(); number >= 0)
        is_regular_ = look_at(number, bytes_, modified_ns_);
}

std::int64_t OpenFile::read(std::byte* to, std::int64_t count) noexcept {
    constexpr std::int64_t most = std::int64_t{1} << 30;  // systems take fewer than 2^31 at a time
    std::int64_t done = 0;
    while (done < count) {
        const std::int64_t got =
            read_some(descriptor_.number(), to + done, std::min(count - done, most));
        if (got < 0) return -1;
        if (got == 0) break;
        done += got;
    }
    return done;
}

}  // namespace batchwarp
