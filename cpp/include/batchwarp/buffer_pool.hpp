// Memory for batches that is used again and again.
#pragma once

#include <cstddef>
#include <memory>

namespace batchwarp {

/// Keeps the memory of batches that nobody holds any more for the batches to come. New memory comes
/// from the system page by page, each cleared first, which takes about as long as filling it.
///
/// Copies of a pool share what it keeps, and blocks may outlive all copies. Any number of threads
/// may take and drop blocks. There is no lock, so that none can be left taken in a forked child.
class BufferPool {
    struct Memory;
    class FreeList;

  public:
    /// Of every block: a cache line, and what TensorFlow and JAX ask of an array to share it.
    static constexpr std::size_t alignment = 64;
    /// Beyond these, blocks are given back to the system; but one of any size is always kept.
    static constexpr int max_idle_blocks = 8;
    static constexpr std::size_t max_idle_bytes = std::size_t{256} << 20;

    /// Memory that belongs to whoever holds this object, and goes back to the pool with it.
    class Block {
      public:
        Block(Block&&) noexcept;
        Block& operator=(Block&&) = delete;
        ~Block();

        std::byte* data() const noexcept;

      private:
        friend class BufferPool;
        Block(std::unique_ptr<Memory> memory, std::shared_ptr<FreeList> free_list) noexcept;

        std::unique_ptr<Memory> memory_;
        std::shared_ptr<FreeList> free_list_;
    };

    BufferPool();

    /// @param size  in bytes; 0 is a block, too
    /// @returns a block of at least this size with arbitrary content
    /// @throws std::bad_alloc
    Block take(std::size_t size) const;

    /// Bytes that are kept for blocks to come.
    std::size_t idle_bytes() const noexcept;

  private:
    std::shared_ptr<FreeList> free_list_;
};

}  // namespace batchwarp
