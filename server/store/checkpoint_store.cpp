#include "server/store/checkpoint_store.hpp"

#include "server/store/checkpoint_reader.hpp"
#include "server/store/durable_directory.hpp"
#include "server/store/environment.hpp"
#include "server/store/resident_windows.hpp"

#include <conclave/assert.hpp>
#include <conclave/log_line.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace conclave::store {

namespace {

namespace fs = std::filesystem;

/// Makes the empty store aside, so that a directory that exists is always whole.
result<void, store_error> create_store(const checkpoint_settings& settings) {
    if (auto made = make_staging(settings.directory); !made) {
        return made;
    }
    {
        auto created = environment::create(
            staging_of(settings.directory), settings.map_size, environment::syncing::every_commit
        );
        if (!created) {
            return unexpected{created.error()};
        }
    }
    return install_staging(settings.directory, replacing::forbidden);
}

/// Puts the rows of a change set into a transaction; the first failure sticks.
class row_writer {
public:
    row_writer(const environment& in, MDB_txn* txn, std::size_t resident_size_max)
        : environment_(in)
        , txn_(txn)
        , resident_size_max_(resident_size_max)
        , is_larger_(in.used_size() > resident_size_max) {}

    void write(tree::table in, bytes_view key, const tree::change_set::row& row) {
        CONCLAVE_ASSERT(!key.empty() && key.size() <= tree::table_key_size_max);
        if (code_ != MDB_SUCCESS) {
            return;
        }
        code_ = row ? put(in, key, *row) : erase(in, key);
        trim();
    }

    /// Heap pages that the transaction holds, within a factor of two: a row that lies close to the
    /// one before it is taken to share its page, a row that is erased to have one of its own.
    [[nodiscard]] std::size_t page_count() const { return page_count_; }

    [[nodiscard]] int code() const { return code_; }

private:
    /// Reserves the room and fills it: the place tells whether this row shares a page with the last
    /// one.
    int put(tree::table in, bytes_view key, bytes_view octets) {
        MDB_val name = value_of(key);
        MDB_val room{octets.size(), nullptr};
        const int code = guarded([&] {
            return mdb_put(txn_, environment_.database(in), &name, &room, MDB_RESERVE);
        });
        if (code == MDB_SUCCESS) {
            std::memcpy(room.mv_data, octets.data(), octets.size());
            count_page(static_cast<const char*>(room.mv_data));
        }
        return code;
    }

    int erase(tree::table in, bytes_view key) {
        ++page_count_;
        MDB_val name = value_of(key);
        const int code =
            guarded([&] { return mdb_del(txn_, environment_.database(in), &name, nullptr); });
        // A row that was created and erased between two checkpoints was never here.
        return code == MDB_NOTFOUND ? MDB_SUCCESS : code;
    }

    void count_page(const char* at) {
        const auto address = reinterpret_cast<std::uintptr_t>(at);
        const std::uintptr_t distance = std::max(address, last_) - std::min(address, last_);
        page_count_ += distance >= environment_.page_size() ? 1 : 0;
        last_ = address;
    }

    /// Each page that is changed was read through the map first, and a page fault maps a whole
    /// window.
    void trim() {
        const std::size_t mapped = (page_count_ - trimmed_at_) * resident_windows::window_size;
        if (is_larger_ && mapped > resident_size_max_) {
            environment_.drop_resident();
            trimmed_at_ = page_count_;
        }
    }

    const environment& environment_;
    MDB_txn* txn_;
    std::size_t resident_size_max_;
    bool is_larger_; ///< the file than what may be resident
    int code_ = MDB_SUCCESS;
    std::size_t page_count_ = 0;
    std::size_t trimmed_at_ = 0; ///< page count
    std::uintptr_t last_ = 0;    ///< where the last row was put
};

/// Marks the environment as being written to.
class writing_scope {
public:
    explicit writing_scope(environment& in) : use_(in.use()) {
        const bool was_writing = use_.is_writing.exchange(true);
        CONCLAVE_ASSERT(!was_writing);
    }

    writing_scope(const writing_scope&) = delete;
    writing_scope& operator=(const writing_scope&) = delete;

    ~writing_scope() { use_.is_writing = false; }

private:
    environment::activity& use_;
};

} // namespace

