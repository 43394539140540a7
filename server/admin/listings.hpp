/// Long listings, gathered on the core thread in slices (`core_gate::ask_in_slices`): `step` does a
/// bounded piece of work and returns true when the listing is whole.
///
/// A listing is no snapshot: what comes or goes while it is made is in it or not.
#pragma once

#include "server/admin/server_view.hpp"

#include <optional>
#include <set>
#include <utility>
#include <vector>

namespace conclave::admin {

/// All connections, ascending by number.
struct connection_listing {
    std::vector<connection_facts> found;
    std::optional<std::vector<replica::connection_id>> ids;
    std::size_t next = 0;

    bool step(server_view& view, replica::instant now);
};

struct session_facts {
    session_id id;
    std::chrono::milliseconds timeout{};
    replica::time_point deadline{}; ///< on the clock of the core
    std::int64_t deadline_wall_ms = 0;
};

/// Sessions that live, by deadline. One that shows life between two slices may be there twice.
struct session_listing {
    std::vector<session_facts> found;
    bool is_serving = true;

    bool step(server_view& view, replica::instant now);
};

/// Ephemeral nodes by session.
struct ephemeral_listing {
    std::vector<std::pair<session_id, bytes>> found;

    bool step(server_view& view, replica::instant now);
};

/// Watches that ZooKeeper tells of (`server_view::tells_of`): path and session, in no order,
/// perhaps some twice.
struct watch_listing {
    std::vector<std::pair<bytes, session_id>> found;
    std::size_t position = 0;
    bool is_serving = true;

    bool step(server_view& view, replica::instant now);
};

} // namespace conclave::admin
