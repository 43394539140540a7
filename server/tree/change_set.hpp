/// Rows that wait to be written by a checkpoint.
#pragma once

#include "server/tree/row_table.hpp"
#include "server/tree/tables.hpp"

#include <conclave/types.hpp>

#include <array>
#include <optional>
#include <set>

namespace conclave::tree {

/// Rows that a checkpoint must write; no value means: erase (also rows that the base does not
/// have). Immutable once frozen, so that the checkpoint thread may read it while the core goes on.
class change_set {
public:
    using row = std::optional<bytes_view>;

    /// `hash_seed` keeps clients from choosing keys that share a bucket; it never shows in a
    /// result.
    explicit change_set(std::uint64_t hash_seed = 0);

    /// Visits the changed rows of one table, in ascending key order (what LMDB writes fastest).
    void for_each(table in, function_ref<void(bytes_view key, const row& value)> visit) const;

    /// The change of one row; nothing if there is none. Valid until the row is next written.
    [[nodiscard]] std::optional<row> find(table in, bytes_view key) const;

    [[nodiscard]] bool empty() const { return row_count() == 0; }

    [[nodiscard]] std::size_t row_count() const;

    /// Memory that the rows take, as an estimate that is good to a few percent; octets.
    [[nodiscard]] std::size_t size() const;

private:
    friend class write_buffer;

    /// `added` holds the keys of rows with a value that may be missing below; a scan merges them,
    /// in order, with what is below, and needs no other key. A row that is new is certainly not
    /// below, so that erasing it leaves nothing to do.
    struct changed_table {
        row_table rows;
        std::set<bytes_view> added;
    };

    /// What the caller knows about the layers below.
    enum class below { absent, present, unknown };

    void assign(table in, bytes_view key, bytes_view value, below state);
    void erase(table in, bytes_view key);

    /// Takes over the rows of an older set that this one does not change itself.
    void put_under(const change_set& older);

    [[nodiscard]] changed_table& changes_of(table in) {
        return tables_[static_cast<std::size_t>(in)];
    }

    [[nodiscard]] const changed_table& changes_of(table in) const {
        return tables_[static_cast<std::size_t>(in)];
    }

    std::array<changed_table, table_count> tables_;
};

} // namespace conclave::tree
