/// The command line of conclaved.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace conclave {

struct arguments {
    bool check_only = false;
    /// Nothing, a configuration file, or `port datadir [ticktime] [maxcnxns]`.
    std::vector<std::string> positional;
};

/// @return nothing when the process is to end at once, with `exit_code` (help and version were
/// printed, or what is wrong with the command line).
[[nodiscard]] std::optional<arguments> parse_arguments(int count, char** values, int& exit_code);

} // namespace conclave
