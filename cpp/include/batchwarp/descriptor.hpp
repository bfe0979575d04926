// An open file that is closed by whoever holds it.
#pragma once

#include <atomic>

namespace batchwarp {

/// A file descriptor of the C library, and perhaps the lock on its file, given up with the object.
///
/// Here because a destructor runs whole. A finalizer in Python is code like any other: a signal
/// may end it half way, and what its handler raised is printed and forgotten.
class Descriptor {
  public:
    /// Takes over an open descriptor.
    explicit Descriptor(int number) noexcept : number_(number) {}
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor() { close(); }

    /// -1 once it has been closed.
    int number() const noexcept { return number_; }

    /// Gives up the lock, even if a process that was forked just now has the file open, too, and
    /// closes the file; may be called again, and by several threads at once: one of them closes it.
    void close() noexcept;

    /// Closes a forked child's copy. The lock is the parent's and stays.
    void close_copy() noexcept;

  private:
    std::atomic<int> number_;  // a number that is closed twice may be another file's by then
};

}  // namespace batchwarp
