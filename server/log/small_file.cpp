#include "server/log/small_file.hpp"

#include <fmt/format.h>

namespace conclave::txnlog {

namespace {

constexpr std::size_t small_file_size_max = 4096;

} // namespace

void refuse(const std::string& path, std::error_code error) {
    if (error == std::errc::permission_denied || error == std::errc::operation_not_permitted) {
        throw data_directory_error{fmt::format(
            "{} is not accessible: {}; make it readable and writable for the user that runs the "
            "server",
            path,
            error.message()
        )};
    }
    if (error == std::errc::no_such_file_or_directory) {
        throw data_directory_error{
            fmt::format("{} does not exist; create it, or correct dataDir or dataLogDir", path)};
    }
    throw data_directory_error{fmt::format("{} cannot be used: {}", path, error.message())};
}

void must(std::error_code error, const std::string& path) {
    if (error) {
        refuse(path, error);
    }
}

std::optional<bytes> read_small_file(file_system& files, const std::string& path) {
    io_result<std::unique_ptr<file>> opened = files.open(path, open_mode::read);
    if (!opened && opened.error() == std::errc::no_such_file_or_directory) {
        return std::nullopt;
    }
    const std::unique_ptr<file> source = must(std::move(opened), path);
    bytes buffer;
    return bytes{must(source->read_at(0, small_file_size_max, buffer), path)};
}

void write_small_file(
    file_system& files, const std::string& folder, const std::string& name, bytes_view octets
) {
    const std::string fresh = join_path(folder, name + ".new");
    const std::error_code removal = files.remove(fresh);
    if (removal != std::errc::no_such_file_or_directory) {
        must(removal, fresh);
    }
    const std::unique_ptr<file> target = must(files.open(fresh, open_mode::create), fresh);
    must(target->write_at(0, octets), fresh);
    must(target->sync_data(), fresh);
    must(files.rename(fresh, join_path(folder, name)), fresh);
    must(files.sync_directory(folder), folder);
}

} // namespace conclave::txnlog
