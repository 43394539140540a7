#include "conclave/recipes/lock.hpp"

#include "client/recipes/src/contest.hpp"

namespace conclave::recipes {

lock::lock(const client::session& zk, std::string path, const contest_options& options)
    : contest_(detail::make_contest(zk, std::move(path), detail::lock_rules(options.names), options)
      ) {}

} // namespace conclave::recipes
