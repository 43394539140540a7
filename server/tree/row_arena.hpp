/// Memory for the rows of one change set.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <vector>

namespace conclave::tree {

/// Gives out pieces of memory from large blocks and gives all of it back at once, when it is
/// destroyed: freeing the hundred thousand rows of a checkpoint one by one keeps the allocator
/// busy, and whoever else wants memory waiting, for tens of milliseconds. A piece that is released
/// is given out again to whoever wants that size. Pieces above `small_size_max` come from the heap,
/// and must be released.
///
/// Not thread-safe.
class row_arena {
public:
    static constexpr std::size_t small_size_max = 2048;

    /// What `allocate` really takes for that many octets.
    [[nodiscard]] static std::size_t rounded(std::size_t size) {
        return (size + alignment - 1) / alignment * alignment;
    }

    /// Uninitialised, aligned for 64-bit numbers. `size`: a multiple as from `rounded`, not zero.
    [[nodiscard]] char* allocate(std::size_t size);

    /// `size`: as given to `allocate`.
    void release(char* piece, std::size_t size);

private:
    static constexpr std::size_t alignment = 16;

    /// A released piece, in the list of its size.
    struct free_piece {
        free_piece* next;
    };

    [[nodiscard]] char* take_from_block(std::size_t size);

    std::vector<std::unique_ptr<char[]>> blocks_;
    char* next_ = nullptr; ///< in the last block
    std::size_t left_ = 0;
    std::array<free_piece*, small_size_max / alignment + 1> free_{};
};

} // namespace conclave::tree
