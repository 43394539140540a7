#include "server/store/environment.hpp"

#include "server/tree/corrupt_state.hpp"

#include <conclave/jute.hpp>
#include <conclave/log_line.hpp>

#include <fmt/format.h>

#include <cerrno>
#include <chrono>
#include <sys/mman.h>
#include <sys/statvfs.h>
#include <thread>
#include <unistd.h>
#include <utility>

namespace conclave::store {

namespace {

namespace fs = std::filesystem;

constexpr mdb_mode_t file_mode = 0600;

/// No thread-local reader slots: the core's transaction and those of snapshot streams are objects,
/// not threads.
constexpr unsigned int common_flags = MDB_NOTLS;

/// Readahead brings a file that fits into memory there in a fraction of the time (a cold scan is
/// six times as fast); of a larger one it reads 128 KiB for every 4 KiB that somebody asked for,
/// and pushes out what is in use.
unsigned int readahead_flag(std::uintmax_t file_size) {
    const auto page_count = static_cast<std::uintmax_t>(::sysconf(_SC_PHYS_PAGES));
    const auto page_size = static_cast<std::uintmax_t>(::sysconf(_SC_PAGESIZE));
    return file_size > page_count * page_size / 2 ? MDB_NORDAHEAD : 0U;
}

bytes database_name(tree::table each) {
    return bytes{tree::name(each)};
}

/// LMDB reports a short write as EIO, and a short write is how a full disk shows itself first.
bool is_out_of_space(const fs::path& directory) {
    constexpr std::uint64_t nearly_nothing = std::uint64_t{1} << 20;

    struct statvfs status {};

    return ::statvfs(directory.c_str(), &status) == 0 &&
           std::uint64_t{status.f_bavail} * status.f_frsize < nearly_nothing;
}

/// LMDB would abort the process when this returned.
void on_broken_invariant(MDB_env* env, const char* what) {
    const char* directory = "";
    mdb_env_get_path(env, &directory);
    log(log_level::error, "checkpoint is damaged directory={} lmdb=\"{}\"", directory, what);
    throw broken_invariant{};
}

} // namespace

fs::path data_file(const fs::path& directory) {
    return directory / "data.mdb";
}

unexpected<store_error> damaged(const fs::path& file, const char* what) {
    return unexpected{store_error{
        store_errc::damaged,
        fmt::format(
            "checkpoint {} is damaged: {}; restore it from a backup, or move the directory away to "
            "fetch the state "
            "from the other servers",
            file.string(),
            what
        )}};
}

environment::environment(fs::path directory, std::size_t map_size, unsigned int flags)
    : directory_(std::move(directory)), map_size_(map_size), flags_(flags) {}

environment::~environment() {
    close();
}

void environment::close() {
    if (env_ != nullptr) {
        mdb_env_close(env_);
        env_ = nullptr;
    }
}

result<std::unique_ptr<environment>, store_error>
environment::open_existing(const fs::path& directory, std::size_t map_size, unsigned int flags) {
    std::error_code failed;
    const std::uintmax_t size = fs::file_size(data_file(directory), failed);
    if (failed) {
        return damaged(data_file(directory), "it is missing or cannot be read");
    }
    if (size == 0) {
        // LMDB would take it for a new environment and start with an empty tree.
        return damaged(data_file(directory), "it is empty");
    }
    std::unique_ptr<environment> opened{
        new environment{directory, map_size, common_flags | flags | readahead_flag(size)}};
    if (const int code = opened->open_handle(); code != MDB_SUCCESS) {
        return unexpected{opened->explain("open", code)};
    }
    return opened;
}

result<std::unique_ptr<environment>, store_error>
environment::open(const fs::path& directory, std::size_t map_size) {
    auto opened = open_existing(directory, map_size, 0);
    if (!opened) {
        return opened;
    }
    if (auto checked = (*opened)->check_length(); !checked) {
        return unexpected{checked.error()};
    }
    return opened;
}

result<std::unique_ptr<environment>, store_error>
environment::open_read_only(const fs::path& directory, std::size_t map_size) {
    auto opened = open_existing(directory, map_size, MDB_RDONLY | MDB_NOLOCK);
    if (!opened) {
        return opened;
    }
    if ((*opened)->file_length() < (*opened)->used_size()) {
        return unexpected{store_error{
            store_errc::cut_short,
            fmt::format(
                "checkpoint {} is shorter than its first pages say", data_file(directory).string()
            )}};
    }
    if (auto tables = (*opened)->open_databases(); !tables) {
        return unexpected{tables.error()};
    }
    return opened;
}

result<std::unique_ptr<environment>, store_error>
environment::create(const fs::path& directory, std::size_t map_size, syncing mode) {
    const unsigned int flags = common_flags | (mode == syncing::at_the_end ? MDB_NOSYNC : 0U);
    std::unique_ptr<environment> created{new environment{directory, map_size, flags}};
    if (const int code = created->open_handle(); code != MDB_SUCCESS) {
        return unexpected{created->explain("create", code)};
    }
    if (auto made = created->create_databases(); !made) {
        return unexpected{made.error()};
    }
    if (auto opened = created->open_databases(); !opened) {
        return unexpected{opened.error()};
    }
    return created;
}

result<void, store_error> environment::reopen(std::size_t map_size) {
    close();
    map_size_ = map_size;
    // Another thread may have taken the file descriptors that were just closed; it will not keep
    // all of them for long.
    constexpr int attempt_count = 1000;
    int code = open_handle();
    for (int attempt = 1; attempt < attempt_count && (code == EMFILE || code == ENFILE);
         ++attempt) {
        close();
        std::this_thread::sleep_for(std::chrono::milliseconds{1});
        code = open_handle();
    }
    if (code != MDB_SUCCESS) {
        close();
        return unexpected{explain("open", code)};
    }
    activity_.kept_page_count = 0;
    return open_databases();
}

int environment::open_handle() {
    constexpr MDB_dbi database_count_max = 16;
    int code = mdb_env_create(&env_);
    if (code == MDB_SUCCESS) {
        code = mdb_env_set_maxdbs(env_, database_count_max);
    }
    if (code == MDB_SUCCESS) {
        code = mdb_env_set_mapsize(env_, map_size_);
    }
    if (code == MDB_SUCCESS) {
        code = mdb_env_open(env_, directory_.c_str(), flags_, file_mode);
    }
    if (code != MDB_SUCCESS) {
        return code;
    }
    mdb_env_set_assert(env_, on_broken_invariant);
    MDB_stat statistics{};
    mdb_env_stat(env_, &statistics);
    page_size_ = statistics.ms_psize;
    return MDB_SUCCESS;
}

result<void, store_error> environment::create_databases() {
    auto begun = begin_write();
    if (!begun) {
        return unexpected{begun.error()};
    }
    transaction txn = std::move(*begun);
    for (const tree::table each : all_tables) {
        MDB_dbi made{};
        if (const int code =
                mdb_dbi_open(txn.get(), database_name(each).c_str(), MDB_CREATE, &made);
            code != MDB_SUCCESS) {
            return unexpected{explain("create a table in", code)};
        }
        databases_[static_cast<std::size_t>(each)] = made;
    }
    bytes version;
    jute::writer{version}(format_version);
    MDB_val key = value_of(format_version_key);
    MDB_val value = value_of(version);
    int code = mdb_put(txn.get(), database(tree::table::meta), &key, &value, 0);
    if (code == MDB_SUCCESS) {
        code = mdb_txn_commit(txn.release());
    }
    if (code != MDB_SUCCESS) {
        return unexpected{explain("create", code)};
    }
    return {};
}

result<void, store_error> environment::open_databases() {
    auto begun = begin_read();
    if (!begun) {
        return unexpected{begun.error()};
    }
    transaction txn = std::move(*begun);
    for (const tree::table each : all_tables) {
        MDB_dbi found{};
        const int code = guarded([&] {
            return mdb_dbi_open(txn.get(), database_name(each).c_str(), 0, &found);
        });
        if (code != MDB_SUCCESS) {
            return damaged(data_file(directory_), "a table is missing");
        }
        databases_[static_cast<std::size_t>(each)] = found;
    }
    if (auto checked = check_format(txn.get()); !checked) {
        return checked;
    }
    // Committing a reading transaction keeps the handles that it opened.
    if (const int code = mdb_txn_commit(txn.release()); code != MDB_SUCCESS) {
        return unexpected{explain("open the tables of", code)};
    }
    return {};
}

std::size_t environment::used_size() const {
    MDB_envinfo information{};
    mdb_env_info(env_, &information);
    return (information.me_last_pgno + 1) * page_size_;
}

void environment::drop_resident() const {
    if (map_begin_ != nullptr) {
        // For a shared mapping of a file this only empties the page table. Failure would leave
        // memory resident, no more.
        ::madvise(const_cast<char*>(map_begin_), used_size(), MADV_DONTNEED);
    }
}

result<transaction, store_error> environment::begin_read() const {
    MDB_txn* txn = nullptr;
    if (const int code = mdb_txn_begin(env_, nullptr, MDB_RDONLY, &txn); code != MDB_SUCCESS) {
        return unexpected{explain("begin to read", code)};
    }
    return transaction{txn};
}

result<transaction, store_error> environment::begin_write() const {
    MDB_txn* txn = nullptr;
    if (const int code = mdb_txn_begin(env_, nullptr, 0, &txn); code != MDB_SUCCESS) {
        return unexpected{explain("begin to write", code)};
    }
    return transaction{txn};
}

store_error environment::explain(const char* action, int code) const {
    const std::string sentence =
        fmt::format("cannot {} checkpoint {}: {}", action, directory_.string(), mdb_strerror(code));
    switch (code) {
    case MDB_MAP_FULL:
        return {store_errc::map_full, sentence};
    case ENOSPC:
    case EDQUOT:
        return {store_errc::disk_full, sentence};
    case EIO:
        return {is_out_of_space(directory_) ? store_errc::disk_full : store_errc::io, sentence};
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_INVALID:
    case MDB_BAD_TXN: // a transaction that met damage refuses everything from then on
        return damaged(data_file(directory_), mdb_strerror(code)).error;
    case MDB_VERSION_MISMATCH:
        return {store_errc::newer_format, sentence};
    default:
        return {store_errc::io, sentence};
    }
}

} // namespace conclave::store
