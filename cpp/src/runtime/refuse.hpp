// How arguments are refused: in words that name them.
#pragma once

#include <cstddef>
#include <sstream>
#include <string>
#include <string_view>

#include "batchwarp/errors.hpp"

namespace batchwarp {

/// @throws Error with the parts, one behind the other, as its text
template <class Error = InvalidArgument, class... Parts>
[[noreturn]] void refuse(const Parts&... parts) {
    std::ostringstream text;
    (text << ... << parts);
    throw Error(text.str());
}

/// @throws InvalidArgument naming an option, what it must be and what came
template <class T>
[[noreturn]] void refuse_option(const char* name, const T& received, const char* accepted) {
    refuse("`", name, "` must be ", accepted, ". Received: ", received);
}

/// The names of some things, one behind the other.
template <class Things, class Name>
std::string listed(const Things& things, Name&& name) {
    std::string text;
    for (const auto& thing : things)
        if (const char* next = name(thing); next != nullptr)
            text += (text.empty() ? "" : ", ") + std::string(next);
    return text;
}

/// The value of an enumeration whose name is `names[value]`.
///
/// @throws InvalidArgument for an unknown name
template <class Enum, std::size_t Count>
Enum from_name(const char* argument, std::string_view name, const char* const (&names)[Count]) {
    std::string accepted;
    for (std::size_t i = 0; i < Count; ++i) {
        if (name == names[i]) return static_cast<Enum>(i);
        accepted += std::string(i == 0 ? "\"" : ", \"") + names[i] + '"';
    }
    refuse("`", argument, "` must be one of ", accepted, ". Received: \"", name, '"');
}

}  // namespace batchwarp
