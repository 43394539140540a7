/// The LMDB environment of a checkpoint. Private to server/store: nothing else sees lmdb.h.
#pragma once

#include "server/store/store_error.hpp"
#include "server/tree/tables.hpp"

#include <conclave/result.hpp>

#include <lmdb.h>

#include <array>
#include <atomic>
#include <filesystem>
#include <memory>

namespace conclave::store {

/// The format of keys and records in a checkpoint; kept in table `meta` under `format_version_key`.
inline constexpr std::int32_t format_version = 1;
inline constexpr bytes_view format_version_key = "format_version";

inline constexpr std::array<tree::table, tree::table_count> all_tables{
    tree::table::meta,
    tree::table::node,
    tree::table::session,
    tree::table::ephemeral,
    tree::table::expiring,
};

/// How the octets of an LMDB value are seen, and the reverse.
[[nodiscard]] inline bytes_view view_of(const MDB_val& value) {
    return {static_cast<const char*>(value.mv_data), value.mv_size};
}

[[nodiscard]] inline MDB_val value_of(bytes_view octets) {
    // LMDB takes non-const pointers and does not write through them.
    return {octets.size(), const_cast<char*>(octets.data())};
}

/// Thrown through LMDB's frames where it finds its own pages broken: its only other answer is to
/// abort the process, and a server with a damaged checkpoint should live to fetch the state from
/// its peers.
struct broken_invariant {};

/// Calls LMDB on pages that may be damaged.
template <class Call>
[[nodiscard]] int guarded(Call call) {
    try {
        return call();
    } catch (const broken_invariant&) {
        return MDB_CORRUPTED;
    }
}

/// An LMDB transaction that is aborted unless it was committed.
struct abort_transaction {
    void operator()(MDB_txn* txn) const { mdb_txn_abort(txn); }
};

using transaction = std::unique_ptr<MDB_txn, abort_transaction>;

struct close_cursor {
    void operator()(MDB_cursor* cursor) const { mdb_cursor_close(cursor); }
};

using cursor = std::unique_ptr<MDB_cursor, close_cursor>;

/// The file in which LMDB keeps everything.
[[nodiscard]] std::filesystem::path data_file(const std::filesystem::path& directory);

/// The error for a file that is not what was written, with what an operator can do about it.
[[nodiscard]] unexpected<store_error> damaged(const std::filesystem::path& file, const char* what);

/// An open environment with one database per table.
///
/// LMDB rules: an environment is open once per process; its map changes only while no transaction
/// is open; reading transactions may move between threads (MDB_NOTLS). `reopen` is for the core
/// thread between two commits.
class environment {
public:
    enum class syncing : bool {
        every_commit, ///< LMDB's default: a commit is durable when it returns, and no power loss
                      ///< can tear it
        at_the_end,   ///< for a store under construction, which a crash throws away as a whole
    };

    /// Opens what stands in `directory` and checks its size and format; touches nothing if it
    /// refuses.
    [[nodiscard]] static result<std::unique_ptr<environment>, store_error>
    open(const std::filesystem::path& directory, std::size_t map_size);

    /// Opens what stands in `directory` to look at it and nothing else: no file is made, changed or
    /// locked. Nobody may write to it meanwhile. A file that is shorter than its first pages say is
    /// `cut_short`.
    [[nodiscard]] static result<std::unique_ptr<environment>, store_error>
    open_read_only(const std::filesystem::path& directory, std::size_t map_size);

    /// Makes a new environment in the empty `directory`, with all tables and the format row.
    [[nodiscard]] static result<std::unique_ptr<environment>, store_error>
    create(const std::filesystem::path& directory, std::size_t map_size, syncing mode);

    environment(const environment&) = delete;
    environment& operator=(const environment&) = delete;
    ~environment();

    /// Closes and opens the environment: gives back the heap pages that LMDB keeps after a large
    /// commit (it frees them only on close), and applies a new map size. No transaction may be
    /// open. On error the environment is closed.
    [[nodiscard]] result<void, store_error> reopen(std::size_t map_size);

    [[nodiscard]] std::size_t page_size() const { return page_size_; }

    [[nodiscard]] MDB_env* handle() const { return env_; }

    [[nodiscard]] MDB_dbi database(tree::table in) const {
        return databases_[static_cast<std::size_t>(in)];
    }

    [[nodiscard]] const std::filesystem::path& directory() const { return directory_; }

    [[nodiscard]] std::size_t map_size() const { return map_size_; }

    /// Octets of the file that the newest commit uses; the file may be longer, never shorter (see
    /// `complete_file`).
    [[nodiscard]] std::size_t used_size() const;

    /// Where octet 0 of the file is mapped; null if that could not be found out, then nothing is
    /// ever trimmed.
    [[nodiscard]] const char* map_begin() const { return map_begin_; }

    /// Unmaps every resident page of the file from this process. They stay in the page cache.
    void drop_resident() const;

    /// Who uses the environment beside the core; says when `reopen` is possible and worth while.
    struct activity {
        std::atomic<bool> is_writing{false};
        std::atomic<int> stream_count{0};
        std::atomic<std::size_t> kept_page_count{0}; ///< of LMDB's heap, for the next commit
    };

    [[nodiscard]] activity& use() { return activity_; }

    /// A reading transaction at the newest commit.
    [[nodiscard]] result<transaction, store_error> begin_read() const;

    /// The writing transaction. Waits for nobody: there is one writer.
    [[nodiscard]] result<transaction, store_error> begin_write() const;

    /// Says what an LMDB return code means for the operation `action`.
    [[nodiscard]] store_error explain(const char* action, int code) const;

private:
    environment(std::filesystem::path directory, std::size_t map_size, unsigned int flags);

    [[nodiscard]] static result<std::unique_ptr<environment>, store_error>
    open_existing(const std::filesystem::path& directory, std::size_t map_size, unsigned int flags);
    [[nodiscard]] int open_handle();
    [[nodiscard]] result<void, store_error> create_databases();
    [[nodiscard]] result<void, store_error> open_databases();
    [[nodiscard]] result<void, store_error> check_format(MDB_txn* txn);
    [[nodiscard]] result<void, store_error> check_length();
    [[nodiscard]] std::size_t file_length() const;
    [[nodiscard]] result<void, store_error> open_lengthened(std::size_t size_before);
    void find_map(bytes_view small_value);
    void close();

    std::filesystem::path directory_;
    std::size_t map_size_;
    unsigned int flags_;
    MDB_env* env_ = nullptr;
    std::array<MDB_dbi, tree::table_count> databases_{};
    const char* map_begin_ = nullptr;
    std::size_t page_size_ = 0;
    activity activity_;
};

} // namespace conclave::store
