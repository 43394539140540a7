/// The whole program, from its arguments to its exit code.
#pragma once

#include <string>
#include <vector>

namespace conclave::shell {

/// Runs one command or reads lines. @return what the process exits with
/// @throws std::exception only for what nobody can expect; `main` prints it
[[nodiscard]] int run_program(const std::vector<std::string>& arguments);

} // namespace conclave::shell
