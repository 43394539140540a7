/// Creating a node whose name is unique to the creation.
#pragma once

#include "client/recipes/src/launch.hpp"

#include <optional>
#include <string>

namespace conclave::recipes::detail {

/// A node that was created for certain.
struct unique_node {
    std::string path;
    zxid created_at;
    bool may_have_strays = false; ///< further nodes whose paths begin with `prefix`
    std::string prefix;           ///< a path, what was asked for
};

/// Creates a node at `prefix`, which nobody else uses; with a sequential mode the server adds a
/// number. Goes on across reconnects, finds what was created without an answer, and makes the
/// parent as a container if it is missing.
asio::awaitable<outcome<unique_node>>
create_unique(client::session zk, std::string prefix, bytes data, client::create_options how);

/// Removes it, and strays.
asio::awaitable<error_code> remove_unique(client::session zk, unique_node which);

} // namespace conclave::recipes::detail
