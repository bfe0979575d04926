// The interpreter's lock, given up around the core's work.
#pragma once

#include <pybind11/pybind11.h>

#include <chrono>
#include <thread>

#if defined(__GLIBCXX__)
#include <cxxabi.h>
#endif

#include "batchwarp/errors.hpp"

namespace batchwarp::bindings {

/// Gives the lock up for as long as it lives. Unlike pybind11's gil_scoped_release it survives the
/// end of the interpreter: Python up to 3.13 ends a daemon thread that asks for the lock by then
/// with pthread_exit, whose unwinding must not meet a destructor; such a thread is parked here
/// instead, as Python does itself from 3.14 on.
class GilReleased {
  public:
    GilReleased() : state_(PyEval_SaveThread()) {}
    GilReleased(const GilReleased&) = delete;
    GilReleased& operator=(const GilReleased&) = delete;
    ~GilReleased() { take_back(); }

    /// Takes the lock for a moment to run signal handlers. Returns true if one of them raised; the
    /// exception stays set.
    bool signal_raised() {
        take_back();
        const bool raised = PyErr_CheckSignals() != 0;
        state_ = PyEval_SaveThread();
        return raised;
    }

  private:
    void take_back() noexcept {
#if defined(__GLIBCXX__)
        try {
            PyEval_RestoreThread(state_);
        } catch (const abi::__forced_unwind&) {
            for (;;) std::this_thread::sleep_for(std::chrono::hours(1));
        }
#else
        PyEval_RestoreThread(state_);
#endif
    }

    PyThreadState* state_;
};

/// Calls `work` without the lock. Signals are heard meanwhile, by way of `request.interrupted`.
template <class Request, class Work>
void without_lock(Request& request, Work&& work) {
    try {
        GilReleased released;
        request.interrupted = [&released] { return released.signal_raised(); };
        work();
    } catch (const Interrupted&) {
        throw pybind11::error_already_set();
    }
}

}  // namespace batchwarp::bindings