checkpoint_store::checkpoint_store(
    const checkpoint_settings& settings, std::unique_ptr<environment> opened
)
    : settings_(settings)
    , environment_(std::move(opened))
    , reader_(std::make_unique<checkpoint_reader>(*environment_, settings)) {}

checkpoint_store::~checkpoint_store() {
    CONCLAVE_ASSERT(environment_->use().stream_count == 0);
}

result<std::unique_ptr<checkpoint_store>, store_error>
checkpoint_store::open(const checkpoint_settings& settings) {
    std::error_code failed;
    const bool exists = fs::exists(settings.directory, failed);
    if (!exists && !failed) {
        if (auto created = create_store(settings); !created) {
            return unexpected{created.error()};
        }
    }
    remove_staging(settings.directory); // of a restore that was interrupted
    auto opened = environment::open(settings.directory, settings.map_size);
    if (!opened) {
        return unexpected{opened.error()};
    }
    std::unique_ptr<checkpoint_store> store{new checkpoint_store{settings, std::move(*opened)}};
    store->was_created_ = !exists;
    if (auto begun = store->reader_->begin(); !begun) {
        return unexpected{begun.error()};
    }
    log(log_level::info,
        "checkpoint opened directory={} size_bytes={} created={}",
        settings.directory.string(),
        store->used_size(),
        store->was_created_);
    return store;
}

tree::table_reader& checkpoint_store::reader() {
    return *reader_;
}

result<void, store_error> checkpoint_store::commit(const tree::change_set& changes) {
    const writing_scope busy{*environment_};
    auto begun = environment_->begin_write();
    if (!begun) {
        return unexpected{begun.error()};
    }
    transaction txn = std::move(*begun);
    row_writer rows{*environment_, txn.get(), settings_.resident_size_max};
    for (const tree::table each : all_tables) {
        changes.for_each(each, [&](bytes_view key, const tree::change_set::row& row) {
            rows.write(each, key, row);
        });
    }
    auto& kept = environment_->use().kept_page_count;
    kept = std::max<std::size_t>(kept, rows.page_count());
    int code = rows.code();
    if (code == MDB_SUCCESS) {
        code = guarded([&] { return mdb_txn_commit(txn.release()); });
    }
    txn.reset();
    if (environment_->used_size() > settings_.resident_size_max) {
        environment_->drop_resident();
    }
    if (code != MDB_SUCCESS) {
        return unexpected{explain_failed_commit(code)};
    }
    return {};
}

store_error checkpoint_store::explain_failed_commit(int code) {
    store_error reason = environment_->explain("write", code);
    // A failed write of the first pages leaves LMDB unable to tell which state the device holds,
    // whatever the reason was; it then refuses every further transaction.
    if (!reason.is_fatal() && !environment_->begin_write()) {
        reason.code = store_errc::io;
    }
    return reason;
}

result<void, store_error> checkpoint_store::grow_map() {
    CONCLAVE_ASSERT(!environment_->use().is_writing);
    if (environment_->use().stream_count != 0) {
        return unexpected{store_error{
            store_errc::in_use,
            fmt::format(
                "cannot grow the map of checkpoint {} while a snapshot is streamed",
                settings_.directory.string()
            )}};
    }
    const std::size_t before = environment_->map_size();
    reader_->end();
    auto grown = environment_->reopen(before * 2);
    if (!grown) {
        if (auto restored = environment_->reopen(before); !restored) {
            return restored;
        }
    }
    if (auto begun = reader_->begin(); !begun) {
        return begun;
    }
    if (!grown) {
        return unexpected{store_error{store_errc::map_full, grown.error().text}};
    }
    return {};
}

result<std::unique_ptr<snapshot_stream>, store_error>
checkpoint_store::open_snapshot(bytes_view cluster_id) {
    return snapshot_stream::begin(*environment_, cluster_id, settings_.resident_size_max);
}

result<std::unique_ptr<checkpoint_view>, store_error> checkpoint_store::open_view() {
    return checkpoint_view::begin(*environment_, settings_);
}

void checkpoint_store::trim_resident(std::size_t limit) {
    reader_->trim_resident(limit);
}

std::size_t checkpoint_store::resident_size() const {
    return reader_->resident_size();
}

std::size_t checkpoint_store::map_size() const {
    return environment_->map_size();
}

std::size_t checkpoint_store::used_size() const {
    return environment_->used_size();
}

} // namespace conclave::store
