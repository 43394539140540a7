#include "test/support/history/check.hpp"

#include "test/support/history/client_events.hpp"
#include "test/support/history/positions.hpp"
#include "test/support/history/session_order.hpp"

namespace conclave::history {

report check(const history& seen, const search_limits& limits) {
    report result = check_session_order(seen);
    result.add(check_positions(seen));
    result.add(check_client_events(seen));
    result.add(check_ephemerals(seen));
    result.add(check_linearizability(seen, limits));
    return result;
}

} // namespace conclave::history
