/// The changes that were applied since the last checkpoint, in front of that checkpoint.
#pragma once

#include "server/tree/change_set.hpp"
#include "server/tree/tables.hpp"

#include <conclave/function_ref.hpp>
#include <conclave/types.hpp>

#include <memory>
#include <optional>

namespace conclave::tree {

/// Reads look in the active changes, then in the frozen ones (a checkpoint is being written), then
/// in the base. Core thread only.
class write_buffer {
public:
    /// `hash_seed` should be random in production: see `change_set`. The base must outlive the
    /// buffer.
    explicit write_buffer(table_reader& base, std::uint64_t hash_seed = 0);

    /// A row and where it comes from: what is read from the base may be damaged.
    struct found_row {
        bytes_view value;
        bool is_buffered = false;
    };

    /// Views stay valid until the row is next written, those of frozen rows and of the base until
    /// `release_frozen`.
    [[nodiscard]] std::optional<found_row> find(table in, bytes_view key) const;

    /// `find` for those who do not ask where the row comes from.
    [[nodiscard]] std::optional<bytes_view> get(table in, bytes_view key) const;

    /// `value` must not be a view of the row itself; so in `insert` and `update`.
    void put(table in, bytes_view key, bytes_view value);

    /// `put` of a row that does not exist. Cheaper, and erasing it before the next checkpoint
    /// leaves nothing behind.
    void insert(table in, bytes_view key, bytes_view value);

    /// `put` of a row that exists. Cheaper.
    void update(table in, bytes_view key, bytes_view value);

    /// The row may be missing already.
    void erase(table in, bytes_view key);

    /// Like `table_reader::scan`, over the merged state. The visitor must not write.
    void scan(
        table in, bytes_view prefix, function_ref<bool(bytes_view key, bytes_view value)> visit
    ) const;

    /// `scan` of the rows whose key is not before `from`.
    void scan_from(
        table in,
        bytes_view prefix,
        bytes_view from,
        function_ref<bool(bytes_view key, bytes_view value)> visit
    ) const;

    /// Hands all active changes over to a checkpoint; they stay readable. Precondition: nothing is
    /// frozen.
    [[nodiscard]] std::shared_ptr<const change_set> freeze();

    /// The frozen changes are durable in the base: moves the base on and forgets them.
    /// @return  them, because destroying a large set takes milliseconds that the core thread may
    /// not want to spend.
    std::shared_ptr<const change_set> release_frozen();

    /// The checkpoint failed: takes the frozen changes back under the active ones.
    void restore_frozen();

    [[nodiscard]] bool has_frozen() const { return frozen_ != nullptr; }

    [[nodiscard]] std::size_t active_size() const { return active_->size(); }

private:
    table_reader& base_;
    std::uint64_t hash_seed_;
    std::shared_ptr<change_set> active_;
    std::shared_ptr<change_set> frozen_;
};

} // namespace conclave::tree
