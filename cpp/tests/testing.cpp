#include "testing.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>

namespace testing {
namespace {

std::vector<Case>& cases() {
    static std::vector<Case> all;
    return all;
}

int failed_checks = 0;

}  // namespace

Registration::Registration(const char* name, std::function<void()> body) {
    cases().push_back({name, std::move(body)});
}

void fail(const char* file, int line, const std::string& what) {
    ++failed_checks;
    if (failed_checks <= 20) std::printf("%s:%d: %s\n", file, line, what.c_str());
}

int failures() { return failed_checks; }

bool sampled() {
    static const long fewer = [] {
        const char* given = std::getenv("BATCHWARP_TEST_SAMPLING");
        return given == nullptr ? 1L : std::clamp(std::strtol(given, nullptr, 10), 1L, 100'000L);
    }();
    static long calls = 0;
    return calls++ % (sampling * fewer) == 0;
}

int run_all() {
    int failed_tests = 0;
    for (const Case& test : cases()) {
        failed_checks = 0;
        try {
            test.body();
        } catch (const std::exception& error) {
            fail(test.name, 0, std::string("threw ") + error.what());
        }
        if (failed_checks != 0) {
            ++failed_tests;
            std::printf("FAILED %s: %d checks\n", test.name, failed_checks);
        } else {
            std::printf("passed %s\n", test.name);
        }
    }
    std::printf("%zu tests, %d failed\n", cases().size(), failed_tests);
    return cases().empty() || failed_tests != 0 ? 1 : 0;
}

}  // namespace testing
