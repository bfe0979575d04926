// Whatever the system refuses while a batch of files is made: each file is the right image, or left
// to whoever can say what is wrong; and once it is over, all are right.
//
// The linker puts the functions below in the places of the system's.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <new>
#include <string>
#include <vector>

#include "batchwarp/batch.hpp"
#include "batchwarp/file_batch.hpp"
#include "batchwarp/parallel.hpp"
#include "jpeg_library.hpp"
#include "testing.hpp"

using namespace batchwarp;
using testing::jpeg_file;
using testing::JpegBytes;

namespace {

enum class Call : std::uint8_t { none, open, fstat, read, allocate };

// One call of many that fails, or all from there on.
struct Fault {
    Call call = Call::none;
    int error = 0;  // of `read` 0: there is nothing more; -1: there is half of it
    long number = 1;
    bool lasts = false;
    std::atomic<long> calls{0}, fired{0};

    bool meets(Call what) {
        if (what != call) return false;
        const long now = ++calls;
        const bool fails = now == number || (lasts && now > number);
        fired += fails ? 1 : 0;
        return fails;
    }
} fault;

}  // namespace

// NOLINTBEGIN: these names are the linker's
extern "C" {
int __real_open(const char* path, int flags, ...);
int __real_fstat(int number, struct stat* found);
ssize_t __real_read(int number, void* to, std::size_t count);

int __wrap_open(const char* path, int flags, ...) {
    if (fault.meets(Call::open)) {
        errno = fault.error;
        return -1;
    }
    va_list rest;
    va_start(rest, flags);
    const int mode = (flags & O_CREAT) != 0 ? va_arg(rest, int) : 0;
    va_end(rest);
    return __real_open(path, flags, mode);
}

int __wrap_fstat(int number, struct stat* found) {
    if (!fault.meets(Call::fstat)) return __real_fstat(number, found);
    errno = fault.error;
    return -1;
}

ssize_t __wrap_read(int number, void* to, std::size_t count) {
    if (!fault.meets(Call::read)) return __real_read(number, to, count);
    if (fault.error == 0) return 0;
    if (fault.error < 0) return __real_read(number, to, (count + 1) / 2);
    errno = fault.error;
    return -1;
}
}

void* operator new(std::size_t size, std::align_val_t alignment) {
    const auto step = static_cast<std::size_t>(alignment);
    void* const memory = fault.meets(Call::allocate)
                             ? nullptr
                             : std::aligned_alloc(step, (size + step - 1) / step * step);
    if (memory == nullptr) throw std::bad_alloc();
    return memory;
}
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }
// NOLINTEND

namespace {

namespace fs = std::filesystem;

constexpr FileDecoding decoding{.size = {14, 11},
                                .channels = 1,
                                .interpolation = Interpolation::bilinear,
                                .turns_upright = true};
constexpr std::int64_t values = 14 * 11;

class Batch {
  public:
    Batch()
        : folder_(fs::temp_directory_path() / ("batchwarp-faults-" + std::to_string(getpid()))) {
        fs::create_directories(folder_);
        for (std::uint32_t seed = 0; seed < 6; ++seed)
            add(jpeg_file({.height = 30 + 9 * static_cast<int>(seed),
                           .width = 33,
                           .grey = seed % 3 == 2,
                           .seed = seed}));
        add(JpegBytes(100, std::byte{0x89}));  // is left in any case
        expected_ = made();
    }
    Batch(const Batch&) = delete;
    Batch& operator=(const Batch&) = delete;
    ~Batch() {
        std::error_code ignored;
        fs::remove_all(folder_, ignored);
    }

    // How many files are made; all of these must be right.
    std::int64_t right() {
        const std::vector<float> found = made();
        std::int64_t count = 0;
        for (std::size_t i = 0; i < reports_.size(); ++i) {
            if (!reports_[i].made) continue;
            ++count;
            const auto begin = static_cast<std::ptrdiff_t>(i) * values;
            CHECK(std::equal(found.begin() + begin, found.begin() + begin + values,
                             expected_.begin() + begin));
        }
        return count;
    }

  private:
    void add(const JpegBytes& content) {
        const fs::path path = folder_ / std::to_string(paths_.size());
        std::ofstream(path, std::ios::binary)
            .write(reinterpret_cast<const char*>(content.data()), std::ssize(content));
        paths_.push_back(path.native());
    }

    std::vector<float> made() {
        const Plan plan({.height = 14, .width = 11, .channels = 1});
        std::vector<float> images(paths_.size() * values, -1);
        reports_.assign(paths_.size(), {});
        FileBatchRequest request;
        request.paths = paths_;
        request.decoding = decoding;
        request.reports = reports_;
        request.plan = &plan;
        request.target = {
            {reinterpret_cast<std::byte*>(images.data()), DType::f32, 14, 11, 1, 44, 4, 4},
            std::ssize(paths_),
            values * 4};
        make_files(request);
        return images;
    }

    fs::path folder_;
    std::vector<NativePath> paths_;
    std::vector<FileReport> reports_;
    std::vector<float> expected_;
};

constexpr std::int64_t all = 6;

// Has a call fail in turn, until there are no more of it.
void in_turn(Call call, int error, bool is_made_up_for) {
    for (const int threads : {1, 3}) {
        set_num_threads(threads);
        Batch batch;
        CHECK(batch.right() == all);
        for (const bool lasts : {false, true})
            for (fault.number = 1;; ++fault.number) {
                fault.call = call;
                fault.error = error;
                fault.lasts = lasts;
                fault.calls = fault.fired = 0;
                std::int64_t count = 0;
                bool is_out_of_memory = false;
                try {
                    count = batch.right();
                } catch (const std::bad_alloc&) {
                    is_out_of_memory = true;
                }
                fault.call = Call::none;
                const bool has_fired = fault.fired > 0;
                if (!has_fired || is_made_up_for) CHECK(count == all && !is_out_of_memory);
                if (has_fired && lasts && fault.number == 1 && !is_made_up_for) CHECK(count == 0);
                CHECK(is_out_of_memory ? call == Call::allocate : count >= 0);
                CHECK(batch.right() == all);
                if (!has_fired) break;
                // What is interrupted for ever is never made.
                if (is_made_up_for && lasts) break;
            }
    }
    set_num_threads(0);
}

TEST(too_many_open_files) { in_turn(Call::open, EMFILE, false); }
TEST(files_that_cannot_be_looked_at) { in_turn(Call::fstat, EIO, false); }
TEST(disks_that_fail) { in_turn(Call::read, EIO, false); }
TEST(files_that_end_before_their_time) { in_turn(Call::read, 0, false); }
TEST(too_little_memory) { in_turn(Call::allocate, 0, false); }

TEST(what_is_half_done_or_interrupted_goes_on) {
    in_turn(Call::read, -1, true);
    for (const Call call : {Call::open, Call::read}) {
        Batch batch;
        for (long number = 1; number < 20; ++number) {
            fault.call = call;
            fault.error = EINTR;
            fault.lasts = false;
            fault.number = number;
            fault.calls = fault.fired = 0;
            const std::int64_t count = batch.right();
            fault.call = Call::none;
            CHECK(count == all);
        }
    }
}

}  // namespace

int main() {
    if (!testing::find_libjpeg()) return testing::skipped;
    return testing::run_all();
}
