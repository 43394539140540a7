#include "conclave/recipes/leader_election.hpp"

#include "client/recipes/src/contest.hpp"

namespace conclave::recipes {

leader_election::leader_election(
    const client::session& zk, std::string path, std::string identifier, layout names
) {
    contest_options options;
    options.names = names;
    options.identifier = std::move(identifier);
    contest_ = detail::make_contest(zk, std::move(path), detail::lock_rules(names), options);
}

} // namespace conclave::recipes
