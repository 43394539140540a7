/// The commands of conclaved that are not the server: `conclaved doctor ...`, and so on.
#pragma once

#include <optional>

namespace conclave {

/// Carries out the command if the first word of the command line is one.
/// @return  the exit code: 0 done, 1 it found or met something that somebody has to act on, 2 bad
/// usage; nothing if the command line is that of the server
[[nodiscard]] std::optional<int> run_maintenance_command(int count, char** values);

} // namespace conclave
