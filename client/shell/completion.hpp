/// What the Tab key adds to a line.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace conclave::shell {

/// What could stand at the end of a line.
struct completion_request {
    enum class kind : std::uint8_t { nothing, command, option, path };

    kind what = kind::nothing;
    std::string typed;   ///< of the word: "ge", "/a/b"
    std::string command; ///< that the line begins with
};

[[nodiscard]] completion_request completion_request_of(std::string_view line, bool only_zkcli);

/// What to insert, and what to show if that is not the whole word.
struct completion {
    std::string inserted;
    std::vector<std::string> choices; ///< sorted; more than one, or none
    bool is_complete = false;         ///< there was one candidate, and the word is whole now
};

/// Completes `typed` from those of `candidates` that begin with it.
[[nodiscard]] completion complete(std::string_view typed, std::vector<std::string> candidates);

/// Names of commands, and the options of a command with their dash.
[[nodiscard]] std::vector<std::string> command_names(bool only_zkcli);
[[nodiscard]] std::vector<std::string> option_names(std::string_view of_command);

} // namespace conclave::shell
