/// The shell at a terminal: its prompt and what the Tab key knows.
#pragma once

#include "client/shell/line_editor.hpp"
#include "client/shell/shell.hpp"

namespace conclave::shell {

/// "127.0.0.1:2181> " with the state of the session if it is not well, or zkCli.sh's
/// "[zk: 127.0.0.1:2181(CONNECTED) 3] ".
[[nodiscard]] std::string prompt_of(shell& of, const style& with);

/// Completes the end of a line, asking the server for the names of znodes for a second at most.
[[nodiscard]] completion complete_line(shell& of, std::string_view line);

} // namespace conclave::shell
