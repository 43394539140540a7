/// A folder of a test's own, gone with it.
#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <unistd.h>

namespace conclave::configuration::testing {

struct scratch_directory {
    std::filesystem::path path = std::filesystem::temp_directory_path() /
                                 ("configuration_test-" + std::to_string(::getpid()));

    scratch_directory() { std::filesystem::create_directory(path); }

    ~scratch_directory() { std::filesystem::remove_all(path); }

    scratch_directory(const scratch_directory&) = delete;
    scratch_directory& operator=(const scratch_directory&) = delete;

    [[nodiscard]] std::string at(const std::string& name) const { return (path / name).string(); }
};

inline std::string content_of(const std::string& path) {
    std::ifstream file{path, std::ios::binary};
    return {std::istreambuf_iterator<char>{file}, {}};
}

} // namespace conclave::configuration::testing
