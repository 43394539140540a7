/// Small files of the data directory, read and written at start. Private to this folder.
#pragma once

#include "server/log/data_directory.hpp"

#include <optional>
#include <string>

namespace conclave::txnlog {

/// Names in Conclave's own folder, and that folder's name.
inline const std::string data_folder = "conclave";
inline const std::string identity_name = "identity";

/// @throws data_directory_error that says what the operating system said about `path`
[[noreturn]] void refuse(const std::string& path, std::error_code error);

void must(std::error_code error, const std::string& path);

template <class Value>
Value must(io_result<Value> outcome, const std::string& path) {
    if (!outcome) {
        refuse(path, outcome.error());
    }
    return std::move(*outcome);
}

/// The first 4 KiB of the file; nothing if there is none. @throws data_directory_error
[[nodiscard]] std::optional<bytes> read_small_file(file_system& files, const std::string& path);

/// Puts the file in the place of an older one, in one step and durably: a crash leaves the old or
/// the new one, and perhaps "<name>.new" beside it. @throws data_directory_error
void write_small_file(
    file_system& files, const std::string& folder, const std::string& name, bytes_view octets
);

} // namespace conclave::txnlog
