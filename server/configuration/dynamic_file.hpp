/// Writing the file that `dynamicConfigFile` names (zookeeper-protocol 12.4).
#pragma once

#include <string>
#include <string_view>

namespace conclave::configuration {

/// Writes the membership into a file of its own, whose name ends in the version, beside
/// `dynamic_path`, and makes the line `dynamicConfigFile` of the static file name it. `text` is
/// that of /zookeeper/config. Both files are replaced as a whole and durably. Waits for the disk.
/// @return the path of the file; empty if all this was so already.
/// @throws std::system_error
[[nodiscard]] std::string write_dynamic_file(
    const std::string& static_path, const std::string& dynamic_path, std::string_view text
);

/// `path` without the version that ZooKeeper hangs at the end: "zoo.cfg.dynamic.100000000".
[[nodiscard]] std::string without_version(const std::string& path);

/// `content` of a static file, naming `path` as its dynamic file.
[[nodiscard]] std::string naming_dynamic_file(std::string_view content, const std::string& path);

} // namespace conclave::configuration
