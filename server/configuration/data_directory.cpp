#include "server/configuration/data_directory.hpp"

#include "server/configuration/values.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <system_error>

namespace conclave::configuration {

namespace {

/// A real one has at most four bytes; Debian ships a sentence in its place.
constexpr std::size_t my_id_size_bytes_max = 256;

void read_my_id(const std::string& path, draft& into, report& out) {
    const auto content = read_file(path, my_id_size_bytes_max);
    if (!content) {
        out.error({path, 0}, content.error());
        return;
    }
    std::string_view line = *content;
    line = trim(line.substr(0, line.find_first_of("\r\n")));
    const auto id = parse_server_id(line);
    if (!id) {
        out.error(
            {path, 1},
            fmt::format(
                "{}; write the number of this server into the file, or remove it", id.error()
            )
        );
        return;
    }
    into.my_id = *id;
}

void check_existence(
    const std::string& directory, std::string_view key, const draft& of, report& out
) {
    std::error_code ignored;
    if (!std::filesystem::is_directory(directory, ignored)) {
        out.error(
            of.given.of(key),
            fmt::format(
                "{}: there is no directory \"{}\", and datadir.autocreate=false",
                key,
                printable(directory)
            )
        );
    }
}

} // namespace

result<bytes, std::string> read_file(const std::string& path, std::size_t size_max) {
    std::error_code ignored;
    if (std::filesystem::is_directory(path, ignored)) {
        return unexpected{std::string("cannot be read: it is a directory")};
    }
    errno = 0;
    std::ifstream file(path, std::ios::binary);
    bytes content(size_max, '\0');
    if (file) {
        file.read(content.data(), static_cast<std::streamsize>(content.size()));
    }
    if (!file.is_open() || file.bad()) {
        return unexpected{
            fmt::format("cannot be read: {}", std::generic_category().message(errno))};
    }
    content.resize(static_cast<std::size_t>(file.gcount()));
    return content;
}

void inspect_data_directories(draft& into, report& out) {
    const std::string& data = into.values.data_directory;
    if (data.empty()) {
        return; // reported as a missing key
    }
    const std::string& log = into.values.log_directory.empty() ? data : into.values.log_directory;
    if (!into.values.data_directory_autocreate) {
        check_existence(data, "dataDir", into, out);
        if (log != data) {
            check_existence(log, "dataLogDir", into, out);
        }
    }
    std::error_code ignored;
    const std::string my_id = data + "/myid";
    if (std::filesystem::exists(std::filesystem::symlink_status(my_id, ignored))) {
        read_my_id(my_id, into, out);
    } else if (into.values.members.servers.size() > 1) {
        out.error(
            {my_id, 0}, "the file is missing: it says which of the server lines is this server"
        );
    }
    into.values.initialize_file_present = std::filesystem::exists(log + "/initialize", ignored);
}

} // namespace conclave::configuration
