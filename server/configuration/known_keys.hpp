/// The keys that a configuration may have: all of ZooKeeper's (zookeeper-protocol 12.2 to 12.4) and
/// Conclave's own.
#pragma once

#include "server/configuration/key_rule.hpp"

#include <span>
#include <string>
#include <string_view>

namespace conclave::configuration {

/// All of them, in the order of topics. Lives for the whole program.
[[nodiscard]] std::span<const key_rule> known_keys();

/// The rule for `key`, given without the prefix `zookeeper.`: its own, or that of the longest
/// family (`ssl.*`) to which it belongs. Null for an unknown key.
[[nodiscard]] const key_rule* find_key(std::string_view key);

/// `key` as the table spells it: without the prefix `zookeeper.`, with which every key may be
/// written.
[[nodiscard]] std::string_view canonical_key(std::string_view key);

/// The known key that a mistyped `key` most likely means; empty if none is near.
[[nodiscard]] std::string nearest_key(std::string_view key);

} // namespace conclave::configuration
