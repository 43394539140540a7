/// Preparing delete, setData, setACL and check.
#include "server/tree/preparation.hpp"
#include "server/tree/reserved.hpp"

#include <conclave/path.hpp>

namespace conclave::tree {

namespace {

constexpr std::int32_t any_version = -1;

bool is_version(std::int32_t expected, std::int32_t actual) {
    return expected == any_version || expected == actual;
}

/// Versions wrap like Java's.
std::int32_t next_version(std::int32_t version) {
    return static_cast<std::int32_t>(static_cast<std::uint32_t>(version) + 1);
}

} // namespace

result<delete_node> preparation::remove(const delete_request& request, const requester& by) {
    if (request.path.find('/') == bytes_view::npos || request.path.find('\0') != bytes_view::npos ||
        is_reserved(request.path)) {
        return unexpected{errc::bad_arguments};
    }
    const pending_node parent = look(path::parent_of(request.path));
    if (!parent.exists) {
        return unexpected{errc::no_node};
    }
    if (!allows(parent, permission::remove, by)) {
        return unexpected{errc::no_auth};
    }
    const pending_node node = look(request.path);
    if (!node.exists) {
        return unexpected{errc::no_node};
    }
    if (!is_version(request.version, node.head.version)) {
        return unexpected{errc::bad_version};
    }
    if (node.head.num_children > 0) {
        return unexpected{errc::not_empty};
    }
    put_deleted(request.path, node);
    return delete_node{bytes{request.path}};
}

result<set_data> preparation::set(const set_data_request& request, const requester& by) {
    if (!path::is_valid(request.path)) {
        return unexpected{errc::bad_arguments};
    }
    pending_node node = look(request.path);
    if (!node.exists) {
        return unexpected{errc::no_node};
    }
    if (!allows(node, permission::write, by)) {
        return unexpected{errc::no_auth};
    }
    const std::int64_t size = request.data ? static_cast<std::int64_t>(request.data->size()) : 0;
    const quota_usage growth{0, size - node.data_size};
    if (would_exceed_quota(request.path, growth)) {
        return unexpected{errc::quota_exceeded};
    }
    if (!is_version(request.version, node.head.version)) {
        return unexpected{errc::bad_version};
    }
    set_data what;
    what.path = request.path;
    what.data = request.data;
    what.version = next_version(node.head.version);
    note_usage(request.path, growth);
    node.is_young = true;
    node.head.version = what.version;
    node.data_size = size;
    pending_.put(request.path, std::move(node));
    return what;
}

bool preparation::may_write(bytes_view path, const requester& by) const {
    const pending_node node = look(path);
    return node.exists && allows(node, permission::write, by);
}

result<set_acl> preparation::set_access(const set_acl_request& request, const requester& by) {
    if (!path::is_valid(request.path)) {
        return unexpected{errc::bad_arguments};
    }
    result<bytes> acl = make_acl(request.acl, by.who, settings_.access);
    if (!acl) {
        return unexpected{acl.error()};
    }
    pending_node node = look(request.path);
    if (!node.exists) {
        return unexpected{errc::no_node};
    }
    if (!allows(node, permission::admin, by)) {
        return unexpected{errc::no_auth};
    }
    if (!is_version(request.version, node.head.aversion)) {
        return unexpected{errc::bad_version};
    }
    set_acl what;
    what.path = request.path;
    what.acl = *std::move(acl);
    what.aversion = next_version(node.head.aversion);
    node.acl = what.acl;
    node.head.aversion = what.aversion;
    pending_.put(request.path, std::move(node));
    return what;
}

result<checked> preparation::check(const check_request& request, const requester& by) {
    if (!path::is_valid(request.path)) {
        return unexpected{errc::bad_arguments};
    }
    const pending_node node = look(request.path);
    if (!node.exists) {
        return unexpected{errc::no_node};
    }
    if (!allows(node, permission::read, by)) {
        return unexpected{errc::no_auth};
    }
    if (!is_version(request.version, node.head.version)) {
        return unexpected{errc::bad_version};
    }
    return checked{};
}

} // namespace conclave::tree
