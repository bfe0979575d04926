// Exceptions thrown by the core. The bindings translate them into Python's.
#pragma once

#include <stdexcept>
#include <string>

namespace batchwarp {

/// An argument has a value that the core cannot work with (Python: ValueError).
class InvalidArgument : public std::invalid_argument {
  public:
    using std::invalid_argument::invalid_argument;
};

/// An index is outside of the batch it selects from (Python: IndexError).
class IndexOutOfRange : public std::out_of_range {
  public:
    using std::out_of_range::out_of_range;
};

/// The caller's `interrupted` callback asked to stop; the output is incomplete.
class Interrupted : public std::runtime_error {
  public:
    Interrupted() : std::runtime_error("interrupted") {}
};

}  // namespace batchwarp
