/// Where log lines go: to standard error, through spdlog, one line per event.
#pragma once

#include "conclave/log_line.hpp"

namespace conclave {

/// From now on lines of at least this level are printed. Thread-safe output; call once, from
/// `main`.
void print_log_lines(log_level lowest);

} // namespace conclave
