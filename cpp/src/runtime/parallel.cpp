#include "batchwarp/parallel.hpp"

#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <fstream>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "batchwarp/errors.hpp"

#if defined(_WIN32)
#include <process.h>
#else
#include <unistd.h>
#endif
#if defined(__linux__)
#include <sched.h>
#endif

namespace batchwarp {
namespace {

int process_id() noexcept {
#if defined(_WIN32)
    return _getpid();
#else
    return static_cast<int>(getpid());
#endif
}

// One call of parallel_for. Lives on the caller's stack; workers only touch it while `users` counts
// them, and the caller leaves only when that is back to zero.
//
// Each participant starts with a range of its own, so that it works through neighbouring tasks, and
// helps with the others' once that is done.
class Job {
  public:
    Job(std::int64_t count, int participants,
        const std::function<void(std::int64_t)>& task) noexcept
        : task_(task), ranges_(std::clamp(participants, 1, max_ranges)) {
        for (int r = 0; r < ranges_; ++r) {
            range_[r].next.store(count * r / ranges_, std::memory_order_relaxed);
            range_[r].end = count * (r + 1) / ranges_;
        }
    }

    // Takes tasks until none is left, one failed, or `stop` says so.
    template <class Stop>
    void work(Stop&& stop) noexcept {
        const int first = joined_.fetch_add(1, std::memory_order_relaxed);
        for (int k = 0; k < ranges_; ++k) {
            Range& range = range_[(first + k) % ranges_];
            while (!cancelled_.load(std::memory_order_relaxed)) {
                const std::int64_t i = range.next.fetch_add(1, std::memory_order_relaxed);
                if (i >= range.end) break;
                try {
                    task_(i);
                    stop();
                } catch (...) {
                    fail(std::current_exception());
                }
            }
        }
    }

    void rethrow() {
        const std::lock_guard lock(mutex_);
        if (error_) std::rethrow_exception(error_);
    }

    std::atomic<int> users{0};  // workers inside

  private:
    void fail(std::exception_ptr error) noexcept {
        const std::lock_guard lock(mutex_);
        if (!error_) error_ = std::move(error);
        cancelled_.store(true, std::memory_order_relaxed);
    }

    struct alignas(64) Range {  // a cache line each
        std::atomic<std::int64_t> next;
        std::int64_t end;
    };
    static constexpr int max_ranges = 64;  // more participants than this share them

    const std::function<void(std::int64_t)>& task_;
    const int ranges_;
    Range range_[max_ranges];
    std::atomic<int> joined_{0};
    std::atomic<bool> cancelled_{false};
    std::mutex mutex_;
    std::exception_ptr error_;
};

// Asks the callback at most every 50 ms: asking may mean to take the interpreter's lock.
class Interruption {
  public:
    explicit Interruption(const std::function<bool()>& interrupted) : interrupted_(interrupted) {}

    void operator()() {
        if (!interrupted_) return;
        const auto now = std::chrono::steady_clock::now();
        if (now < next_) return;
        next_ = now + std::chrono::milliseconds(50);
        if (interrupted_()) throw Interrupted();
    }

  private:
    const std::function<bool()>& interrupted_;
    std::chrono::steady_clock::time_point next_ =
        std::chrono::steady_clock::now() + std::chrono::milliseconds(50);
};

// Waits some ten microseconds, then lets others run; false if that was not enough.
template <class Condition>
bool spin_until(Condition&& condition) noexcept {
    constexpr int pauses = 256, yields = 200;
    for (int i = 0; i < pauses + yields; ++i) {
        if (condition()) return true;
#if defined(__x86_64__) && defined(__GNUC__)
        if (i < pauses) {
            __builtin_ia32_pause();
            continue;
        }
#endif
        std::this_thread::yield();
    }
    return false;
}

class Workers {
  public:
    Workers() = default;
    Workers(const Workers&) = delete;
    Workers& operator=(const Workers&) = delete;
    ~Workers() { shut_down(); }

    int count() const noexcept { return static_cast<int>(threads_.size()); }

