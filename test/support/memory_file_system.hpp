/// A file system for tests that does to its users what real ones do on a bad day.
#pragma once

#include "server/log/file_system.hpp"

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace conclave::test {

enum class file_operation {
    open,
    read,
    write,
    reserve,
    sync_data,
    size,
    lock,
    rename,
    remove,
    list,
    make_directory,
    sync_directory,
};

/// What is about to happen, for those who want to make it fail.
struct operation_view {
    file_operation kind;
    std::string path;
    std::size_t index; ///< counts from 0 since the file system was made
};

/// What a power loss leaves of everything that was not synced.
struct survival {
    enum class kind {
        nothing,    ///< only what was synced
        everything, ///< as if the last moment had been synced
        by_chance,  ///< each sector and each change of a directory is kept or lost on its own
    };

    kind of = kind::nothing;
    std::uint64_t seed = 0; ///< for by_chance
};

/// Files in memory, with the distance between "written" and "durable" that a disk has:
///
/// - A write is durable after `sync_data` of its file. A power loss before that may keep or lose
/// each sector of 512
///   octets on its own, and of a sector written several times any of the versions. The same holds
///   for the file's size.
/// - A new, renamed or removed directory entry is durable after `sync_directory`. A power loss
/// before that may undo it,
///   independently of others; a renaming is undone or done as a whole.
/// - A failed `sync_data` leaves what it should have synced readable, but never makes it durable,
/// whatever later syncs
///   say, unless it is written again. That is what Linux does after an I/O error (zab.md 6.5).
///
/// Paths are "/"-separated; the directory "/" exists. Thread-safe. Files that were opened before a
/// power loss give EIO.
class memory_file_system : public txnlog::file_system {
public:
    /// Asked before each operation, without a lock held; an error makes the operation fail with it.
    /// A failing write may have written something: readers see all of it, and a power loss keeps or
    /// loses any part of it.
    using fault = std::function<std::error_code(const operation_view&)>;

    memory_file_system();
    ~memory_file_system() override;

    txnlog::io_result<std::unique_ptr<txnlog::file>>
    open(const std::string& path, txnlog::open_mode mode) override;
    std::error_code rename(const std::string& from, const std::string& to) override;
    std::error_code remove(const std::string& path) override;
    txnlog::io_result<std::vector<std::string>> list(const std::string& path) override;
    std::error_code make_directory(const std::string& path) override;
    std::error_code sync_directory(const std::string& path) override;

    // Faults.

    void set_fault(fault decide);

    void clear_fault() { set_fault({}); }

    /// Makes the operation with this index fail, and no other.
    void fail_once(std::size_t index, std::errc error);

    /// The process dies in the operation with this index: if that is a write, it may have been done
    /// in part; nothing from there on has any effect, until `restart` or `power_loss`. The dead
    /// process sees EIO.
    void crash_at(std::size_t index);

    /// The process runs again, on the same machine: everything that was written can be read, synced
    /// or not.
    void restart();

    /// Makes the operations of one kind fail.
    void fail_every(file_operation kind, std::errc error);

    /// Octets that all files together may have; ENOSPC beyond.
    void set_capacity(std::uint64_t size);

    /// Makes unsynced changes survive or not, and all open files useless.
    void power_loss(survival pattern);

    // Looking at and damaging files, as an operator or a decaying disk would. No fault, not
    // counted.

    [[nodiscard]] std::size_t operation_count() const { return operation_count_; }

    [[nodiscard]] bool exists(const std::string& path) const;

    /// What a reader sees; the file must exist.
    [[nodiscard]] bytes content(const std::string& path) const;

    /// What is durable; the file must exist.
    [[nodiscard]] bytes durable_content(const std::string& path) const;

    /// Makes a file with this content, durably, directories included.
    void put(const std::string& path, bytes_view content);

    /// Overwrites octets in the file and on the disk below it.
    void damage(const std::string& path, std::uint64_t offset, bytes_view octets);

    void flip_bit(const std::string& path, std::uint64_t offset, unsigned bit = 0);

    /// Removes a file as if it had never been, durably.
    void erase(const std::string& path);

    /// A copy of the files as a reader sees them, all durable, without faults and open files.
    [[nodiscard]] std::unique_ptr<memory_file_system> clone() const;

    /// Path and content of every file: equal for equal file systems.
    [[nodiscard]] std::map<std::string, bytes> image() const;

private:
    struct inode;
    struct directory;
    class open_file;

    using inode_pointer = std::shared_ptr<inode>;

    struct permission {
        std::error_code error;
        bool is_dying = false; ///< the crash comes in this operation
        bool is_dead = false;  ///< it came before
    };

    permission begin(file_operation kind, const std::string& path);
    [[nodiscard]] inode_pointer find(const std::string& path) const;
    [[nodiscard]] directory* parent_of(const std::string& path);
    std::error_code grow(inode& node, std::uint64_t size);

    mutable std::mutex mutex_; ///< guards everything below but the counter
    std::map<std::string, std::unique_ptr<directory>> directories_;
    std::uint64_t capacity_;
    std::uint64_t used_ = 0;
    std::uint64_t generation_ = 0; ///< counts power losses
    fault fault_;
    std::optional<std::size_t> crash_index_;
    std::atomic<std::size_t> operation_count_ = 0;
};

} // namespace conclave::test
