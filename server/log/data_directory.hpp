/// The folder in which a server keeps everything: whose it is, who may use it now, and in which
/// format it is.
///
///     <dataDir>/conclave/             Conclave's own; ZooKeeper's "version-2" beside it is never
///     touched
///         lock                        held by the running process; contains its pid
///         identity                    ensemble, storage and format version
///         log/                        the transaction log (or <dataLogDir>/conclave/log/)
///         log-begun                   says that there must be a log
///         rebuild                     while a state is to be set aside or rebuilt
///         *.damaged-N                 states that were set aside
#pragma once

#include "server/log/file_system.hpp"
#include "server/log/record.hpp"

#include <memory>
#include <stdexcept>
#include <string>

namespace conclave::txnlog {

/// Why a data directory cannot be used, as a sentence for the operator: what happened, to what,
/// what to do.
class data_directory_error : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// Names the ensemble and the storage for as long as they live.
struct data_identity {
    unique_id cluster{};
    unique_id storage{};

    friend bool operator==(const data_identity&, const data_identity&) = default;
};

/// The exclusive right to use a directory, for as long as the object lives. The operating system
/// ends it with the process, however that dies.
class directory_lock {
public:
    /// @param pid  of this process, for the message that another one will show.
    /// @throws data_directory_error  if another process has it ("in use by process 4711"), or it
    /// cannot be made.
    static directory_lock take(file_system& files, const std::string& directory, std::int64_t pid);

private:
    explicit directory_lock(std::unique_ptr<file> held) : held_(std::move(held)) {}

    std::unique_ptr<file> held_;
};

struct data_directory_options {
    std::string data_directory;     ///< key dataDir; must exist
    std::string log_data_directory; ///< key dataLogDir; empty: the same. Must exist
    std::int64_t pid = 0;           ///< of this process
    data_identity fresh;            ///< random; becomes the identity of a new directory
};

/// An opened data directory: locked, identified, of a format that this program knows. For start-up
/// only: errors are exceptions. In a directory that is refused nothing is changed but the note in
/// its lock file.
class data_directory {
public:
    /// Makes what is missing in a new directory; opens an old one.
    /// @throws data_directory_error  if it is in use, not accessible, of a newer format, damaged,
    /// or has lost its
    ///         identity while there is data.
    static data_directory open(file_system& files, const data_directory_options& options);

    [[nodiscard]] const data_identity& identity() const { return identity_; }

    /// Conclave's own folder.
    [[nodiscard]] const std::string& path() const { return path_; }

    /// Where the log lives; exists.
    [[nodiscard]] const std::string& log_path() const { return log_path_; }

    /// True if there need not be anything: this call of `open` made the identity, or it
    /// `has_lost_history`.
    [[nodiscard]] bool is_new() const { return is_new_; }

    /// True if what was here was set aside because it could not be trusted (`request_quarantine`),
    /// and it is not known yet to be rebuilt: this server may have taken part in a history that it
    /// does not have.
    [[nodiscard]] bool has_lost_history() const { return has_lost_history_; }

    /// True if this storage has had a log: without one it is not new, but has lost it.
    [[nodiscard]] bool has_begun_log() const { return has_begun_log_; }

    /// There is a log, durably. To be called before anything in it is relied upon.
    /// @throws data_directory_error
    void note_log_begun(file_system& files);

    /// There is a state again. To be called once it is durable; may be called any time then.
    /// @throws data_directory_error
    void end_quarantine(file_system& files);

    /// True if ZooKeeper has left a log or a snapshot in dataDir or dataLogDir, which is not read:
    /// worth a warning when `is_new`.
    [[nodiscard]] bool has_zookeeper_data() const { return has_zookeeper_data_; }

private:
    explicit data_directory(directory_lock lock) : lock_(std::move(lock)) {}

    directory_lock lock_;
    std::unique_ptr<directory_lock> log_lock_; ///< only if dataLogDir is another directory
    data_identity identity_;
    std::string path_;
    std::string log_path_;
    bool is_new_ = false;
    bool has_begun_log_ = false;
    bool has_lost_history_ = false;
    bool has_zookeeper_data_ = false;
};

/// True if Conclave's own folder `folder` says that `storage` has had a log; for who looks at a
/// directory without opening it. @throws data_directory_error
[[nodiscard]] bool
was_log_begun(file_system& files, const std::string& folder, const unique_id& storage);

} // namespace conclave::txnlog
