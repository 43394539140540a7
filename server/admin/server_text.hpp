/// The words about the server as a whole: srvr, stat, conf, dirs.
#pragma once

#include "server/admin/facts.hpp"
#include "server/replica/connection.hpp"

namespace conclave::admin {

/// Block A of zookeeper-protocol 11.1.
[[nodiscard]] bytes srvr_text(const server_facts& server);

/// Block B. `clients`: one line of `connection_line` each, ends of lines included.
[[nodiscard]] bytes stat_text(const server_facts& server, bytes_view clients);

/// Block C.
[[nodiscard]] bytes conf_text(const configuration_facts& configured, const directory_sizes& sizes);

[[nodiscard]] bytes dirs_text(const directory_sizes& sizes);

/// The average latency as `srvr` and `mntr` give it.
[[nodiscard]] double average_latency_ms(const replica::counters& counted);

} // namespace conclave::admin
