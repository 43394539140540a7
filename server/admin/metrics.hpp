/// The numbers that monitoring asks for, by ZooKeeper's names (zookeeper-protocol 11.2).
#pragma once

#include "server/admin/facts.hpp"
#include "server/admin/process_info.hpp"

#include <string>
#include <variant>
#include <vector>

namespace conclave::admin {

enum class metric_kind {
    gauge,
    counter,
    part, ///< one number of a summary or of a quota, which has a name of its own in mntr only
};

struct metric {
    std::string name; ///< without the "zk_" of mntr
    std::variant<std::int64_t, double, std::string> value;
    metric_kind kind = metric_kind::gauge;
};

/// Everything that metrics are made of.
struct metric_sources {
    const measured_facts& measured;
    const process_facts& process;
};

/// Version and state first. A counter of ZooKeeper that stands for something that cannot happen in
/// this server is 0; one that could happen and is not counted is left out.
[[nodiscard]] std::vector<metric> collect_metrics(const metric_sources& from);

/// The answer to `mntr`.
[[nodiscard]] bytes mntr_text(const std::vector<metric>& metrics);

} // namespace conclave::admin
