/// The records of the client protocol (zookeeper-protocol 2 to 4 and 8). Strings are views: a
/// decoded record is valid as long as the frame that it came from.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "conclave/errc.hpp"
#include "conclave/jute.hpp"
#include "conclave/types.hpp"

namespace conclave {

/// Request types (zookeeper-protocol 4.2).
enum class opcode : std::int32_t {
    create_session = -10,
    close_session = -11,
    error = -1,
    notification = 0,
    create = 1,
    remove = 2, ///< "delete"
    exists = 3,
    get_data = 4,
    set_data = 5,
    get_acl = 6,
    set_acl = 7,
    get_children = 8,
    sync = 9,
    ping = 11,
    get_children2 = 12,
    check = 13,
    multi = 14,
    create2 = 15,
    reconfig = 16,
    check_watches = 17,
    remove_watches = 18,
    create_container = 19,
    delete_container = 20,
    create_ttl = 21,
    multi_read = 22,
    auth = 100,
    set_watches = 101,
    sasl = 102,
    get_ephemerals = 103,
    get_all_children_number = 104,
    set_watches2 = 105,
    add_watch = 106,
    who_am_i = 107,
};

/// xids with a meaning of their own (zookeeper-protocol 3.1).
inline constexpr xid notification_xid{-1};
inline constexpr xid ping_xid{-2};
inline constexpr xid auth_xid{-4};
inline constexpr xid set_watches_xid{-8};

/// The `flags` of the create family.
enum class create_mode : std::int32_t {
    persistent = 0,
    ephemeral = 1,
    persistent_sequential = 2,
    ephemeral_sequential = 3,
    container = 4,
    persistent_ttl = 5,
    persistent_sequential_ttl = 6,
};

/// Permission bits of an ACL entry.
namespace permission {
inline constexpr std::int32_t read = 1;
inline constexpr std::int32_t write = 2;
inline constexpr std::int32_t create = 4;
inline constexpr std::int32_t remove = 8;
inline constexpr std::int32_t admin = 16;
inline constexpr std::int32_t all = 31;
} // namespace permission

/// Session passwords have this length always; the C client reads a block of fixed size.
inline constexpr std::size_t session_password_size = 16;

/// The longest time to live of a TTL node, in milliseconds.
inline constexpr std::int64_t ttl_max_ms = (std::int64_t{1} << 40) - 1;

struct connect_request {
    std::int32_t protocol_version{};
    zxid last_zxid_seen;
    std::int32_t timeout_ms{};
    session_id session;
    std::optional<bytes_view> password;
    std::optional<bool> read_only; ///< absent in requests of old clients, and then in the reply too

    static void fields(auto& archive, auto& record) {
        archive(
            record.protocol_version,
            record.last_zxid_seen,
            record.timeout_ms,
            record.session,
            record.password
        );
    }
};

struct connect_response {
    std::int32_t timeout_ms{};
    session_id session;
    bytes_view password;
    std::optional<bool> read_only;
};

/// @return nothing when the frame is too short; octets behind `readOnly` are accepted.
[[nodiscard]] std::optional<connect_request> decode_connect_request(bytes_view frame);

/// Appends a whole frame. protocolVersion is always 0.
void append_connect_response(bytes& out, const connect_response& response);

struct request_header {
    xid id;
    opcode type{};

    static void fields(auto& archive, auto& record) {
        auto type = static_cast<std::int32_t>(record.type);
        archive(record.id, type);
        if constexpr (!std::is_const_v<std::remove_reference_t<decltype(record)>>) {
            record.type = static_cast<opcode>(type);
        }
    }
};

struct reply_header {
    xid id;
    zxid at;
    errc error{};

    static void fields(auto& archive, auto& record) {
        auto error = static_cast<std::int32_t>(record.error);
        archive(record.id, record.at, error);
        if constexpr (!std::is_const_v<std::remove_reference_t<decltype(record)>>) {
            record.error = static_cast<errc>(error);
        }
    }
};

/// What the protocol tells about a znode (zookeeper-protocol 6), as sent: `cversion` counts creates
/// and deletes.
struct stat {
    zxid czxid;
    zxid mzxid;
    std::int64_t ctime_ms{};
    std::int64_t mtime_ms{};
    std::int32_t version{};
    std::int32_t cversion{};
    std::int32_t aversion{};
    session_id ephemeral_owner;
    std::int32_t data_length{};
    std::int32_t num_children{};
    zxid pzxid;

    static void fields(auto& archive, auto& record) {
        archive(
            record.czxid,
            record.mzxid,
            record.ctime_ms,
            record.mtime_ms,
            record.version,
            record.cversion,
            record.aversion,
            record.ephemeral_owner,
            record.data_length,
            record.num_children,
            record.pzxid
        );
    }

