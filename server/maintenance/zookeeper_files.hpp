/// The two kinds of files in which ZooKeeper 3.4 to 3.9 keep their state.
#pragma once

#include "server/maintenance/octet_source.hpp"
#include "server/maintenance/zookeeper_state.hpp"

#include <conclave/function_ref.hpp>
#include <conclave/result.hpp>

#include <optional>
#include <string>

namespace conclave::maintenance {

/// The digest that a snapshot tells, and of which zxid.
struct zookeeper_digest_point {
    zxid at;
    zookeeper_digest sum;
};

/// Reads a snapshot into the empty `into`, checks its seals, and says which digest it tells.
/// @return a sentence about what is wrong and where
[[nodiscard]] result<std::optional<zookeeper_digest_point>, std::string>
read_zookeeper_snapshot(octet_source& from, zookeeper_state& into);

/// How a log file ended.
struct zookeeper_log_end {
    std::uint64_t offset = 0; ///< behind the last whole transaction
    bool is_torn = false;     ///< a transaction begins there that was not written to its end
};

/// A transaction, and the digest behind it if there is one; false ends the reading.
using zookeeper_log_visitor =
    function_ref<bool(const zookeeper_transaction&, std::optional<zookeeper_digest>)>;

/// Reads a log up to the zeros behind its last transaction, or up to one that was not written to
/// its end. @return a sentence about damage: a transaction that is whole and has a wrong checksum
[[nodiscard]] result<zookeeper_log_end, std::string>
read_zookeeper_log(octet_source& from, zookeeper_log_visitor visit);

/// Octets behind a body are a digest if they are as many as it takes.
[[nodiscard]] std::optional<zookeeper_digest> digest_behind(std::int32_t type, bytes_view body);

} // namespace conclave::maintenance
