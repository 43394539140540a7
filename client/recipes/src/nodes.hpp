/// Steps that many recipes take, carried through across reconnects.
#pragma once

#include "client/recipes/src/launch.hpp"

#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <optional>
#include <string>

namespace conclave::recipes::detail {

/// True if a request has to be asked again because the connection broke; it may have taken effect.
[[nodiscard]] bool is_interrupted(const error_code& failed);

/// True if a write may have taken effect, so that it must be looked for: it was interrupted, or its
/// answer made no sense.
[[nodiscard]] bool is_undecided(const error_code& failed);

/// For steps that have to be carried through as long as the session lives, such as giving back.
class carrying_through {
public:
    explicit carrying_through(const client::session& zk);

    /// Whether to ask again. Waits first, longer each time, if the request was refused for want of
    /// room: here (`queue_full`) or at the server (`throttled`).
    asio::awaitable<bool> asks_again(error_code failed);

private:
    asio::steady_timer timer_;
    std::chrono::milliseconds pause_;
};

/// A handle of the session whose operations end with an answer or with the session.
[[nodiscard]] client::session without_limit(const client::session& zk);

/// A random (version 4) UUID.
[[nodiscard]] std::string random_uuid();

/// Creates the node and those above it that are missing, as containers: servers remove them again
/// when they are empty. Success if it is there.
asio::awaitable<error_code> make_container(client::session zk, std::string path);

/// Creates a persistent node, empty, and those above it that are missing. Success if it is there.
asio::awaitable<error_code> make_path(client::session zk, std::string path);

/// Success once the node is gone, whoever has removed it. Only where nobody else makes a node of
/// the same name: a removal whose answer was lost is repeated.
asio::awaitable<error_code> remove_node(client::session zk, std::string path);

/// Removes the node that was created at `created_at`, and none that somebody else has made at its
/// place since. Success once it is gone.
asio::awaitable<error_code> remove_created(client::session zk, std::string path, zxid created_at);

/// The node as of now; nothing if there is none. All is seen that was committed before, also by a
/// connection that is lost.
asio::awaitable<outcome<std::optional<client::node_stat>>>
look_in_sync(client::session zk, std::string path);

/// Until the node does not exist.
asio::awaitable<error_code> await_absence(client::session zk, std::string path);

/// The children as of now: everything is seen that was committed before, also by a connection that
/// is lost.
asio::awaitable<outcome<client::node_children>>
list_in_sync(client::session zk, std::string parent);

/// Removes the children of `parent` whose names begin with `prefix`, also those that a request on a
/// lost connection has created.
asio::awaitable<error_code>
remove_beginning_with(client::session zk, std::string parent, std::string prefix);

} // namespace conclave::recipes::detail
