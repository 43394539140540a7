#include "server/tree/row_table.hpp"

#include <conclave/assert.hpp>

#include <xxhash.h>

#include <algorithm>
#include <limits>
#include <new>
#include <utility>

namespace conclave::tree {

namespace {

constexpr std::size_t slot_count_min = 8; // of a segment

/// Slots that a row takes on average.
constexpr std::size_t row_overhead = 32;

std::size_t row_size(std::size_t key_size, std::size_t own_capacity) {
    return sizeof(changed_row) + key_size + own_capacity;
}

/// A piece that is much too large is given back.
bool suits(std::size_t capacity, std::size_t size) {
    return size <= capacity && size >= capacity / 2;
}

} // namespace

row_table::~row_table() {
    if (large_count_ != 0) {
        for_each([this](changed_row& each) {
            release_away(each);
            const std::size_t size = row_size(each.key_size_, each.own_capacity_);
            if (size > row_arena::small_size_max) {
                arena_.release(reinterpret_cast<char*>(&each), size);
            }
        });
    }
}

std::uint64_t row_table::hash_of(bytes_view key) const {
    return XXH3_64bits_withSeed(key.data(), key.size(), hash_seed_);
}

/// Where the key is, or where it would go. Precondition: there are slots.
std::size_t row_table::segment::index_of(std::uint64_t hash, bytes_view key) const {
    const std::size_t mask = slots.size() - 1;
    std::size_t index = hash & mask;
    while (slots[index].row != nullptr &&
           (slots[index].hash != hash || slots[index].row->key() != key)) {
        index = (index + 1) & mask;
    }
    return index;
}

changed_row* row_table::find(bytes_view key) const {
    const std::uint64_t hash = hash_of(key);
    const segment& part = segments_[segment_of(hash)];
    return part.slots.empty() ? nullptr : part.slots[part.index_of(hash, key)].row;
}

changed_row& row_table::find_or_add(bytes_view key, std::size_t value_size) {
    const std::uint64_t hash = hash_of(key);
    segment& part = segments_[segment_of(hash)];
    if ((part.row_count + 1) * 4 > part.slots.size() * 3) {
        part.grow();
    }
    slot& place = part.slots[part.index_of(hash, key)];
    if (place.row == nullptr) {
        place = {hash, &make(key, value_size)};
        ++part.row_count;
        ++row_count_;
    }
    return *place.row;
}

changed_row& row_table::make(bytes_view key, std::size_t value_size) {
    // A large value is apart, so that its room can be given back when it shrinks.
    const std::size_t fixed = row_size(key.size(), 0);
    const bool is_large = fixed + value_size > row_arena::small_size_max;
    const std::size_t size = row_arena::rounded(fixed + (is_large ? 0 : value_size));
    char* const piece = arena_.allocate(size);
    auto* const made = new (piece) changed_row;
    made->key_size_ = static_cast<std::uint32_t>(key.size());
    made->own_capacity_ = static_cast<std::uint32_t>(size - fixed);
    key.copy(piece + sizeof(changed_row), key.size());
    large_count_ += size > row_arena::small_size_max ? 1 : 0;
    size_ += size + row_overhead;
    return *made;
}

void row_table::set_value(changed_row& of, bytes_view value) {
    CONCLAVE_ASSERT(value.size() <= std::numeric_limits<std::int32_t>::max());
    if (value.size() <= of.own_capacity_) {
        release_away(of);
        of.value_ = reinterpret_cast<char*>(&of + 1) + of.key_size_;
    } else if (!suits(of.away_capacity_, value.size())) {
        release_away(of);
        const std::size_t size = row_arena::rounded(value.size());
        of.value_ = arena_.allocate(size);
        of.away_capacity_ = static_cast<std::uint32_t>(size);
        large_count_ += size > row_arena::small_size_max ? 1 : 0;
        size_ += size;
    }
    value.copy(of.value_, value.size());
    of.value_size_ = static_cast<std::uint32_t>(value.size());
    of.has_value_ = true;
}

void row_table::reset_value(changed_row& of) {
    release_away(of);
    of.has_value_ = false;
}

void row_table::release_away(changed_row& of) {
    const std::size_t size = std::exchange(of.away_capacity_, 0);
    if (size != 0) {
        arena_.release(of.value_, size);
        large_count_ -= size > row_arena::small_size_max ? 1 : 0;
        size_ -= size;
    }
}

void row_table::remove(changed_row& row) {
    const std::uint64_t hash = hash_of(row.key());
    segment& part = segments_[segment_of(hash)];
    std::vector<slot>& slots = part.slots;
    const std::size_t mask = slots.size() - 1;
    std::size_t hole = part.index_of(hash, row.key());
    CONCLAVE_ASSERT(slots[hole].row == &row);
    slots[hole] = {};
    --part.row_count;
    --row_count_;
    // Rows behind the hole that would have stood in it move up, so that they are found again.
    for (std::size_t index = (hole + 1) & mask; slots[index].row != nullptr;
         index = (index + 1) & mask) {
        const std::size_t distance = (index - slots[index].hash) & mask;
        if (distance >= ((index - hole) & mask)) {
            slots[hole] = std::exchange(slots[index], {});
            hole = index;
        }
    }
    release_away(row);
    const std::size_t size = row_size(row.key_size_, row.own_capacity_);
    large_count_ -= size > row_arena::small_size_max ? 1 : 0;
    size_ -= size + row_overhead;
    arena_.release(reinterpret_cast<char*>(&row), size);
}

void row_table::segment::grow() {
    std::vector<slot> smaller(std::max(slot_count_min, slots.size() * 2));
    smaller.swap(slots);
    const std::size_t mask = slots.size() - 1;
    for (const slot& each : smaller) {
        if (each.row != nullptr) {
            std::size_t index = each.hash & mask;
            while (slots[index].row != nullptr) {
                index = (index + 1) & mask;
            }
            slots[index] = each;
        }
    }
}

} // namespace conclave::tree
