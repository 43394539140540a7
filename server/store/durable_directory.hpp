/// Directories that appear whole or not at all, also across a power loss.
#pragma once

#include "server/store/store_error.hpp"

#include <conclave/result.hpp>

#include <filesystem>

namespace conclave::store {

/// Where a directory is prepared before it takes its place: "<directory>.staging", beside it so
/// that a rename suffices.
[[nodiscard]] std::filesystem::path staging_of(const std::filesystem::path& directory);

/// Removes what an interrupted preparation left behind, then makes an empty staging directory. The
/// parent directory must exist: whoever makes that one makes its name durable.
[[nodiscard]] result<void, store_error> make_staging(const std::filesystem::path& directory);

/// Removes the staging directory, if there is one. Failure is no error: the next preparation tries
/// again.
void remove_staging(const std::filesystem::path& directory) noexcept;

enum class replacing : bool { forbidden, allowed };

/// Gives the staging directory the place of `directory` in one atomic step and makes that durable.
/// The files in it must be durable already. What stood there before is removed when
/// `replacing::allowed`, else the call fails.
[[nodiscard]] result<void, store_error>
install_staging(const std::filesystem::path& directory, replacing existing);

/// As `install_staging`, of the directory `from`, which lies beside `directory`.
[[nodiscard]] result<void, store_error> install_directory(
    const std::filesystem::path& from, const std::filesystem::path& directory, replacing existing
);

} // namespace conclave::store
