/// How the program was called.
#pragma once

#include "client/shell/failure.hpp"
#include "client/shell/format.hpp"

#include <conclave/client/settings.hpp>
#include <conclave/client/tls.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace conclave::shell {

enum class colour_choice : std::uint8_t { automatic, always, never };

/// The command line, checked as far as it goes without touching files or servers.
struct invocation {
    std::string servers = "localhost:2181";
    std::chrono::milliseconds timeout{30000};
    /// How long to wait for a server; not given: 5 s, and `timeout` with `waits_for_connection`.
    std::optional<std::chrono::milliseconds> connect_timeout;
    bool is_read_only = false;
    bool waits_for_connection = false;
    std::string configuration_file; ///< zkCli.sh's -client-configuration; "": none
    look output = look::text;
    colour_choice colour = colour_choice::automatic;
    std::vector<std::string> identities; ///< "scheme:credentials"
    bool uses_tls = false;
    bool verifies_host_name = true;
    client::tls_files tls;
    bool keeps_history = true;
    /// A command to run instead of reading lines; empty: none.
    std::vector<std::string> words;
};

/// What the program is to do at once instead: print a text and exit (--help, --version, a mistake).
struct early_end {
    std::string text;
    exit_code code = exit_code::done;
};

/// Takes the arguments behind the program's name. zkCli.sh's spellings with one dash are known.
/// The first word that is no option begins the command, whose own options follow it.
[[nodiscard]] result<invocation, early_end>
parse_invocation(const std::vector<std::string>& arguments);

} // namespace conclave::shell
