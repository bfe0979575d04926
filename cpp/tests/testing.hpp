// A test runner of a page, so that the core's tests build wherever a C++20 compiler is, cross
// compilers and sanitizers included, without anything to install.
#pragma once

#include <cmath>
#include <functional>
#include <sstream>
#include <string>
#include <vector>

namespace testing {

struct Case {
    const char* name;
    std::function<void()> body;
};

/// Registers a test; used by TEST.
struct Registration {
    Registration(const char* name, std::function<void()> body);
};

/// Records a failure of the running test and prints it; the test goes on.
void fail(const char* file, int line, const std::string& what);
/// Failures of the running test so far.
int failures();

/// Runs every test of this program. Returns 0 if all passed and at least one ran.
int run_all();

// Sanitizers and emulators slow tests down many times over: sweeps take a sample of their cases.
// One that looks at threads only needs the fewest.
#if defined(__SANITIZE_THREAD__)
inline constexpr int sampling = 23;
#elif defined(__SANITIZE_ADDRESS__)
inline constexpr int sampling = 13;
#elif defined(BATCHWARP_EMULATED)
inline constexpr int sampling = 11;
#else
inline constexpr int sampling = 1;
#endif

/// Whether this case of a sweep is to run. BATCHWARP_TEST_SAMPLING=N leaves one in N of those, for
/// tools that slow a finished program down.
bool sampled();

template <class E, class F>
bool throws(F&& body, std::string* message = nullptr) {
    try {
        body();
    } catch (const E& error) {
        if (message != nullptr) *message = error.what();
        return true;
    }
    return false;
}

}  // namespace testing

#define TEST(name)                                                       \
    static void name();                                                  \
    static const testing::Registration registration_##name(#name, name); \
    static void name()

#define CHECK(condition)                                                 \
    do {                                                                 \
        if (!(condition)) testing::fail(__FILE__, __LINE__, #condition); \
    } while (false)

#define CHECK_NEAR(a, b, tolerance)                                                   \
    do {                                                                              \
        const double a_ = static_cast<double>(a), b_ = static_cast<double>(b);        \
        if (!(std::abs(a_ - b_) <= (tolerance))) {                                    \
            std::ostringstream text_;                                                 \
            text_ << #a << " = " << a_ << ", " << #b << " = " << b_ << ", tolerance " \
                  << (tolerance);                                                     \
            testing::fail(__FILE__, __LINE__, text_.str());                           \
        }                                                                             \
    } while (false)
