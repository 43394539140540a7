/// What the log keeps: records. It carries them, orders them and makes them durable; it never looks
/// inside.
#pragma once

#include <conclave/types.hpp>

#include <array>

namespace conclave::txnlog {

/// The record types of the replication core (zab.md 2.2). The log passes any type through, so that
/// a later one needs no change here; a reader that does not know a type can still tell its length
/// and zxid.
enum class record_type : std::uint8_t {
    promise = 1,  ///< epoch, candidate and candidate boot that this server promised
    entry = 2,    ///< one transaction of the replicated history
    truncate = 3, ///< everything above `id` is withdrawn; a new epoch follows
    base = 4,     ///< history starts above `id`, which a checkpoint or an installed snapshot covers
    commit_hint = 5, ///< everything up to `id` was known to be committed
};

/// One record. `id` says where in the history it stands: the zxid of an entry, the zxid that the
/// other types are about. The log never compares it with its neighbours, but purging and damage
/// reports rely on it. The payload is borrowed.
struct record {
    std::uint8_t type{};
    zxid id;
    bytes_view payload;

    record() = default;

    record(record_type known_type, zxid position, bytes_view content)
        : type(static_cast<std::uint8_t>(known_type)), id(position), payload(content) {}

    friend bool operator==(const record&, const record&) = default;
};

/// 16 random octets that name a storage, an ensemble or one segment file. All zero means "none".
using unique_id = std::array<std::uint8_t, 16>;

} // namespace conclave::txnlog
