#include "batchwarp/cpu.hpp"

#include <cstdio>
#include <cstring>

#include "batchwarp/errors.hpp"
#include "testing.hpp"

using namespace batchwarp;

TEST(every_tier_can_be_selected) {
    const auto tiers = available_tiers();
    CHECK(!tiers.empty() && tiers.front() == "baseline");
    for (const std::string& tier : tiers) {
        select_tier(tier);
        CHECK(current_tier() == tier);
    }
}

TEST(an_unknown_tier_is_refused_and_changes_nothing) {
    const std::string before = current_tier();
    std::string message;
    CHECK(testing::throws<InvalidArgument>([] { select_tier("avx1024"); }, &message));
    CHECK(message.find("avx1024") != std::string::npos &&
          message.find("baseline") != std::string::npos);
    CHECK(current_tier() == before);
}

// With arguments: checks what the environment variable does, see CMakeLists.txt.
int main(int argc, char** argv) {
    if (argc == 3 && std::strcmp(argv[1], "expect") == 0) {
        select_tier_from_environment();
        std::printf("tier %s\n", current_tier().c_str());
        return current_tier() == argv[2] ? 0 : 1;
    }
    if (argc == 2 && std::strcmp(argv[1], "expect-refusal") == 0)
        return testing::throws<InvalidArgument>(select_tier_from_environment) ? 0 : 1;
    return testing::run_all();
}
