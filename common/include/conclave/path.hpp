/// The rules of znode paths (zookeeper-protocol 7.1).
#pragma once

#include "conclave/types.hpp"

namespace conclave::path {

/// True for a path that a node may be created at: absolute, no empty, "." or ".." component, no
/// trailing slash (the root excepted), valid UTF-8 without the characters that ZooKeeper refuses.
[[nodiscard]] bool is_valid(bytes_view path);

/// The path of the parent: "/" for "/a", "/a" for "/a/b". The root and texts without a slash have
/// none: "". Purely textual, so it answers for invalid paths as ZooKeeper does ("/a/" has the
/// parent "/a").
[[nodiscard]] bytes_view parent_of(bytes_view path);

/// What stands behind the last slash.
[[nodiscard]] bytes_view name_of(bytes_view path);

/// `parent` + "/" + `name`, without doubling the slash of the root.
[[nodiscard]] bytes join(bytes_view parent, bytes_view name);

/// True when `path` is `ancestor` or lies below it, by component: "/ab" does not lie below "/a".
[[nodiscard]] bool is_at_or_below(bytes_view path, bytes_view ancestor);

} // namespace conclave::path

namespace conclave::utf8 {

[[nodiscard]] bool is_valid(bytes_view text);

/// `text` with each malformed sequence replaced by U+FFFD, as a Java server would store it.
[[nodiscard]] bytes replace_invalid(bytes_view text);

} // namespace conclave::utf8
