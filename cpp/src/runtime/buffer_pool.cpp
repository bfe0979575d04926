#include "batchwarp/buffer_pool.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <limits>
#include <new>
#include <utility>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace batchwarp {
namespace {

#if defined(__linux__)
// Large blocks are mapped by themselves: they begin where a huge page does, and dropping one gives
// its memory back, which the allocator of the C library may put off.
constexpr std::size_t huge_page = std::size_t{2} << 20;
constexpr std::size_t mapped_from = 2 * huge_page;
constexpr std::size_t page = std::size_t{64} << 10;  // a multiple of any that Linux runs with

std::byte* map(std::size_t size) {
    const std::size_t reserved = size + huge_page;
    void* const found =
        mmap(nullptr, reserved, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (found == MAP_FAILED) throw std::bad_alloc();
    auto* const first = static_cast<std::byte*>(found);
    const std::size_t before = (huge_page - reinterpret_cast<std::uintptr_t>(first)) % huge_page;
    const std::size_t after = huge_page - before;
    if (before != 0) munmap(first, before);
    munmap(first + before + size, after);
    // Fewer page faults where the system has huge pages; nothing is lost where it has none.
    madvise(first + before, size, MADV_HUGEPAGE);
    return first + before;
}

void unmap(std::byte* data, std::size_t size) noexcept { munmap(data, size); }
#else
constexpr std::size_t mapped_from = std::numeric_limits<std::size_t>::max();
constexpr std::size_t page = BufferPool::alignment;

std::byte* map(std::size_t) { throw std::bad_alloc(); }
void unmap(std::byte*, std::size_t) noexcept {}
#endif

std::size_t rounded(std::size_t size) {
    if (size > std::numeric_limits<std::size_t>::max() / 4) throw std::bad_alloc();
    const std::size_t step = size >= mapped_from ? page : BufferPool::alignment;
    return std::max((size + step - 1) / step * step, step);
}

std::byte* allocate(std::size_t size) {
    if (size >= mapped_from) return map(size);
    return static_cast<std::byte*>(::operator new(size, std::align_val_t{BufferPool::alignment}));
}

void release(std::byte* data, std::size_t size) noexcept {
    if (size >= mapped_from)
        unmap(data, size);
    else
        ::operator delete(data, std::align_val_t{BufferPool::alignment});
}

}  // namespace

struct BufferPool::Memory {
    explicit Memory(std::size_t wanted) : size(rounded(wanted)), data(allocate(size)) {}
    Memory(const Memory&) = delete;
    Memory& operator=(const Memory&) = delete;
    ~Memory() { release(data, size); }

    const std::size_t size;
    std::byte* const data;
};

// The idle blocks. A place is emptied or filled by one atomic exchange, so whoever got a block out
// of it is alone with that block.
class BufferPool::FreeList {
  public:
    FreeList() = default;
    FreeList(const FreeList&) = delete;
    FreeList& operator=(const FreeList&) = delete;
    ~FreeList() {
        for (auto& place : places_) delete place.load();
    }

    // Returns null if there is none of this size. Smaller ones that it meets are dropped: batches
    // of a flow are of one size but for the last, and a place must not be blocked for ever.
    std::unique_ptr<Memory> get(std::size_t size) noexcept {
        for (auto& place : places_) {
            if (place.load(std::memory_order_relaxed) == nullptr) continue;
            std::unique_ptr<Memory> found(place.exchange(nullptr));
            if (!found) continue;
            bytes_ -= found->size;
            if (found->size >= size) return found;
        }
        return nullptr;
    }

    void put(std::unique_ptr<Memory> memory) noexcept {
        const std::size_t size = memory->size;
        const std::size_t others = bytes_.fetch_add(size);
        if (others == 0 || others + size <= max_idle_bytes) {
            Memory* const kept = memory.release();
            for (auto& place : places_)
                if (Memory* expected = nullptr; place.compare_exchange_strong(expected, kept))
                    return;
            memory.reset(kept);  // all places are taken
        }
        bytes_ -= size;
    }

    std::size_t bytes() const noexcept { return bytes_; }

  private:
    std::array<std::atomic<Memory*>, max_idle_blocks> places_{};
    std::atomic<std::size_t> bytes_{0};
};

BufferPool::Block::Block(std::unique_ptr<Memory> memory,
                         std::shared_ptr<FreeList> free_list) noexcept
    : memory_(std::move(memory)), free_list_(std::move(free_list)) {}

BufferPool::Block::Block(Block&&) noexcept = default;

BufferPool::Block::~Block() {
    if (memory_) free_list_->put(std::move(memory_));
}

std::byte* BufferPool::Block::data() const noexcept { return memory_->data; }

BufferPool::BufferPool() : free_list_(std::make_shared<FreeList>()) {}

BufferPool::Block BufferPool::take(std::size_t size) const {
    std::unique_ptr<Memory> memory = free_list_->get(size);
    if (!memory) memory = std::make_unique<Memory>(size);
#ifdef BATCHWARP_POISON_SCRATCH  // sanitizer builds: what is not written must not look written
    std::memset(memory->data, 0xff, size);
#endif
    return {std::move(memory), free_list_};
}

std::size_t BufferPool::idle_bytes() const noexcept { return free_list_->bytes(); }

}  // namespace batchwarp
