#include "server/tree/change_set.hpp"

#include <xxhash.h>

#include <algorithm>
#include <vector>

namespace conclave::tree {

namespace {

/// What the allocator takes for a text of that size (glibc: a header of 8 octets, steps of 16;
/// short texts are inside the string object).
constexpr std::size_t heap_size(std::size_t text_size) {
    constexpr std::size_t inline_size = 15;
    return text_size <= inline_size ? 0 : (text_size + 1 + 8 + 15) / 16 * 16;
}

/// A hash node with its bucket, and a node of the ordered index; both without the text.
constexpr std::size_t row_overhead = 112 + 8;
constexpr std::size_t index_overhead = 64;

std::size_t value_size(const change_set::row& value) {
    return value ? heap_size(value->size()) : 0;
}

} // namespace

std::size_t change_set::key_hash::operator()(bytes_view key) const {
    return XXH3_64bits_withSeed(key.data(), key.size(), seed);
}

change_set::change_set(std::uint64_t hash_seed)
    : tables_{
          changed_table{row_map{0, key_hash{hash_seed}}, {}},
          changed_table{row_map{0, key_hash{hash_seed}}, {}},
          changed_table{row_map{0, key_hash{hash_seed}}, {}},
          changed_table{row_map{0, key_hash{hash_seed}}, {}},
          changed_table{row_map{0, key_hash{hash_seed}}, {}}} {
    static_assert(table_count == 5, "each table needs its seed");
}

void change_set::for_each(table in, function_ref<void(bytes_view key, const row& value)> visit)
    const {
    const row_map& rows = changes_of(in).rows;
    std::vector<const row_map::value_type*> ordered;
    ordered.reserve(rows.size());
    for (const auto& changed : rows) {
        ordered.push_back(&changed);
    }
    std::sort(ordered.begin(), ordered.end(), [](const auto* left, const auto* right) {
        return left->first < right->first;
    });
    for (const auto* changed : ordered) {
        visit(changed->first, changed->second.value);
    }
}

const change_set::row* change_set::find(table in, bytes_view key) const {
    const row_map& rows = changes_of(in).rows;
    const auto found = rows.find(key);
    return found == rows.end() ? nullptr : &found->second.value;
}

std::size_t change_set::row_count() const {
    std::size_t count = 0;
    for (const changed_table& changed : tables_) {
        count += changed.rows.size();
    }
    return count;
}

void change_set::assign(table in, bytes_view key, bytes value, below state) {
    changed_table& changed = changes_of(in);
    auto found = changed.rows.find(key);
    const bool is_first_change = found == changed.rows.end();
    if (is_first_change) {
        found = changed.rows.emplace(bytes{key}, changed_row{}).first;
        found->second.is_new = state == below::absent;
        size_ += row_overhead + heap_size(key.size());
    }
    changed_row& target = found->second;
    if (!target.value && (!is_first_change || state != below::present)) {
        add_to_index(changed, found->first);
    }
    size_ -= value_size(target.value);
    target.value = std::move(value);
    size_ += value_size(target.value);
}

void change_set::erase(table in, bytes_view key) {
    changed_table& changed = changes_of(in);
    const auto found = changed.rows.find(key);
    if (found == changed.rows.end()) {
        changed.rows.emplace(bytes{key}, changed_row{});
        size_ += row_overhead + heap_size(key.size());
        return;
    }
    size_ -= value_size(found->second.value);
    remove_from_index(changed, found->first);
    if (found->second.is_new) {
        size_ -= row_overhead + heap_size(key.size());
        changed.rows.erase(found);
    } else {
        found->second.value.reset();
    }
}

void change_set::put_under(const change_set& older) {
    for (std::size_t index = 0; index < table_count; ++index) {
        changed_table& changed = tables_[index];
        for (const auto& [key, older_row] : older.tables_[index].rows) {
            const auto [target, is_missing] = changed.rows.try_emplace(key);
            // Whether the older rows reached the disk is not known for certain, so nothing counts
            // as new any more.
            target->second.is_new = false;
            if (is_missing) {
                target->second.value = older_row.value;
                size_ += row_overhead + heap_size(key.size()) + value_size(older_row.value);
            }
            if (target->second.value && older.tables_[index].added.contains(key)) {
                add_to_index(changed, target->first);
            }
        }
    }
}

void change_set::add_to_index(changed_table& changed, bytes_view key) {
    if (changed.added.insert(key).second) {
        size_ += index_overhead;
    }
}

void change_set::remove_from_index(changed_table& changed, bytes_view key) {
    if (changed.added.erase(key) > 0) {
        size_ -= index_overhead;
    }
}

} // namespace conclave::tree
