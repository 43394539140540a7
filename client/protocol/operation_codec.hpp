/// From operations to requests and from replies to results.
#pragma once

#include "client/protocol/chroot.hpp"
#include "client/protocol/watch_registry.hpp"

#include <conclave/client/error.hpp>
#include <conclave/client/operation.hpp>
#include <conclave/result.hpp>

#include <optional>

namespace conclave::client {

/// A request without its header.
struct encoded_request {
    opcode type{};
    bytes body;
    /// Asking twice does no more than asking once.
    bool is_repeatable = false;
    /// What the request watches when it succeeds, and where (as the server knows it).
    std::optional<watch_kind> watch;
    bytes watched_path;
};

/// What a server answered. Without an error, `body` is what the operation returns.
struct reply_view {
    std::error_code error;
    bytes_view body;
};

/// How each operation travels. Fails with `errc::bad_arguments` for what no server would take.
result<encoded_request> encode(const operation::create& what, const chroot& root);
result<encoded_request> encode(const operation::remove& what, const chroot& root);
result<encoded_request> encode(const operation::exists& what, const chroot& root);
result<encoded_request> encode(const operation::exists_and_watch& what, const chroot& root);
result<encoded_request> encode(const operation::get& what, const chroot& root);
result<encoded_request> encode(const operation::get_and_watch& what, const chroot& root);
result<encoded_request> encode(const operation::set& what, const chroot& root);
result<encoded_request> encode(const operation::get_children& what, const chroot& root);
result<encoded_request> encode(const operation::get_children_and_watch& what, const chroot& root);
result<encoded_request> encode(const operation::get_acl& what, const chroot& root);
result<encoded_request> encode(const operation::set_acl& what, const chroot& root);
result<encoded_request> encode(const operation::sync& what, const chroot& root);
result<encoded_request> encode(const operation::commit& what, const chroot& root);
result<encoded_request> encode(const operation::read& what, const chroot& root);
result<encoded_request> encode(const operation::add_watch& what, const chroot& root);
result<encoded_request> encode(const operation::check_watches& what, const chroot& root);
result<encoded_request> encode(const operation::remove_watches& what, const chroot& root);
result<encoded_request> encode(const operation::get_config& what, const chroot& root);
result<encoded_request> encode(const operation::get_config_and_watch& what, const chroot& root);
result<encoded_request> encode(const operation::reconfig& what, const chroot& root);
result<encoded_request> encode(const operation::who_am_i& what, const chroot& root);
result<encoded_request> encode(const operation::get_ephemerals& what, const chroot& root);
result<encoded_request> encode(const operation::get_all_children_number& what, const chroot& root);

/// What a reply means, by the type of its result. Returns the outcome of the operation, which is
/// `error::bad_reply` if the body is not what was asked for.
std::error_code decode(const reply_view& reply, const chroot& root, created_node& to);
std::error_code decode(const reply_view& reply, const chroot& root, node_stat& to);
std::error_code decode(const reply_view& reply, const chroot& root, std::optional<node_stat>& to);
std::error_code decode(const reply_view& reply, const chroot& root, node_data& to);
std::error_code decode(const reply_view& reply, const chroot& root, node_children& to);
std::error_code decode(const reply_view& reply, const chroot& root, node_acl& to);
std::error_code
decode(const reply_view& reply, const chroot& root, std::vector<transaction_result>& to);
std::error_code decode(const reply_view& reply, const chroot& root, std::vector<read_result>& to);
std::error_code decode(const reply_view& reply, const chroot& root, std::vector<identity>& to);
std::error_code decode(const reply_view& reply, const chroot& root, std::vector<std::string>& to);
std::error_code decode(const reply_view& reply, const chroot& root, std::int32_t& to);

} // namespace conclave::client
