/// What stands behind an `ownership`.
#pragma once

#include "client/recipes/src/launch.hpp"

#include <conclave/recipes/ownership.hpp>

namespace conclave::recipes::detail {

/// One ephemeral node of ours, by which something is owned.
struct claim {
    claim(client::session session, std::string of_node, zxid created_at)
        : zk(std::move(session)), node(std::move(of_node)), token(created_at), owner(zk.key().id) {}

    client::session zk; ///< without a time limit
    std::string node;
    zxid token;
    session_id owner;
    /// Further nodes whose names begin with this may exist, because the answer to a creation was
    /// lost; empty if not. A path.
    std::string stray_prefix;
    bool is_released = false; ///< by this program
    bool is_lost = false;     ///< the node was seen to be gone, or to be another's
};

[[nodiscard]] bool is_held(const claim& which);

/// What an acquisition completes with that has come to this claim: an error if the session can have
/// ended meanwhile, such as in a process that was stopped and wakes with good news in its socket.
[[nodiscard]] error_code certainty_of(const claim& which);

/// Removes the node if it is still ours, and strays. Goes on as long as the session lives.
asio::awaitable<error_code> give_back(std::shared_ptr<claim> held);

} // namespace conclave::recipes::detail
