/// ZooKeeper's error codes (zookeeper-protocol 5.1) as a `std::error_code` category.
#pragma once

#include <cstdint>
#include <string_view>
#include <system_error>

namespace conclave {

/// The outcome of a request, with the numbers that travel in a reply header. Only those that a
/// server sends or a client library reports are listed; clients map unknown codes badly, so nothing
/// else may be sent.
enum class errc : std::int32_t {
    ok = 0,
    runtime_inconsistency =
        -2,                 ///< an operation of a failed multi that stands behind the failing one
    connection_loss = -4,   ///< client side: the outcome is unknown
    marshalling_error = -5, ///< the request could not be decoded
    unimplemented = -6,     ///< unknown opcode, or a feature that is switched off
    operation_timeout = -7, ///< client side
    bad_arguments = -8, ///< bad path, flags, TTL or reconfig arguments; delete of a reserved node
    new_config_no_quorum = -13, ///< reconfig without a connected quorum of the new configuration
    reconfig_in_progress = -14, ///< another reconfig is not yet committed
    no_node = -101,
    no_auth = -102, ///< the ACL denies
    bad_version = -103,
    no_children_for_ephemerals = -108, ///< the parent is ephemeral
    node_exists = -110,
    not_empty = -111,
    session_expired = -112,
    invalid_acl = -114,
    auth_failed = -115,   ///< the connection is closed after it
    session_moved = -118, ///< internal: the connection is closed instead
    not_read_only = -119, ///< a write on a read-only server
    ephemeral_on_local_session = -120,
    no_watcher = -121, ///< checkWatches or removeWatches found nothing
    reconfig_disabled = -123,
    session_closed_require_auth = -124, ///< an enforced authentication scheme is not satisfied
    quota_exceeded = -125,
    throttled = -127, ///< refused by the request throttle
};

/// ZooKeeper's name of the code, such as "NoNode"; "Unknown" for a number that is none of them.
[[nodiscard]] std::string_view name(errc code);

/// The category of `errc`.
[[nodiscard]] const std::error_category& protocol_category() noexcept;

[[nodiscard]] std::error_code make_error_code(errc code) noexcept;

} // namespace conclave

template <>
struct std::is_error_code_enum<conclave::errc> : std::true_type {};
