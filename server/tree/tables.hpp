/// What is kept of the replicated state: ordered tables of octets. The tree and the sessions put
/// their rows here; the checkpoint (server/store, LMDB) keeps them on disk, tests keep them in a
/// map. A further keyspace adds its tables.
#pragma once

#include <array>
#include <cstddef>
#include <optional>

#include "conclave/function_ref.hpp"
#include "conclave/types.hpp"

namespace conclave::tree {

/// Key formats: docs/formats/checkpoint.md. Keys are at most `table_key_size_max` octets.
enum class table : std::uint8_t {
    meta,      ///< name -> value: applied zxid, digest, counters, secret
    node,      ///< keyed hash of the parent's path + name -> node record
    session,   ///< session id -> timeout
    ephemeral, ///< session id + path hash -> path
    expiring,  ///< path hash -> path: container and TTL nodes, which the reaper looks at
};

inline constexpr std::size_t table_count = 5;

/// LMDB's limit as Debian builds it.
inline constexpr std::size_t table_key_size_max = 511;

/// A consistent, read-only view of the tables at one zxid. Port: implemented by the checkpoint
/// store and by tests. Core thread only. Returned views stay valid until `refresh`.
class table_reader {
public:
    virtual ~table_reader() = default;

    [[nodiscard]] virtual std::optional<bytes_view> get(table in, bytes_view key) const = 0;

    /// Visits rows whose key starts with `prefix`, in ascending key order, until the visitor
    /// returns false.
    virtual void scan(
        table in, bytes_view prefix, function_ref<bool(bytes_view key, bytes_view value)> visit
    ) const = 0;

    /// `scan` of the rows whose key is not before `from`. This one passes the others over; override
    /// it where a seek is cheaper.
    virtual void scan_from(
        table in,
        bytes_view prefix,
        bytes_view from,
        function_ref<bool(bytes_view key, bytes_view value)> visit
    ) const {
        scan(in, prefix, [&](bytes_view key, bytes_view value) {
            return key < from || visit(key, value);
        });
    }

    /// Moves the view to the newest durable checkpoint.
    virtual void refresh() = 0;
};

} // namespace conclave::tree