    // Starts threads until there are so many, or the system starts no more.
    void grow(int count) noexcept {
        try {
            threads_.reserve(static_cast<std::size_t>(count));
            while (this->count() < count) threads_.emplace_back([this] { serve(); });
        } catch (const std::exception&) {  // NOLINT(bugprone-empty-catch): for want of threads or
            // memory. Fewer threads are slower, not wrong.
        }
    }

    template <class Stop>
    void run(Job& job, int helpers, Stop&& stop) {
        {
            const std::lock_guard lock(mutex_);
            job_ = &job;
            seats_ = helpers;
            generation_.fetch_add(1, std::memory_order_release);
        }
        if (helpers >= count())
            wake_.notify_all();
        else
            for (int i = 0; i < helpers; ++i) wake_.notify_one();
        job.work(stop);
        {
            const std::lock_guard lock(mutex_);
            job_ = nullptr;  // who wakes up only now finds nothing to do
        }
        // The others are at their last task, usually for less time than going to sleep takes.
        if (spin_until([&job] { return job.users.load(std::memory_order_acquire) == 0; })) return;
        std::unique_lock lock(mutex_);
        idle_.wait(lock, [&job] { return job.users.load() == 0; });
    }

  private:
    void serve() {
        std::uint64_t seen = 0;
        for (;;) {
            // Batches follow each other closely in a training loop: look for the next one for some
            // microseconds before going to sleep.
            spin_until([&] { return generation_.load(std::memory_order_acquire) != seen; });
            Job* job = nullptr;
            {
                std::unique_lock lock(mutex_);
                wake_.wait(lock, [&] { return stopping_ || generation_.load() != seen; });
                if (stopping_) return;
                seen = generation_.load();
                if (job_ == nullptr || seats_ == 0) continue;
                --seats_;
                job = job_;
                job->users.fetch_add(1, std::memory_order_relaxed);
            }
            job->work([] {});
            const std::lock_guard lock(mutex_);
            // From here on the caller may leave, and take its job along.
            if (job->users.fetch_sub(1, std::memory_order_release) == 1) idle_.notify_one();
        }
    }

    void shut_down() {
        {
            const std::lock_guard lock(mutex_);
            stopping_ = true;
            generation_.fetch_add(1, std::memory_order_release);
        }
        wake_.notify_all();
        for (std::thread& thread : threads_) thread.join();
    }

    std::mutex mutex_;
    std::condition_variable wake_, idle_;
    std::atomic<std::uint64_t> generation_{0};
    Job* job_ = nullptr;
    int seats_ = 0;
    bool stopping_ = false;
    std::vector<std::thread> threads_;
};

std::atomic<int> refused{0};  // threads, and nobody has been told

// The pool of this process. A forked child inherits the memory but not the threads: it leaves the
// old pool alone, locked or not, and makes its own. The pool is never destroyed; its threads end
// with the process, when no code of ours may run any more.
struct Pool {
    const int process = process_id();
    std::mutex in_use;

    // Returns threads, as many of those wanted as the system starts, or null. Needs the lock.
    Workers* provide(int wanted) {
        const bool is_new = !workers_ || wanted_ != wanted;
        if (is_new) {
            workers_.reset();
            workers_ = std::make_unique<Workers>();
            wanted_ = wanted;
        }
        if (workers_->count() < wanted && (is_new || Clock::now() >= next_try_)) {
            workers_->grow(wanted);
            next_try_ = Clock::now() + std::chrono::seconds(1);  // who tries always, pays always
            if (is_new) refused.store(wanted - workers_->count(), std::memory_order_relaxed);
        }
        return workers_->count() > 0 ? workers_.get() : nullptr;
    }

  private:
    using Clock = std::chrono::steady_clock;

