/// From a ZooKeeper server's directories to a data directory of Conclave's.
#pragma once

#include "server/log/file_system.hpp"
#include "server/maintenance/data_place.hpp"

#include <conclave/result.hpp>
#include <conclave/types.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace conclave::maintenance {

struct import_report {
    std::string snapshot;
    zxid snapshot_at;
    zxid last;
    std::int64_t replayed_count = 0;
    std::int64_t node_count = 0;
    std::int64_t session_count = 0;
    std::string digest; ///< of Conclave's tree, hexadecimal
    bool is_digest_proved = false;
    std::vector<std::string> notes;
};

/// Nothing is written unless the whole state could be read. The same files give the same state
/// wherever they are imported, so each server of an ensemble imports them by itself.
/// @return a sentence that says what is wrong and what to do
[[nodiscard]] result<import_report, std::string> import_zookeeper(
    txnlog::file_system& files,
    const std::string& data_directory,
    const std::string& log_directory,
    const data_place& into
);

[[nodiscard]] std::string to_text(const import_report& report);

/// The password with which ZooKeeper lets a client resume its session.
[[nodiscard]] bytes zookeeper_session_password(std::int64_t session);

} // namespace conclave::maintenance
