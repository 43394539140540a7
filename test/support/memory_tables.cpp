#include "test/support/memory_tables.hpp"

#include "conclave/assert.hpp"
#include "conclave/jute.hpp"

namespace conclave::test {

namespace {

std::size_t index_of(tree::table which) {
    return static_cast<std::size_t>(which);
}

} // namespace

std::optional<bytes_view> memory_tables::get(tree::table in, bytes_view key) const {
    const row_map& rows = visible_[index_of(in)];
    const auto found = rows.find(key);
    return found == rows.end() ? std::nullopt : std::optional<bytes_view>{found->second};
}

void memory_tables::scan(
    tree::table in, bytes_view prefix, function_ref<bool(bytes_view key, bytes_view value)> visit
) const {
    const row_map& rows = visible_[index_of(in)];
    for (auto next = rows.lower_bound(prefix);
         next != rows.end() && bytes_view{next->first}.starts_with(prefix);
         ++next) {
        if (!visit(next->first, next->second)) {
            return;
        }
    }
}

void memory_tables::refresh() {
    for (std::size_t index = 0; index < tree::table_count; ++index) {
        for (auto& [key, value] : committed_[index]) {
            if (value) {
                visible_[index].insert_or_assign(key, *std::move(value));
            } else {
                visible_[index].erase(key);
            }
        }
        committed_[index].clear();
    }
}

void memory_tables::commit(const tree::change_set& changes) {
    for (std::size_t index = 0; index < tree::table_count; ++index) {
        changes.for_each(
            static_cast<tree::table>(index),
            [&](bytes_view key, const tree::change_set::row& value) {
                committed_[index].insert_or_assign(
                    bytes{key}, value ? std::optional<bytes>{*value} : std::nullopt
                );
            }
        );
    }
    ++commit_count_;
}

bytes memory_tables::dump() const {
    memory_tables newest = *this;
    newest.refresh();
    bytes dumped;
    jute::writer to{dumped};
    for (const row_map& rows : newest.visible_) {
        to(static_cast<std::int32_t>(rows.size()));
        for (const auto& [key, value] : rows) {
            to(bytes_view{key}, bytes_view{value});
        }
    }
    return dumped;
}

memory_tables memory_tables::restored_from(bytes_view dumped) {
    memory_tables restored;
    jute::reader from{dumped};
    for (row_map& rows : restored.visible_) {
        std::int32_t count = 0;
        from(count);
        for (; from.ok() && count > 0; --count) {
            bytes_view key;
            bytes_view value;
            from(key, value);
            rows.emplace_hint(rows.end(), key, value);
        }
    }
    CONCLAVE_ASSERT(from.ok() && from.rest().empty());
    return restored;
}

bool memory_tables::damage(tree::table in, bytes_view key) {
    refresh();
    row_map& rows = visible_[index_of(in)];
    const auto found = rows.find(key);
    if (found == rows.end() || found->second.empty()) {
        return false;
    }
    char& octet = found->second[found->second.size() / 2];
    octet = static_cast<char>(octet ^ 1);
    return true;
}

bool memory_tables::lose(tree::table in, bytes_view key) {
    refresh();
    return visible_[index_of(in)].erase(bytes{key}) > 0;
}

std::size_t memory_tables::row_count(tree::table in) const {
    return visible_[index_of(in)].size();
}

} // namespace conclave::test
