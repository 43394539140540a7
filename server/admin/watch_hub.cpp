#include "server/admin/watch_hub.hpp"

#include <utility>

namespace conclave::admin {

void watch_hub::join(
    const routed_request& asked, watch_scope scope, std::optional<event_id> after
) {
    subscription wanted{
        std::move(scope), asked.asked().has_flag("values"), asked.asked().peer_ip, asked.by.who};
    const auto found = groups_.find(wanted);
    if (found != groups_.end()) {
        return found->second->join(asked, after);
    }
    const auto made =
        std::make_shared<watch_group>(around_, wanted, [this, wanted] { groups_.erase(wanted); });
    groups_.emplace(std::move(wanted), made);
    made->begin();
    made->join(asked, after);
}

} // namespace conclave::admin
