// The thread pool behind `augment_batch`.
#pragma once

#include <cstdint>
#include <functional>

namespace batchwarp {

/// Threads that a batch may use, the calling one included.
int num_threads() noexcept;

/// Processors that affinity mask and cgroup quota leave to this process, at least 1.
int usable_processors();

/// @param n  at least 1, or 0 for the default: BATCHWARP_NUM_THREADS if set, otherwise
///           `usable_processors()`
/// @throws InvalidArgument if n is negative or above `max_threads`
void set_num_threads(int n);

inline constexpr int max_threads = 1024;

/// Reads BATCHWARP_NUM_THREADS. @throws InvalidArgument if it is not an integer from 1 to
/// max_threads
void read_thread_environment();

/// Threads that the system did not start when the pool wanted them; each is told once. The others
/// do all the work, and from time to time the pool tries again.
int refused_threads() noexcept;

/// Calls `task(0) ... task(count - 1)`, each once, on up to `threads` threads, this one included.
///
/// Each thread takes the tasks of a range of its own, one by one, then those that others left. The
/// first exception stops the hand-out, is kept, and is thrown here once every thread has let go.
/// `interrupted` (may be empty) is asked between tasks in the calling thread, a few times per
/// second; true makes this function throw `Interrupted`. Callable from many threads at once: who
/// finds the pool taken works alone. Safe after fork().
void parallel_for(std::int64_t count, int threads, const std::function<void(std::int64_t)>& task,
                  const std::function<bool()>& interrupted);

}  // namespace batchwarp
