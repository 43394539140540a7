/// The nodes that every tree has (zookeeper-protocol 7.2), and the names that mean something below
/// them.
#pragma once

#include <conclave/types.hpp>

namespace conclave::tree {

inline constexpr bytes_view root_path = "/";
inline constexpr bytes_view zookeeper_path = "/zookeeper";
inline constexpr bytes_view config_path = "/zookeeper/config";
inline constexpr bytes_view quota_path = "/zookeeper/quota";

/// True for the nodes that cannot be deleted.
[[nodiscard]] inline bool is_reserved(bytes_view path) {
    return path == root_path || path == zookeeper_path || path == config_path || path == quota_path;
}

} // namespace conclave::tree
