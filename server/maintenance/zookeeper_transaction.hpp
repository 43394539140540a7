/// A transaction as it stands in ZooKeeper's log.
#pragma once

#include <conclave/types.hpp>

#include <cstdint>
#include <optional>

namespace conclave::maintenance {

struct zookeeper_transaction {
    std::int64_t session{};
    std::int32_t cxid{};
    zxid at;
    std::int64_t time_ms{};
    std::int32_t type{}; ///< an `opcode`
    bytes_view body;     ///< behind it, in the log, a digest may follow

    static void fields(auto& archive, auto& record) {
        archive(record.session, record.cxid, record.at, record.time_ms, record.type);
    }
};

/// The sum over the tree behind a transaction.
struct zookeeper_digest {
    std::int32_t version{};
    std::int64_t value{};

    static void fields(auto& archive, auto& record) { archive(record.version, record.value); }
};

/// The one whose algorithm is known here.
inline constexpr std::int32_t known_digest_version = 2;

} // namespace conclave::maintenance