    friend bool operator==(const stat&, const stat&) = default;
};

/// One entry of an ACL as it travels. Scheme and id may be null on the wire; validation refuses
/// that.
struct acl_record {
    std::int32_t permissions{};
    std::optional<bytes_view> scheme;
    std::optional<bytes_view> id;

    static void fields(auto& archive, auto& record) {
        archive(record.permissions, record.scheme, record.id);
    }
};

struct create_request { // create, create2, createContainer
    bytes_view path;
    std::optional<bytes_view> data;
    std::vector<acl_record> acl;
    std::int32_t flags{};

    static void fields(auto& archive, auto& record) {
        archive(record.path, record.data, record.acl, record.flags);
    }
};

struct create_ttl_request {
    bytes_view path;
    std::optional<bytes_view> data;
    std::vector<acl_record> acl;
    std::int32_t flags{};
    std::int64_t ttl_ms{};

    static void fields(auto& archive, auto& record) {
        archive(record.path, record.data, record.acl, record.flags, record.ttl_ms);
    }
};

struct delete_request {
    bytes_view path;
    std::int32_t version{};

    static void fields(auto& archive, auto& record) { archive(record.path, record.version); }
};

struct set_data_request {
    bytes_view path;
    std::optional<bytes_view> data;
    std::int32_t version{};

    static void fields(auto& archive, auto& record) {
        jute::null_as_empty(archive, record.path);
        archive(record.data, record.version);
    }
};

struct set_acl_request {
    bytes_view path;
    std::vector<acl_record> acl;
    std::int32_t version{};

    static void fields(auto& archive, auto& record) {
        jute::null_as_empty(archive, record.path);
        archive(record.acl, record.version);
    }
};

struct check_request {
    bytes_view path;
    std::int32_t version{};

    static void fields(auto& archive, auto& record) { archive(record.path, record.version); }
};

/// exists, getData, getChildren, getChildren2.
struct read_request {
    bytes_view path;
    bool watch{};

    static void fields(auto& archive, auto& record) { archive(record.path, record.watch); }
};

/// getACL, getAllChildrenNumber: a path alone that must not be null.
struct path_request {
    bytes_view path;

    static void fields(auto& archive, auto& record) { archive(record.path); }
};

/// sync, getEphemerals: a path that may be null.
struct optional_path_request {
    std::optional<bytes_view> path;

    static void fields(auto& archive, auto& record) { archive(record.path); }
};

struct reconfig_request {
    std::optional<bytes_view> joining;
    std::optional<bytes_view> leaving;
    std::optional<bytes_view> new_members;
    std::int64_t current_config{};

    static void fields(auto& archive, auto& record) {
        archive(record.joining, record.leaving, record.new_members, record.current_config);
    }
};

/// checkWatches and removeWatches (`type`), addWatch (`mode`).
struct watch_request {
    std::optional<bytes_view> path; ///< null was seen to be taken, but not by checkWatches
    std::int32_t kind{};

    static void fields(auto& archive, auto& record) { archive(record.path, record.kind); }
};

/// setWatches; setWatches2 has two lists more.
struct set_watches_request {
    zxid relative_zxid;
    std::vector<bytes_view> data;
    std::vector<bytes_view> exist;
    std::vector<bytes_view> child;
    std::vector<bytes_view> persistent;
    std::vector<bytes_view> recursive;
};

/// Null vectors are refused here, unlike elsewhere (zookeeper-protocol 4.2: -5).
[[nodiscard]] std::optional<set_watches_request> decode_set_watches(bytes_view body, opcode type);

struct auth_request {
    std::int32_t type{};
    std::optional<bytes_view> scheme;
    std::optional<bytes_view> credentials;

    static void fields(auto& archive, auto& record) {
        archive(record.type, record.scheme, record.credentials);
    }
};

struct multi_header {
    std::int32_t type{};
    bool done{};
    std::int32_t error{};

    static void fields(auto& archive, auto& record) {
        archive(record.type, record.done, record.error);
    }
};

/// Watch event types; the numbers are those of the wire.
enum class event_type : std::int32_t {
    created = 1,
    deleted = 2,
    data_changed = 3,
    children_changed = 4,
};

/// Appends a whole notification frame. `at` is the zxid of the transaction that fired it, or -1.
void append_watch_event(bytes& out, zxid at, event_type type, bytes_view path);

/// Appends a frame that is a reply header alone.
void append_reply(bytes& out, const reply_header& header);

} // namespace conclave
