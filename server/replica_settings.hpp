/// From the operator's configuration to the settings of the deterministic replica, which cannot
/// draw random numbers or read a clock itself.
#pragma once

#include "server/configuration/configuration.hpp"
#include "server/replica/settings.hpp"

namespace conclave {

/// `wall_ms` is the time of this start; the session ids of this incarnation count on from it.
[[nodiscard]] replica::settings
make_replica_settings(const configuration::settings& configured, std::int64_t wall_ms);

} // namespace conclave
