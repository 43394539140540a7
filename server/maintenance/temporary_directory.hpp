/// A place for what is not to stay.
#pragma once

#include <conclave/result.hpp>

#include <filesystem>
#include <string>
#include <utility>

namespace conclave::maintenance {

/// A directory of its own where temporary files lie, readable by its owner alone. It goes with
/// this, and everything in it.
class temporary_directory {
public:
    /// @return a sentence if there cannot be one
    [[nodiscard]] static result<temporary_directory, std::string> make();

    temporary_directory(temporary_directory&& other) noexcept
        : path_(std::exchange(other.path_, {})) {}

    temporary_directory& operator=(temporary_directory&&) = delete;
    ~temporary_directory();

    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

private:
    explicit temporary_directory(std::filesystem::path path) : path_(std::move(path)) {}

    std::filesystem::path path_; ///< empty once it was handed on
};

} // namespace conclave::maintenance
