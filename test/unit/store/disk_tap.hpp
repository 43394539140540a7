/// Sees, and can fail, what a program does to one file: the test program defines pwrite, writev,
/// fdatasync and their like, and the dynamic linker prefers its definitions for the LMDB library
/// too.
#pragma once

#include <conclave/types.hpp>

#include <filesystem>
#include <vector>

namespace conclave::store::testing {

/// One thing that happened to the file.
struct disk_event {
    enum class kind { write, sync, note };

    kind what{};
    std::uint64_t offset{}; ///< write: where; note: the caller's number
    bytes data;             ///< write
    bool is_durable{};      ///< write through a descriptor with O_DSYNC
};

/// Which call to fail, counted from 0 over writes and syncs of the file.
struct disk_failure {
    std::size_t call = 0;
    int error = 0;         ///< errno; 0 with `is_short`
    bool is_short = false; ///< half of the octets are written, as on a disk that fills up
};

/// Records one file while it lives; one at a time. Thread-safe.
class disk_tap {
public:
    explicit disk_tap(const std::filesystem::path& file);
    disk_tap(const std::filesystem::path& file, const disk_failure& failure);

    disk_tap(const disk_tap&) = delete;
    disk_tap& operator=(const disk_tap&) = delete;
    ~disk_tap();

    /// Puts a mark among the events.
    void note(std::uint64_t number);

    [[nodiscard]] std::vector<disk_event> events() const;

    /// True if the failure was reached.
    [[nodiscard]] bool has_failed() const;
};

/// While it lives, the file system says that it has this much room.
class reported_free_space {
public:
    explicit reported_free_space(std::uint64_t size);
    reported_free_space(const reported_free_space&) = delete;
    reported_free_space& operator=(const reported_free_space&) = delete;
    ~reported_free_space();
};

/// What happened to names and directories, in order: "sync <path>" and "rename <path>". Recorded
/// while it lives.
class directory_tap {
public:
    /// `fail_at`: the call, counted from 0, that fails with EIO; none if negative.
    explicit directory_tap(int fail_at = -1);
    directory_tap(const directory_tap&) = delete;
    directory_tap& operator=(const directory_tap&) = delete;
    ~directory_tap();

    [[nodiscard]] std::vector<bytes> events() const;

    [[nodiscard]] bool has_failed() const;
};

} // namespace conclave::store::testing
