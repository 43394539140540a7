#include "server/tree/change_set.hpp"

#include <algorithm>
#include <vector>

namespace conclave::tree {

namespace {

/// A node of the ordered index.
constexpr std::size_t index_overhead = 64;

} // namespace

change_set::change_set(std::uint64_t hash_seed)
    : tables_{
          changed_table{row_table{hash_seed}, {}},
          changed_table{row_table{hash_seed}, {}},
          changed_table{row_table{hash_seed}, {}},
          changed_table{row_table{hash_seed}, {}},
          changed_table{row_table{hash_seed}, {}}} {
    static_assert(table_count == 5, "each table needs its seed");
}

void change_set::for_each(table in, function_ref<void(bytes_view key, const row& value)> visit)
    const {
    const row_table& rows = changes_of(in).rows;
    std::vector<const changed_row*> ordered;
    ordered.reserve(rows.row_count());
    rows.for_each([&](const changed_row& each) { ordered.push_back(&each); });
    std::sort(ordered.begin(), ordered.end(), [](const auto* left, const auto* right) {
        return left->key() < right->key();
    });
    for (const changed_row* each : ordered) {
        visit(each->key(), each->value());
    }
}

std::optional<change_set::row> change_set::find(table in, bytes_view key) const {
    const changed_row* found = changes_of(in).rows.find(key);
    return found == nullptr ? std::nullopt : std::optional<row>{found->value()};
}

std::size_t change_set::row_count() const {
    std::size_t count = 0;
    for (const changed_table& changed : tables_) {
        count += changed.rows.row_count();
    }
    return count;
}

std::size_t change_set::size() const {
    std::size_t sum = 0;
    for (const changed_table& changed : tables_) {
        sum += changed.rows.size() + changed.added.size() * index_overhead;
    }
    return sum;
}

void change_set::assign(table in, bytes_view key, bytes_view value, below state) {
    changed_table& changed = changes_of(in);
    const std::size_t row_count_before = changed.rows.row_count();
    changed_row& target = changed.rows.find_or_add(key, value.size());
    const bool is_first_change = changed.rows.row_count() != row_count_before;
    if (is_first_change) {
        target.set_new(state == below::absent);
    }
    if (!target.value() && (!is_first_change || state != below::present)) {
        changed.added.insert(target.key());
    }
    changed.rows.set_value(target, value);
}

void change_set::erase(table in, bytes_view key) {
    changed_table& changed = changes_of(in);
    changed_row& target = changed.rows.find_or_add(key, 0);
    if (!target.value()) {
        return;
    }
    changed.added.erase(target.key());
    if (target.is_new()) {
        changed.rows.remove(target);
    } else {
        changed.rows.reset_value(target);
    }
}

void change_set::put_under(const change_set& older) {
    for (std::size_t index = 0; index < table_count; ++index) {
        changed_table& changed = tables_[index];
        const changed_table& older_table = older.tables_[index];
        older_table.rows.for_each([&](const changed_row& older_row) {
            const std::optional<bytes_view> older_value = older_row.value();
            const std::size_t row_count_before = changed.rows.row_count();
            changed_row& target =
                changed.rows.find_or_add(older_row.key(), older_value ? older_value->size() : 0);
            // Whether the older rows reached the disk is not known for certain, so nothing counts
            // as new any more.
            target.set_new(false);
            if (changed.rows.row_count() != row_count_before && older_value) {
                changed.rows.set_value(target, *older_value);
            }
            if (target.value() && older_table.added.contains(older_row.key())) {
                changed.added.insert(target.key());
            }
        });
    }
}

} // namespace conclave::tree
