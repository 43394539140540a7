/// Queueing for ownership with ephemeral sequential nodes: what locks, latches and elections share.
#pragma once

#include "client/recipes/src/attempt.hpp"
#include "client/recipes/src/contenders.hpp"

#include <conclave/recipes/lock.hpp>

namespace conclave::recipes::detail {

/// For what, and by which rules. Shared by all acquisitions of one recipe object.
struct contest {
    client::session zk; ///< without a time limit
    std::string path;
    contest_rules rules;
    contest_options options;
};

[[nodiscard]] std::shared_ptr<const contest> make_contest(
    const client::session& zk, std::string path, contest_rules rules, const contest_options& options
);

} // namespace conclave::recipes::detail
