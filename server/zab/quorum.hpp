/// Which sets of servers may decide (zab 5.2).
#pragma once

#include <set>

#include "conclave/types.hpp"

namespace conclave::zab {

/// More than half of the voters. Any two quorums share a server.
class majority {
public:
    /// Precondition: not empty.
    explicit majority(std::set<server_id> voters) : voters_(std::move(voters)) {}

    [[nodiscard]] bool is_voter(server_id server) const { return voters_.contains(server); }

    /// Servers that are not voters do not count.
    [[nodiscard]] bool is_quorum(const std::set<server_id>& servers) const {
        std::size_t votes = 0;
        for (const server_id server : servers) {
            votes += voters_.count(server);
        }
        return votes > voters_.size() / 2;
    }

    [[nodiscard]] const std::set<server_id>& voters() const { return voters_; }

private:
    std::set<server_id> voters_;
};

} // namespace conclave::zab
