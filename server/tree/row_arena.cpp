#include "server/tree/row_arena.hpp"

#include <algorithm>
#include <new>

namespace conclave::tree {

namespace {

/// The first block is small, because most sets of a quiet server are.
constexpr std::size_t block_size_min = std::size_t{4} << 10;
constexpr std::size_t block_size_max = std::size_t{64} << 10;

} // namespace

char* row_arena::allocate(std::size_t size) {
    if (size > small_size_max) {
        return static_cast<char*>(::operator new(size));
    }
    free_piece*& reusable = free_[size / alignment];
    if (reusable == nullptr) {
        return take_from_block(size);
    }
    free_piece* const piece = reusable;
    reusable = piece->next;
    return reinterpret_cast<char*>(piece);
}

char* row_arena::take_from_block(std::size_t size) {
    if (left_ < size) {
        // What is left of the last block is lost: less than a piece of the largest size.
        const std::size_t doublings = std::min<std::size_t>(blocks_.size(), 4);
        const std::size_t block_size = std::min(block_size_min << doublings, block_size_max);
        blocks_.emplace_back(new char[block_size]);
        next_ = blocks_.back().get();
        left_ = block_size;
    }
    char* const piece = next_;
    next_ += size;
    left_ -= size;
    return piece;
}

void row_arena::release(char* piece, std::size_t size) {
    if (size > small_size_max) {
        ::operator delete(piece);
        return;
    }
    free_[size / alignment] = new (piece) free_piece{free_[size / alignment]};
}

} // namespace conclave::tree
