/// The replicated state on disk: LMDB as a checkpoint behind the transaction log.
#pragma once

#include "server/store/checkpoint_settings.hpp"
#include "server/store/checkpoint_view.hpp"
#include "server/store/snapshot_stream.hpp"
#include "server/store/store_error.hpp"
#include "server/tree/tables.hpp"
#include "server/tree/write_buffer.hpp"

#include <conclave/result.hpp>

#include <cstddef>
#include <memory>

namespace conclave::store {

class checkpoint_reader;
class environment;

/// Keeps all tables of one zxid, durably. A commit replaces that state by the next one in one LMDB
/// transaction with LMDB's default, fully synced flags: a power loss leaves the old state or the
/// new one (docs/decisions, zab 6.8).
///
/// Threads: `commit` on the checkpoint thread, one at a time; everything else on the core thread.
/// `reader().refresh()`, `grow_map` and `open_snapshot` need that no commit runs, `reader()` itself
/// reads on while one does. One process opens a directory at a time; the server's lock of its data
/// directory sees to that.
class checkpoint_store {
public:
    /// Opens the store, or makes an empty one if the directory does not exist. A directory without
    /// its file, a file that is cut off, foreign or of a newer format is refused and left as it is.
    [[nodiscard]] static result<std::unique_ptr<checkpoint_store>, store_error>
    open(const checkpoint_settings& settings);

    checkpoint_store(const checkpoint_store&) = delete;
    checkpoint_store& operator=(const checkpoint_store&) = delete;

    /// Every snapshot stream must be gone.
    ~checkpoint_store();

    /// True if `open` made the store: the log must then reach back to the beginning of history.
    [[nodiscard]] bool was_created() const { return was_created_; }

    /// The view that the tree reads; lives as long as the store.
    [[nodiscard]] tree::table_reader& reader();

    /// Writes all rows in one transaction; durable when it returns. The reader sees them after its
    /// `refresh`. On an error nothing has changed, unless the error is fatal: then the next start
    /// finds the old or the new state.
    [[nodiscard]] result<void, store_error> commit(const tree::change_set& changes);

    /// Doubles the map after `store_errc::map_full`. Views that the reader gave are invalid
    /// afterwards.
    /// @return  in_use while a snapshot is streamed; map_full again if the address space is
    /// exhausted: the old map stays then.
    [[nodiscard]] result<void, store_error> grow_map();

    /// A stream of the newest commit. The stream may move to another thread; it must end before the
    /// store does, and while it lives the file grows by what is committed meanwhile.
    [[nodiscard]] result<std::unique_ptr<snapshot_stream>, store_error>
    open_snapshot(bytes_view cluster_id);

    /// The newest commit as tables, under the same conditions as `open_snapshot`.
    [[nodiscard]] result<std::unique_ptr<checkpoint_view>, store_error> open_view();

    /// Unmaps resident pages if the reader may have caused more than `limit` octets of them. The
    /// commit and the streams trim after themselves; the reader must be told, since only its owner
    /// knows what memory is worth at the moment.
    void trim_resident(std::size_t limit);

    /// An upper bound of the resident octets of the map that reading caused.
    [[nodiscard]] std::size_t resident_size() const;

    [[nodiscard]] std::size_t map_size() const;

    /// Octets of the file in use, free pages inside it included.
    [[nodiscard]] std::size_t used_size() const;

private:
    checkpoint_store(const checkpoint_settings& settings, std::unique_ptr<environment> opened);

    [[nodiscard]] store_error explain_failed_commit(int code);

    checkpoint_settings settings_;
    std::unique_ptr<environment> environment_;
    std::unique_ptr<checkpoint_reader> reader_;
    bool was_created_ = false;
};

} // namespace conclave::store
