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
    bool is_lost = false;     ///< the node was seen to be gone
};

[[nodiscard]] bool is_held(const claim& which);

/// Removes the node, and strays.
asio::awaitable<error_code> give_back(std::shared_ptr<claim> held);

} // namespace conclave::recipes::detail
