/// A checkpoint store in memory: what LMDB does for the server, without a disk.
#pragma once

#include "server/tree/change_set.hpp"
#include "server/tree/tables.hpp"

#include <array>
#include <map>

namespace conclave::test {

/// The tables of one server. A commit is atomic and durable at once, but readers see it only from
/// `refresh` on, as with a read transaction of LMDB. To crash a server is to build a new one on the
/// same tables after `reopen`.
class memory_tables final : public tree::table_reader {
public:
    [[nodiscard]] std::optional<bytes_view> get(tree::table in, bytes_view key) const override;

    void scan(
        tree::table in,
        bytes_view prefix,
        function_ref<bool(bytes_view key, bytes_view value)> visit
    ) const override;

    void refresh() override;

    /// What the checkpoint thread does with a frozen set.
    void commit(const tree::change_set& changes);

    /// The next process opens the tables: it sees the newest commit.
    void reopen() { refresh(); }

    /// All rows of the newest commit, for a server that is to have the same.
    [[nodiscard]] bytes dump() const;

    /// The tables that `dump` gave. Precondition: nothing of it is missing.
    [[nodiscard]] static memory_tables restored_from(bytes_view dumped);

    [[nodiscard]] std::size_t commit_count() const { return commit_count_; }

    /// Flips a bit in the middle of a row, in what readers see and on "disk". False if there is no
    /// such row.
    bool damage(tree::table in, bytes_view key);

    /// Removes a row behind everybody's back. False if there is no such row.
    bool lose(tree::table in, bytes_view key);

    /// The number of rows that readers see.
    [[nodiscard]] std::size_t row_count(tree::table in) const;

private:
    using row_map = std::map<bytes, bytes, std::less<>>;
    using table_rows = std::array<row_map, tree::table_count>;
    using row_changes = std::array<std::map<bytes, std::optional<bytes>>, tree::table_count>;

    table_rows visible_;
    row_changes committed_; ///< durable, and not visible yet
    std::size_t commit_count_ = 0;
};

} // namespace conclave::test
