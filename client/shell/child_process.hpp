/// Other programs that the shell runs.
#pragma once

#include "client/shell/event_loop.hpp"
#include "client/shell/failure.hpp"

#include <functional>
#include <string>
#include <vector>

namespace conclave::shell {

/// Runs a program with our terminal and waits for its end, while the event loop keeps the session
/// alive. Ctrl-C is for the program alone.
/// @param must_end  asked after each event; once it is true the program gets SIGTERM
/// @return its exit code, or 128 + the number of the signal that has ended it
[[nodiscard]] outcome<int> run_in_foreground(
    event_loop& loop,
    const std::vector<std::string>& words,
    const std::function<bool()>& must_end = [] { return false; }
);

} // namespace conclave::shell
