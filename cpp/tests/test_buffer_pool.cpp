#include "batchwarp/buffer_pool.hpp"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <limits>
#include <new>
#include <optional>
#include <set>
#include <thread>
#include <vector>

#include "testing.hpp"

#if defined(__unix__)
#include <sys/wait.h>
#include <unistd.h>
#endif

using namespace batchwarp;

namespace {

constexpr std::size_t mebibyte = std::size_t{1} << 20;

bool aligned(const std::byte* data, std::size_t to) {
    return reinterpret_cast<std::uintptr_t>(data) % to == 0;
}

// Fills a block, lets other threads run, and looks whether it is still as it was filled.
bool is_mine_alone(const BufferPool& pool, std::size_t size, unsigned char mark) {
    const BufferPool::Block block = pool.take(size);
    std::memset(block.data(), mark, size);
    std::this_thread::yield();
    for (std::size_t i = 0; i < size; ++i)
        if (block.data()[i] != std::byte{mark}) return false;
    return true;
}

}  // namespace

TEST(blocks_are_aligned_and_can_be_written_to_the_last_byte) {
    const BufferPool pool;
    for (const std::size_t size :
         {std::size_t{0}, std::size_t{1}, std::size_t{63}, std::size_t{64}, std::size_t{100352},
          4 * mebibyte - 1, 4 * mebibyte, 4 * mebibyte + 1, 19 * mebibyte + 7}) {
        const BufferPool::Block block = pool.take(size);
        CHECK(aligned(block.data(), BufferPool::alignment));
        std::memset(block.data(), 1, size);
#if defined(__linux__)
        CHECK(size < 4 * mebibyte || aligned(block.data(), 2 * mebibyte));
#endif
    }
}

TEST(a_dropped_block_is_used_again) {
    const BufferPool pool;
    for (const std::size_t size : {std::size_t{1000}, 9 * mebibyte}) {
        const std::byte* first = nullptr;
        {
            const BufferPool::Block block = pool.take(size);
            first = block.data();
            CHECK(pool.idle_bytes() == 0);
        }
        CHECK(pool.idle_bytes() >= size);
        const BufferPool::Block smaller = pool.take(size / 2);
        CHECK(smaller.data() == first);
        const BufferPool::Block other = pool.take(size / 2);
        CHECK(other.data() != first);
    }
}

TEST(a_block_that_is_too_small_makes_room) {
    const BufferPool pool;
    {
        const BufferPool::Block small = pool.take(100);
    }
    {
        const BufferPool::Block large = pool.take(1000);
    }
    CHECK(pool.idle_bytes() >= 1000);
    CHECK(pool.idle_bytes() < 1100);
}

TEST(moving_a_block_moves_its_memory) {
    const BufferPool pool;
    BufferPool::Block first = pool.take(100);
    const std::byte* const data = first.data();
    {
        const BufferPool::Block second = std::move(first);
        CHECK(second.data() == data);
        CHECK(pool.idle_bytes() == 0);
    }
    CHECK(pool.idle_bytes() > 0);
    CHECK(pool.take(100).data() == data);
}

TEST(blocks_outlive_their_pool) {
    auto pool = std::make_optional<BufferPool>();
    const BufferPool::Block block = pool->take(1000);
    {
        const BufferPool copy = *pool;
        pool.reset();
        std::memset(block.data(), 7, 1000);
        {
            const BufferPool::Block other = copy.take(500);
        }
        CHECK(copy.idle_bytes() >= 500);
    }
    CHECK(block.data()[999] == std::byte{7});
}

TEST(what_is_kept_is_bounded) {
    const BufferPool pool;
    const struct {
        std::size_t size;
        int count;
    } cases[] = {{1024, 2 * BufferPool::max_idle_blocks}, {40 * mebibyte, 8}, {300 * mebibyte, 2}};
    for (const auto& [size, count] : cases) {
        {
            std::vector<BufferPool::Block> blocks;
            std::set<const std::byte*> different;
            for (int i = 0; i < count; ++i) {
                blocks.push_back(pool.take(size));
                different.insert(blocks.back().data());
            }
            CHECK(different.size() == blocks.size());
        }
        CHECK(pool.idle_bytes() >= size);
        CHECK(pool.idle_bytes() <= BufferPool::max_idle_blocks * size);
        CHECK(pool.idle_bytes() <= std::max(size, BufferPool::max_idle_bytes));
    }
}

TEST(what_cannot_be_had_is_refused) {
    const BufferPool pool;
    {
        const BufferPool::Block block = pool.take(1000);
    }
    for (const std::size_t size :
         {std::numeric_limits<std::size_t>::max(), std::numeric_limits<std::size_t>::max() / 8})
        CHECK(testing::throws<std::bad_alloc>([&] { pool.take(size); }));
    const BufferPool::Block block = pool.take(1000);
    std::memset(block.data(), 1, 1000);
}

TEST(no_block_has_two_owners) {
    const BufferPool pool;
    std::atomic<int> wrong{0};
    std::vector<std::thread> threads;
    for (unsigned char number = 0; number < 8; ++number)
        threads.emplace_back([&, number] {
            for (std::size_t round = 0; round < 2000; ++round)
                if (!is_mine_alone(pool, 100 + round % 3 * 50, number)) ++wrong;
        });
    for (std::thread& thread : threads) thread.join();
    CHECK(wrong == 0);
    CHECK(pool.idle_bytes() <= BufferPool::max_idle_blocks * 256);
}

// ThreadSanitizer does not follow forks; for the emulator see CMakeLists.txt.
#if defined(__unix__) && !defined(__SANITIZE_THREAD__) && !defined(BATCHWARP_EMULATED)
TEST(a_child_forked_from_busy_threads_takes_blocks) {
    const BufferPool pool;
    std::atomic<bool> stop{false};
    std::vector<std::thread> threads;
    for (int number = 0; number < 2; ++number)
        threads.emplace_back([&] {
            // Large enough to be mapped: the child of a fork must not need the C library's locks.
            while (!stop) {
                const BufferPool::Block block = pool.take(5 * mebibyte);
            }
        });
    for (int round = 0; round < 20; ++round) {
        const pid_t child = fork();
        if (child == 0) {
            bool good = true;
            for (int i = 0; i < 3; ++i) good = good && is_mine_alone(pool, 5 * mebibyte, 3);
            _exit(good ? 0 : 1);
        }
        int status = -1;
        CHECK(waitpid(child, &status, 0) == child);
        CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    stop = true;
    for (std::thread& thread : threads) thread.join();
}
#endif

int main() { return testing::run_all(); }
