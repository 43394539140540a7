/// The rows of one table in a change set: a hash table over rows that never move.
#pragma once

#include "server/tree/row_arena.hpp"

#include <conclave/types.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

namespace conclave::tree {

/// A changed row: its head, with key and value behind it. Made and changed by `row_table` alone.
class changed_row {
public:
    changed_row(const changed_row&) = delete;
    changed_row& operator=(const changed_row&) = delete;

    /// Valid as long as the row is in its table.
    [[nodiscard]] bytes_view key() const {
        return {reinterpret_cast<const char*>(this + 1), key_size_};
    }

    /// Nothing: the row is to be erased. Valid until the row is next written.
    [[nodiscard]] std::optional<bytes_view> value() const {
        return has_value_ ? std::optional{bytes_view{value_, value_size_}} : std::nullopt;
    }

    [[nodiscard]] bool is_new() const { return is_new_; }

    void set_new(bool is_new) { is_new_ = is_new; }

private:
    friend class row_table;

    changed_row() = default;

    char* value_ = nullptr;
    std::uint32_t key_size_ = 0;
    std::uint32_t value_size_ = 0;
    std::uint32_t own_capacity_ = 0;  ///< for a value, right behind the key
    std::uint32_t away_capacity_ = 0; ///< of the piece elsewhere that holds the value; 0: none
    bool has_value_ = false;
    bool is_new_ = false;
};

/// Owner: a change set. Not thread-safe, but any number of threads may read.
///
/// One look-up touches one line of the table and, if the key is there, the row: with a node-based
/// map and strings it would be four places all over the heap.
class row_table {
public:
    /// `hash_seed` keeps clients from choosing keys that collide.
    explicit row_table(std::uint64_t hash_seed) : hash_seed_(hash_seed) {}

    row_table(const row_table&) = delete;
    row_table& operator=(const row_table&) = delete;
    ~row_table();

    [[nodiscard]] changed_row* find(bytes_view key) const;

    /// The row of that key, without a value if it was not there. `value_size`: room to be made for
    /// the value of a new row.
    changed_row& find_or_add(bytes_view key, std::size_t value_size);

    /// `value` must not be that of the row itself.
    void set_value(changed_row& of, bytes_view value);
    void reset_value(changed_row& of);

    /// Removes a row of this table.
    void remove(changed_row& row);

    [[nodiscard]] std::size_t row_count() const { return row_count_; }

    /// Octets of memory in use, within some percent.
    [[nodiscard]] std::size_t size() const { return size_; }

    template <class Visit>
    void for_each(Visit visit) const {
        for (const segment& part : segments_) {
            for (const slot& each : part.slots) {
                if (each.row != nullptr) {
                    visit(*each.row);
                }
            }
        }
    }

private:
    /// The hash stands beside the row, so that passing by a slot does not touch its row.
    struct slot {
        std::uint64_t hash = 0;
        changed_row* row = nullptr;
    };

    /// Segments grow one at a time: growing a whole table of 100,000 rows at once held up every
    /// client for 15 ms.
    struct segment {
        std::vector<slot> slots; ///< a power of two, at most three quarters in use, linear probing
        std::size_t row_count = 0;

        [[nodiscard]] std::size_t index_of(std::uint64_t hash, bytes_view key) const;
        void grow();
    };

    static constexpr unsigned segment_bits = 6;

    [[nodiscard]] std::uint64_t hash_of(bytes_view key) const;

    /// By the high bits; the place within a segment is by the low ones.
    [[nodiscard]] static std::size_t segment_of(std::uint64_t hash) {
        return hash >> (64 - segment_bits);
    }

    changed_row& make(bytes_view key, std::size_t value_size);
    void release_away(changed_row& of);

    std::uint64_t hash_seed_;
    std::array<segment, std::size_t{1} << segment_bits> segments_;
    std::size_t row_count_ = 0;
    std::size_t size_ = 0;
    std::size_t large_count_ = 0; ///< pieces that the arena does not free by itself
    row_arena arena_;
};

} // namespace conclave::tree
