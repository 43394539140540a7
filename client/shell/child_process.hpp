/// Other programs that the shell runs.
#pragma once

#include "client/shell/event_loop.hpp"
#include "client/shell/failure.hpp"

#include <functional>
#include <string>
#include <vector>

namespace conclave::shell {

/// How a program has ended.
struct program_end {
    /// Its exit code, or 128 + the number of the signal that has ended it.
    int code = 0;
    /// SIGTERM or SIGHUP has come for the shell meanwhile: it ends, too.
    bool must_quit = false;
};

/// Runs a program with our terminal and waits for its end, while the event loop keeps the session
/// alive. Ctrl-C is for the program alone. SIGTERM, SIGHUP and a SIGINT that no key has sent are
/// passed on to it, and it gets SIGTERM if the shell dies.
/// @param must_end  asked after each event; once it is true the program gets SIGTERM
[[nodiscard]] outcome<program_end> run_in_foreground(
    event_loop& loop,
    const std::vector<std::string>& words,
    const std::function<bool()>& must_end = [] { return false; }
);

} // namespace conclave::shell
