/// Work on data directories, which is conclaved's: `conclave doctor DIR` runs `conclaved doctor
/// DIR`.
#pragma once

namespace conclave::shell {

/// Becomes `conclaved` if the first word is doctor, backup, restore or import-zookeeper: the one
/// that stands beside this program, else the one that PATH finds.
/// @return  true if it is none of them; false if there is no conclaved, which was said then
[[nodiscard]] bool run_maintenance(int argc, char** argv);

} // namespace conclave::shell
