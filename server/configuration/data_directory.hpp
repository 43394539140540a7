/// What the data directories tell about a server before it starts.
#pragma once

#include "server/configuration/draft.hpp"

#include <conclave/types.hpp>

#include <cstddef>
#include <string>

namespace conclave::configuration {

/// The first `size_max` bytes of a file, or a sentence about why it cannot be read.
[[nodiscard]] result<bytes, std::string> read_file(const std::string& path, std::size_t size_max);

/// Reads `myid`, notes whether the file `initialize` is there, and checks that the directories
/// exist where they may not be created. A missing `myid` is an error only if there are several
/// server lines to choose from.
void inspect_data_directories(draft& into, report& out);

} // namespace conclave::configuration
