/// Files of the operator that this program rewrites.
#pragma once

#include <string>
#include <string_view>

namespace conclave::configuration {

/// Puts `content` into the file, as a whole and durably: either the old content or the new one is
/// there, whenever the power fails. What a symbolic link leads to is replaced, not the link. The
/// permissions, the owner and the group of the file stay; where this process may not give the file
/// away, it belongs to the process, and its group may do nothing with it. A file that was not there
/// is made with 0644, less the umask. Waits for the disk.
/// @throws std::system_error
void replace_file(const std::string& path, std::string_view content);

} // namespace conclave::configuration
