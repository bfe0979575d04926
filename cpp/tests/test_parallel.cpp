#include "batchwarp/parallel.hpp"

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <mutex>
#include <set>
#include <stdexcept>
#include <thread>

#include "batchwarp/errors.hpp"
#include "testing.hpp"

#if defined(__unix__)
#include <sys/wait.h>
#include <unistd.h>
#endif

using namespace batchwarp;

namespace {
const std::function<bool()> never;
}

TEST(each_task_runs_once) {
    for (const int threads : {1, 2, 3, 8})
        for (const std::int64_t count : {0, 1, 2, 7, 1000}) {
            set_num_threads(threads);
            std::vector<std::atomic<int>> hits(static_cast<std::size_t>(count));
            parallel_for(
                count, threads, [&](std::int64_t i) { ++hits[static_cast<std::size_t>(i)]; },
                never);
            for (const auto& hit : hits) CHECK(hit == 1);
        }
}

TEST(several_threads_take_part) {
    set_num_threads(3);
    std::mutex mutex;
    std::set<std::thread::id> seen;
    // Each of three tasks waits until all three run: this ends only if three threads work.
    std::atomic<int> inside{0};
    parallel_for(
        3, 3,
        [&](std::int64_t) {
            ++inside;
            while (inside < 3) std::this_thread::yield();
            const std::lock_guard lock(mutex);
            seen.insert(std::this_thread::get_id());
        },
        never);
    CHECK(seen.size() == 3);
}

TEST(the_first_exception_arrives_and_the_rest_is_cancelled) {
    for (const int threads : {1, 2, 4}) {
        set_num_threads(threads);
        std::atomic<int> ran{0};
        std::string message;
        CHECK(testing::throws<std::domain_error>(
            [&] {
                parallel_for(
                    100000, threads,
                    [&](std::int64_t i) {
                        ++ran;
                        if (i == 5) throw std::domain_error("task five");
                    },
                    never);
            },
            &message));
        CHECK(message == "task five");
        CHECK(ran < 100000);
        // The pool is as good as new.
        std::atomic<int> after{0};
        parallel_for(10, threads, [&](std::int64_t) { ++after; }, never);
        CHECK(after == 10);
    }
}

TEST(interruption_is_heard) {
    for (const int threads : {1, 2}) {
        set_num_threads(threads);
        std::atomic<bool> asked{false};
        CHECK(testing::throws<Interrupted>([&] {
            parallel_for(
                1 << 30, threads,
                [](std::int64_t) { std::this_thread::sleep_for(std::chrono::microseconds(100)); },
                [&] { return asked = true; });
        }));
        CHECK(asked);
    }
}

TEST(many_callers_at_once) {
    set_num_threads(2);
    std::atomic<std::int64_t> sum{0};
    std::vector<std::thread> callers;
    for (int c = 0; c < 6; ++c)
        callers.emplace_back([&] {
            for (int round = 0; round < 50; ++round)
                parallel_for(20, 2, [&](std::int64_t i) { sum += i; }, never);
        });
    for (std::thread& caller : callers) caller.join();
    CHECK(sum == 6 * 50 * 190);
}

TEST(a_task_may_start_a_batch_of_its_own) {
    set_num_threads(2);
    std::atomic<int> inner{0};
    parallel_for(
        4, 2, [&](std::int64_t) { parallel_for(5, 2, [&](std::int64_t) { ++inner; }, never); },
        never);
    CHECK(inner == 20);
}

TEST(the_size_may_change_between_batches) {
    for (int round = 0; round < 20; ++round) {
        set_num_threads(1 + round % 5);
        std::atomic<int> ran{0};
        parallel_for(50, num_threads(), [&](std::int64_t) { ++ran; }, never);
        CHECK(ran == 50);
    }
}

TEST(counts_are_checked) {
    CHECK(testing::throws<InvalidArgument>([] { set_num_threads(-1); }));
    CHECK(testing::throws<InvalidArgument>([] { set_num_threads(max_threads + 1); }));
    set_num_threads(0);
    CHECK(num_threads() >= 1);
}

// ThreadSanitizer does not follow forks; for the emulator see CMakeLists.txt.
#if defined(__unix__) && !defined(__SANITIZE_THREAD__) && !defined(BATCHWARP_EMULATED)
TEST(a_forked_child_makes_its_own_pool) {
    set_num_threads(2);
    std::atomic<int> ran{0};
    parallel_for(10, 2, [&](std::int64_t) { ++ran; }, never);
    const pid_t child = fork();
    if (child == 0) {
        std::atomic<int> mine{0};
        parallel_for(100, 2, [&](std::int64_t) { ++mine; }, never);
        _exit(mine == 100 ? 0 : 1);
    }
    int status = -1;
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    parallel_for(10, 2, [&](std::int64_t) { ++ran; }, never);
    CHECK(ran == 20);
}
#endif

// With arguments: checks what the environment variable does, see CMakeLists.txt.
int main(int argc, char** argv) {
    if (argc == 3 && std::strcmp(argv[1], "expect") == 0) {
        read_thread_environment();
        return num_threads() == std::atoi(argv[2]) ? 0 : 1;
    }
    if (argc == 2 && std::strcmp(argv[1], "expect-refusal") == 0)
        return testing::throws<InvalidArgument>(read_thread_environment) ? 0 : 1;
    return testing::run_all();
}
