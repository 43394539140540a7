/// The commands there are.
#pragma once

#include "client/shell/arguments.hpp"

#include <span>
#include <string_view>

namespace conclave::shell {

class shell;

/// One command: what it takes, and what runs it.
struct command {
    std::string_view name;
    std::string_view usage;   ///< what follows the name, as zkCli.sh prints it for its own commands
    std::string_view summary; ///< one line of `help`
    std::string_view options; ///< rules for `parse_arguments`
    std::size_t words_min = 0;
    std::size_t words_max = 0;
    std::size_t path_count = 0; ///< how many words, from the first on, are paths
    bool is_in_zkcli = true;
    bool needs_server = true;
    /// Its words are another command and its arguments: options end at the first word.
    bool runs_others = false;
    outcome<> (*run)(shell&, const arguments&) = nullptr;
};

inline constexpr std::size_t any_number_of_words = static_cast<std::size_t>(-1);

/// All commands, by name.
[[nodiscard]] std::span<const command> all_commands();

/// The command of this name; nothing if there is none, or not in zkCli.sh and `only_zkcli`.
[[nodiscard]] const command* find_command(std::string_view name, bool only_zkcli);

/// Name and usage on one line.
[[nodiscard]] std::string usage_line(const command& of);

/// The list that zkCli.sh prints when it does not know a command.
[[nodiscard]] std::string zkcli_help();

} // namespace conclave::shell
