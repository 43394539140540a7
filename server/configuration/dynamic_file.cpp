#include "server/configuration/dynamic_file.hpp"

#include "server/configuration/values.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>
#include <unistd.h>

namespace conclave::configuration {

namespace {

constexpr std::string_view version_key = "version=";
constexpr std::string_view file_key = "dynamicConfigFile";

void check(bool holds, const std::string& path) {
    if (!holds) {
        throw std::system_error{errno, std::generic_category(), path};
    }
}

/// Either the old content or the new one is there, whenever the power fails.
void replace(const std::string& path, std::string_view content) {
    const std::string next = path + ".next";
    const int file = ::open(next.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    check(file >= 0, next);
    const ssize_t written = ::write(file, content.data(), content.size());
    const bool is_durable = written == static_cast<ssize_t>(content.size()) && ::fsync(file) == 0;
    check(::close(file) == 0 && is_durable, next);
    check(::rename(next.c_str(), path.c_str()) == 0, path);
}

std::string read(const std::string& path) {
    std::ifstream file{path, std::ios::binary};
    check(file.good(), path);
    return {std::istreambuf_iterator<char>{file}, {}};
}

} // namespace

std::string write_dynamic_file(
    const std::string& static_path, const std::string& dynamic_path, std::string_view text
) {
    const std::size_t version = text.rfind(version_key);
    std::string next = fmt::format(
        "{}.{}", without_version(dynamic_path), text.substr(version + version_key.size())
    );
    const std::string known = read(static_path);
    const std::string wanted = naming_dynamic_file(known, next);
    if (known == wanted && std::filesystem::exists(next)) {
        return {};
    }
    replace(next, text.substr(0, version)); // the version stands in the name
    replace(static_path, wanted);
    return next;
}

std::string without_version(const std::string& path) {
    const std::size_t dot = path.rfind('.');
    const bool is_versioned =
        dot != std::string::npos && dot + 1 < path.size() && path.find("dynamic") < dot &&
        path.find_first_not_of("0123456789abcdef", dot + 1) == std::string::npos;
    return is_versioned ? path.substr(0, dot) : path;
}

std::string naming_dynamic_file(std::string_view content, const std::string& path) {
    std::string changed;
    while (!content.empty()) {
        const std::size_t end = content.find('\n');
        const std::string_view line = content.substr(0, end);
        const std::string_view key = trim(line.substr(0, line.find('=')));
        changed += key == file_key ? fmt::format("{}={}", file_key, path) : std::string{line};
        if (end == std::string_view::npos) {
            break;
        }
        changed += '\n';
        content.remove_prefix(end + 1);
    }
    return changed;
}

} // namespace conclave::configuration
