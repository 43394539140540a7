/// Preparing the four create requests.
#include "server/tree/preparation.hpp"
#include "server/tree/reserved.hpp"

#include <conclave/path.hpp>

#include <fmt/format.h>

namespace conclave::tree {

namespace {

bool is_known(std::int32_t flags) {
    return flags >= static_cast<std::int32_t>(create_mode::persistent) &&
           flags <= static_cast<std::int32_t>(create_mode::persistent_sequential_ttl);
}

bool is_sequential(create_mode mode) {
    return mode == create_mode::persistent_sequential ||
           mode == create_mode::ephemeral_sequential ||
           mode == create_mode::persistent_sequential_ttl;
}

bool is_ephemeral(create_mode mode) {
    return mode == create_mode::ephemeral || mode == create_mode::ephemeral_sequential;
}

bool is_ttl(create_mode mode) {
    return mode == create_mode::persistent_ttl || mode == create_mode::persistent_sequential_ttl;
}

/// Flags, TTL support and TTL, in this order. A TTL belongs to its own opcode and modes, and they
/// to it: what other combinations a ZooKeeper server accepts kill it (zookeeper-protocol 15, row
/// 1).
errc check_mode(opcode type, std::int32_t flags, std::int64_t ttl_ms, bool extended_types) {
    if (!is_known(flags)) {
        return errc::bad_arguments;
    }
    const bool wants_ttl = is_ttl(static_cast<create_mode>(flags));
    if (wants_ttl && !extended_types) {
        return errc::unimplemented;
    }
    if (wants_ttl != (type == opcode::create_ttl)) {
        return errc::bad_arguments;
    }
    const bool is_valid_ttl = ttl_ms > 0 && ttl_ms <= ttl_max_ms;
    return wants_ttl && !is_valid_ttl ? errc::bad_arguments : errc::ok;
}

std::int64_t
owner_of(opcode type, create_mode mode, std::int64_t ttl_ms, bool is_multi, session_id session) {
    if (type == opcode::create_ttl) {
        return ttl_owner(ttl_ms);
    }
    const bool is_container =
        is_multi ? mode == create_mode::container : type == opcode::create_container;
    if (is_container) {
        return container_owner;
    }
    return is_ephemeral(mode) ? session.value : 0;
}

/// The child counter after one more create; it wraps like Java's.
std::int32_t incremented(std::int32_t counter) {
    return static_cast<std::int32_t>(static_cast<std::uint32_t>(counter) + 1);
}

std::int64_t size_of(const std::optional<bytes_view>& data) {
    return data ? static_cast<std::int64_t>(data->size()) : 0;
}

} // namespace

result<create_node> preparation::create(
    opcode type, const create_request& request, std::int64_t ttl_ms, const requester& by
) {
    const errc mode_error = check_mode(type, request.flags, ttl_ms, settings_.extended_types);
    if (mode_error != errc::ok) {
        return unexpected{mode_error};
    }
    const auto mode = static_cast<create_mode>(request.flags);
    if (request.path.find('/') == bytes_view::npos || request.path.find('\0') != bytes_view::npos) {
        return unexpected{errc::bad_arguments};
    }
    result<bytes> acl = make_acl(request.acl, by.who, settings_.access);
    if (!acl) {
        return unexpected{acl.error()};
    }
    pending_node parent = look(path::parent_of(request.path));
    if (!parent.exists) {
        return unexpected{errc::no_node};
    }
    if (!allows(parent, permission::create, by)) {
        return unexpected{errc::no_auth};
    }
    bytes path{request.path};
    if (is_sequential(mode)) {
        path += fmt::format("{:010d}", parent.head.child_counter);
    }
    if (!path::is_valid(path) || is_root_quota(path)) {
        return unexpected{errc::bad_arguments};
    }
    if (look(path).exists) {
        return unexpected{errc::node_exists};
    }
    if (parent.head.kind() == node_kind::ephemeral) {
        return unexpected{errc::no_children_for_ephemerals};
    }
    if (would_exceed_quota(path, {1, size_of(request.data)})) {
        return unexpected{errc::quota_exceeded};
    }

    create_node what;
    what.path = std::move(path);
    what.data = request.data;
    what.acl = *std::move(acl);
    what.owner = owner_of(type, mode, ttl_ms, is_multi_, by.session);
    what.parent_child_counter = incremented(parent.head.child_counter);
    put_created(what, std::move(parent));
    return what;
}

void preparation::put_created(const create_node& what, pending_node parent) {
    pending_node node;
    node.exists = true;
    node.is_young = true;
    node.head.owner = what.owner;
    node.acl = what.acl;
    node.data_size = what.data ? static_cast<std::int64_t>(what.data->size()) : 0;
    note_usage(what.path, {1, node.data_size});
    pending_.put(what.path, std::move(node));

    parent.head.child_counter = what.parent_child_counter;
    parent.head.num_children += 1;
    pending_.put(path::parent_of(what.path), std::move(parent));
}

} // namespace conclave::tree
