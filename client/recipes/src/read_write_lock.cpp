#include "conclave/recipes/read_write_lock.hpp"

#include "client/recipes/src/contest.hpp"

namespace conclave::recipes {

read_write_lock::read_write_lock(
    const client::session& zk, const std::string& path, const contest_options& options
)
    : readers_(detail::make_contest(zk, path, detail::read_rules(options.names), options))
    , writers_(detail::make_contest(zk, path, detail::write_rules(options.names), options)) {}

} // namespace conclave::recipes
