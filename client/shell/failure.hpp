/// Why a command did not do what it was asked, and what the program exits with.
#pragma once

#include <conclave/result.hpp>

#include <string>
#include <system_error>

namespace conclave::shell {

/// What a script can tell apart; docs/shell.md lists the same numbers. With --zkcli the program
/// exits as zkCli.sh does instead (`zkcli_exit_code`).
enum class exit_code : int {
    done = 0,
    failed = 1, ///< the server refused for another reason, or something here did not work
    usage = 2,
    not_connected = 3,
    no_node = 4,
    conflict = 5, ///< the node exists, has children, or has another version
    not_permitted = 6,
    different = 10, ///< `diff` has found differences
    unknown_command = 127,
    interrupted = 130,
};

/// A command that failed: either an error of the server or the client library, about a path, or a
/// sentence of its own.
struct failure {
    exit_code code = exit_code::failed;
    std::string text;      ///< empty if `error` says it all
    std::error_code error; ///< of `conclave::errc`, the client library or the network
    std::string path;      ///< that `error` is about
};

template <class Value = void>
using outcome = result<Value, failure>;

/// The exit code for what a server or the library said.
[[nodiscard]] exit_code exit_code_of(const std::error_code& error);

/// What zkCli.sh would exit with.
[[nodiscard]] int zkcli_exit_code(exit_code code);

[[nodiscard]] unexpected<failure> failed_with(const std::error_code& error, std::string path);
[[nodiscard]] unexpected<failure> failed_because(std::string text);
[[nodiscard]] unexpected<failure> misused(std::string text);

} // namespace conclave::shell
