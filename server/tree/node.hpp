/// One znode as it is kept in table `node`: a fixed head, the ACL, the data, a checksum
/// (docs/formats/checkpoint.md).
#pragma once

#include "server/tree/tables.hpp"

#include <conclave/protocol.hpp>

#include <limits>

namespace conclave::tree {

/// How a node came to be and may go (zookeeper-protocol 6). Kept in `node_head::owner` with
/// ZooKeeper's encoding: 0 persistent, 0x8000000000000000 container, 0xff00000000000000 | ttl_ms,
/// else the session of an ephemeral.
enum class node_kind { persistent, ephemeral, container, ttl };

inline constexpr std::int64_t container_owner = std::numeric_limits<std::int64_t>::min();

[[nodiscard]] std::int64_t ttl_owner(std::int64_t ttl_ms);

/// The fields of a node besides ACL and data. `child_counter` counts creates below the node and
/// names sequential children; what clients see as cversion is 2 * child_counter - num_children.
struct node_head {
    zxid czxid;
    zxid mzxid;
    zxid pzxid;
    std::int64_t ctime_ms{};
    std::int64_t mtime_ms{};
    std::int64_t owner{};
    std::int32_t version{};
    std::int32_t child_counter{};
    std::int32_t aversion{};
    std::int32_t num_children{};

    static void fields(auto& archive, auto& record) {
        archive(
            record.czxid,
            record.mzxid,
            record.pzxid,
            record.ctime_ms,
            record.mtime_ms,
            record.owner,
            record.version,
            record.child_counter,
            record.aversion,
            record.num_children
        );
    }

    [[nodiscard]] node_kind kind() const;
    [[nodiscard]] std::int64_t ttl_ms() const; ///< precondition: kind() == ttl

    friend bool operator==(const node_head&, const node_head&) = default;
};

/// A decoded node record. Views live as long as the record that they were decoded from (see
/// write_buffer::find).
struct node_view {
    node_head head;
    bytes_view acl; ///< empty: world:anyone:cdrwa; else a jute vector of ACL entries
    std::optional<bytes_view> data; ///< null and empty data are different
    bytes_view long_name;           ///< the whole name if the key does not hold it, else empty

    /// Octets of the data, 0 if it is null.
    [[nodiscard]] std::int64_t data_size() const {
        return data ? static_cast<std::int64_t>(data->size()) : 0;
    }

    /// As sent to clients: owner only for ephemerals.
    [[nodiscard]] stat to_stat() const;
};

/// The record of a node, checksum included.
[[nodiscard]] bytes encode_node(
    const node_head& head, bytes_view acl, std::optional<bytes_view> data, bytes_view long_name = {}
);

/// @return nothing if the record is damaged (wrong length or checksum; `verify` = false skips the
/// checksum, which the hot read path does for rows of the write buffer only).
[[nodiscard]] std::optional<node_view> decode_node(bytes_view record, bool verify = true);

/// The record without its checksum: what two equal nodes have in common whatever protects them on
/// disk.
[[nodiscard]] bytes_view content_of(bytes_view record);

} // namespace conclave::tree