    std::unique_ptr<Workers> workers_;
    int wanted_ = 0;
    Clock::time_point next_try_;
};

Pool& pool() {
    static std::atomic<Pool*> current{nullptr};
    Pool* found = current.load(std::memory_order_acquire);
    while (found == nullptr || found->process != process_id()) {
        auto fresh = std::make_unique<Pool>();
        if (current.compare_exchange_strong(found, fresh.get(), std::memory_order_acq_rel))
            found = fresh.release();
    }
    return *found;
}

int processors() noexcept {
#if defined(__linux__)
    cpu_set_t set;
    CPU_ZERO(&set);
    if (sched_getaffinity(0, sizeof set, &set) == 0) return std::max(1, CPU_COUNT(&set));
#endif
    return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

// The processors' worth of time that the control group grants, as containers are limited; 0: no
// limit.
double group_quota() {
    double quota = 0, period = 0;
    std::string word;
    if (std::ifstream v2("/sys/fs/cgroup/cpu.max"); v2 >> word >> period) {
        if (word == "max" || period <= 0) return 0;
        return std::strtod(word.c_str(), nullptr) / period;
    }
    std::ifstream v1_quota("/sys/fs/cgroup/cpu/cpu.cfs_quota_us");
    std::ifstream v1_period("/sys/fs/cgroup/cpu/cpu.cfs_period_us");
    if (v1_quota >> quota && v1_period >> period && quota > 0 && period > 0) return quota / period;
    return 0;
}

// 0 if the variable is not set.
int threads_from_environment() {
    const char* text = std::getenv("BATCHWARP_NUM_THREADS");
    if (text == nullptr || *text == '\0') return 0;
    int count = 0;
    const char* end = text + std::strlen(text);
    const auto [rest, error] = std::from_chars(text, end, count);
    if (error != std::errc() || rest != end || count < 1 || count > max_threads)
        throw InvalidArgument("`BATCHWARP_NUM_THREADS` must be an integer from 1 to " +
                              std::to_string(max_threads) + ". Received: \"" + text + '"');
    return count;
}

int default_threads() {
    if (const int wanted = threads_from_environment(); wanted != 0) return wanted;
    return std::min(usable_processors(), max_threads);
}

std::atomic<int> wanted_threads{0};  // 0: not yet decided

}  // namespace

int usable_processors() {
    int count = processors();
    const double quota = group_quota();
    if (quota > 0) count = std::min(count, static_cast<int>(quota + 0.999));
    return std::max(count, 1);
}

int num_threads() noexcept {
    int count = wanted_threads.load(std::memory_order_relaxed);
    if (count == 0) {
        try {
            count = default_threads();
        } catch (...) {  // out of memory, or the variable was changed to nonsense meanwhile
            count = 1;
        }
        wanted_threads.store(count, std::memory_order_relaxed);
    }
    return count;
}

void set_num_threads(int n) {
    if (n < 0 || n > max_threads)
        throw InvalidArgument("`n` must be an integer from 0 to " + std::to_string(max_threads) +
                              ". Received: " + std::to_string(n));
    wanted_threads.store(n == 0 ? default_threads() : n, std::memory_order_relaxed);
}

int refused_threads() noexcept {
    return refused.load(std::memory_order_relaxed) == 0 ? 0 : refused.exchange(0);
}

void read_thread_environment() { set_num_threads(0); }

void parallel_for(std::int64_t count, int threads, const std::function<void(std::int64_t)>& task,
                  const std::function<bool()>& interrupted) {
    const int helpers = static_cast<int>(std::min<std::int64_t>(count, threads)) - 1;
    Job job(count, helpers + 1, task);
    Interruption stop(interrupted);
    if (helpers < 1) {
        job.work(stop);
        job.rethrow();
        return;
    }
    Pool& shared = pool();
    std::unique_lock lock(shared.in_use, std::try_to_lock);
    if (!lock.owns_lock()) {  // another thread's batch is under way: its cores are taken anyhow
        job.work(stop);
        job.rethrow();
        return;
    }
    if (Workers* const workers = shared.provide(std::max(helpers, num_threads() - 1)))
        workers->run(job, helpers, stop);
    else
        job.work(stop);
    lock.unlock();
    job.rethrow();
}

}  // namespace batchwarp
