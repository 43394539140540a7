/// All watch streams of the server.
#pragma once

#include "server/admin/watch_group.hpp"

#include <map>

namespace conclave::admin {

/// Admin thread only.
class watch_hub {
public:
    explicit watch_hub(watch_surroundings around) : around_(std::move(around)) {}

    watch_hub(const watch_hub&) = delete;
    watch_hub& operator=(const watch_hub&) = delete;

    /// Answers the request, with a stream or with a refusal.
    /// `after`: the reader comes back, and has seen everything up to there.
    void join(const routed_request& asked, watch_scope scope, std::optional<event_id> after);

    /// Forgets all of them; the admin thread has ended.
    void clear() { groups_.clear(); }

private:
    watch_surroundings around_;
    std::map<subscription, std::shared_ptr<watch_group>> groups_;
};

} // namespace conclave::admin
