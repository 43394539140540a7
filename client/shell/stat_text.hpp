/// The fields of `Stat` as text.
#pragma once

#include <conclave/client/node.hpp>

#include <string>

namespace conclave::shell {

/// "0x4e", as unsigned.
[[nodiscard]] std::string hex_text(std::int64_t number);

/// "Sat Nov 21 07:10:45 UTC 2026", in the time zone of this process: how Java writes a time.
[[nodiscard]] std::string java_time_text(client::server_time at);

/// "2026-11-21 07:10:45 UTC", in the time zone of this process.
[[nodiscard]] std::string time_text(client::server_time at);

/// The eleven lines of zkCli.sh.
[[nodiscard]] std::string zkcli_stat_text(const client::node_stat& stat);

} // namespace conclave::shell
