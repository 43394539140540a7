/// Why there is no leader, or who it is.
#pragma once

#include "server/admin/facts.hpp"

#include <nlohmann/json_fwd.hpp>

#include <vector>

namespace conclave::admin {

/// Everything that this server knows about it.
struct leadership_facts {
    replica::ensemble_status ensemble;
    zab::election_view election;
    bool reaches_quorum = false; ///< with those that it has a link to
    bool writes_refused = false; ///< the disk is full
    std::vector<link_facts> links;
    std::vector<replica::election_note> elections; ///< the newest last
};

/// Sentences, the most telling first; none while there is a leader.
[[nodiscard]] std::vector<bytes> reasons_for_no_leader(const leadership_facts& facts);

[[nodiscard]] nlohmann::ordered_json leadership_json(const leadership_facts& facts);

} // namespace conclave::admin
