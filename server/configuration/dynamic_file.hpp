/// Writing the file that `dynamicConfigFile` names (zookeeper-protocol 12.4).
#pragma once

#include "server/configuration/membership.hpp"

#include <span>
#include <string>
#include <string_view>

namespace conclave::configuration {

/// The files of a server, and what they said when it was started.
struct configuration_files {
    std::string static_path;
    std::string dynamic_path; ///< with or without a version at the end
    server_id own;
    ensemble members;
};

/// Writes the membership into a file of its own, whose name ends in the version, beside
/// `dynamic_path`, and makes the line `dynamicConfigFile` of the static file name it; see
/// `lines_for_file` for what it says, and `superseded_keys` for what the static file then does not
/// say any more. Both files are replaced as a whole and durably. `text` is that of
/// /zookeeper/config. Waits for the disk.
/// @return the path of the file; empty if all this was so already, or this server is no member:
///         with such a file it could not be started again.
/// @throws std::system_error
[[nodiscard]] std::string
write_dynamic_file(const configuration_files& files, std::string_view text);

/// The lines of /zookeeper/config as a file says them. There, a server whose line leaves the
/// address for clients open has 0.0.0.0, as with ZooKeeper; read from a file that would open its
/// port to everybody. So only who was configured with 0.0.0.0 has that in the file.
[[nodiscard]] std::string lines_for_file(std::string_view text, const ensemble& configured);

/// Keys of the static file that the line of this server answers now: kept, they would contradict it
/// after its next change.
[[nodiscard]] std::vector<std::string_view> superseded_keys(const ensemble_server& own);

/// `path` without the version that ZooKeeper hangs at the end: "zoo.cfg.dynamic.100000000".
[[nodiscard]] std::string without_version(const std::string& path);

/// `content` of a static file, naming `path` as its dynamic file, without the entries of `dropped`
/// keys. Everything else stays as it is.
[[nodiscard]] std::string naming_dynamic_file(
    std::string_view content,
    const std::string& path,
    std::span<const std::string_view> dropped = {}
);

} // namespace conclave::configuration
