/// What the admin endpoint needs in order to give backups; the server behind it implements it.
#pragma once

#include "server/replica/ports.hpp"
#include "server/replica/replica.hpp"

#include <conclave/result.hpp>
#include <conclave/types.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

namespace conclave::admin {

/// Octets that are made while they are sent. Used by one thread at a time, any thread, and gone
/// before the server closes its disk.
class backup_source {
public:
    virtual ~backup_source() = default;

    /// Appends the next part, about a mebibyte. Waits for the disk.
    /// @return false at the end; a sentence if what is stored cannot be read
    [[nodiscard]] virtual result<bool, bytes> next(bytes& out) = 0;
};

enum class backup_format {
    conclave,  ///< a snapshot stream (docs/formats/checkpoint.md)
    zookeeper, ///< a snapshot file of ZooKeeper's
};

struct opened_backup {
    std::shared_ptr<backup_source> source;
    zxid at;
    std::int64_t size_bytes{}; ///< of the checkpoint that it is made of
};

struct backup_port {
    /// A consistent state that holds everything up to `at_least`, if there is one on disk; else it
    /// is asked for: ask again soon. Core thread.
    std::function<
        std::optional<result<opened_backup, bytes>>(backup_format, zxid at_least, replica::instant)>
        open;

    /// Committed transactions behind `behind`, up to `last` (docs/formats/backup.md); a sentence if
    /// the log does not reach back so far. Waits for the disk; any thread but the core's.
    std::function<result<std::shared_ptr<backup_source>, bytes>(zxid behind, zxid last)> open_log;
};

} // namespace conclave::admin
