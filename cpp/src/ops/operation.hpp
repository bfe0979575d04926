// What an operation owes: a type in the list of list.hpp with a description.
//
// Kernel files include the operations. So there is nothing of the standard library in their
// headers.
#pragma once

#include "batchwarp/operation.hpp"

namespace batchwarp::ops {

template <class T>
concept Operation = requires { static_cast<const Description&>(T::description); };

}  // namespace batchwarp::ops
