/// Metrics in the text format of Prometheus (zookeeper-protocol 11.4): under ZooKeeper's names
/// where dashboards and alert rules use them, and what it has no name for as `conclave_...`.
#pragma once

#include "server/admin/facts.hpp"
#include "server/admin/process_info.hpp"

namespace conclave::admin {

/// `text/plain; version=0.0.4`.
inline constexpr bytes_view prometheus_content_type = "text/plain; version=0.0.4; charset=utf-8";

[[nodiscard]] bytes prometheus_text(const measured_facts& measured, const process_facts& process);

} // namespace conclave::admin
