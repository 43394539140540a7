/// Where the files of the repository are that a test reads: documents, samples.
#pragma once

#include <filesystem>
#include <string>

namespace conclave::test {

/// @param name relative to the root of the repository, such as "docs/formats/log.md".
[[nodiscard]] std::filesystem::path source_file(const std::string& name);

} // namespace conclave::test
