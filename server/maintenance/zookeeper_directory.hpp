/// Reads the state that a ZooKeeper server has left in its directories.
#pragma once

#include "server/maintenance/zookeeper_state.hpp"

#include <conclave/result.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace conclave::maintenance {

/// What was read, and what an operator should know about it.
struct zookeeper_import {
    std::unique_ptr<zookeeper_state> state;
    std::string snapshot; ///< path of the one that was used
    zxid snapshot_at;     ///< transactions behind it came from the log
    std::int64_t replayed_count = 0;
    std::uint32_t epoch = 0; ///< the highest that the server has known: none after it is known
    bool is_digest_proved = false; ///< the tree has the digest that ZooKeeper wrote down
    std::vector<std::string> notes;
};

/// The newest snapshot that is whole, and the transactions behind it: what the server itself would
/// start with. Both directories may be named with or without "version-2"; an empty `log_directory`
/// is the same as `data_directory`.
/// @return a sentence that says what is wrong with which file, and what to do
[[nodiscard]] result<zookeeper_import, std::string>
read_zookeeper_directories(const std::string& data_directory, const std::string& log_directory);

} // namespace conclave::maintenance
